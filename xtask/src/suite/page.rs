//! The page about the public ONNX suite.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};

use super::Line;

/// Shares of cases, in percent: of what the oracle passes, for ONNX Runtime; of all, for the engine that is built in.
const OF_ORACLE: f64 = 99.0;
const REFEREED: f64 = 90.0;

/// The words of the built-in engine before what it lacks.
const LACKS: &str = " lacks ";

/// The page; fails where an engine passes too little to be shown.
pub(super) fn text(lines: &[Line], oracle: &[Line], versions: &str) -> Result<String> {
    let of = |engine: &str| lines.iter().filter(|line| line.engine == engine).collect::<Vec<&Line>>();
    let (runtime, referee) = (of("onnxruntime"), of("referee"));
    let good: BTreeSet<&str> =
        oracle.iter().filter(|line| line.passed()).map(|line| line.case.as_str()).collect();
    let both = runtime.iter().filter(|line| line.passed() && good.contains(line.case.as_str())).count();
    let of_oracle = percent(both, good.len());
    let defined = referee.iter().filter(|line| line.passed()).count();
    let refereed = percent(defined, referee.len());
    ensure!(refereed >= REFEREED, "referee passes {refereed:.1} % of all cases");
    ensure!(of_oracle >= OF_ORACLE, "onnxruntime passes {of_oracle:.1} % of the oracle's cases");
    let oracle_lines: Vec<&Line> = oracle.iter().collect();
    let sections = [
        "# The public ONNX suite".to_owned(),
        format!(
            "The cases of the ONNX backend suite ({versions}) whose name has a SHA-256 that 3 does not divide: \
             {} cases. Every engine runs each case as `verify` runs it, in a child process; the outputs are \
             compared with the stored ones (relative tolerance 1e-3, absolute 1e-5, NaN equal to NaN). The oracle \
             is a plain Python script over the same library, run at the same time \
             ([suite_oracle.py](../tests/python/suite_oracle.py)).",
            oracle.len()
        ),
        format!(
            "- `referee` (built in) passes {defined} of {}: {refereed:.1} % (at least {REFEREED:.0} %).\n- `onnxruntime` \
             passes {both} of the {} cases that the oracle passes: {of_oracle:.1} % (at least {OF_ORACLE:.0} %).\n- The \
             passing cases are listed in [onnx-suite.json](onnx-suite.json). `cargo xtask test` fails when one of them no \
             longer passes.",
            referee.len(),
            good.len()
        ),
        totals(&[("oracle", &oracle_lines), ("referee", &referee), ("onnxruntime", &runtime)]),
        "## Passed by the oracle, not by `onnxruntime` here".to_owned(),
        cases(runtime.iter().filter(|line| !line.passed() && good.contains(line.case.as_str()))),
        "## Failed by `referee`".to_owned(),
        "Random operators are refused: no run of them is like another. The stored outputs of the others are not what the \
         specification says, or it leaves them open: [the definition](referee.md#where-the-suite-says-something-else) \
         says which."
            .to_owned(),
        cases(referee.iter().filter(|line| line.status == "failed")),
        "## What `referee` lacks".to_owned(),
        "Each is `unsupported` by name, never a verdict on the model.".to_owned(),
        lacking(&referee),
    ];
    Ok(sections.join("\n\n"))
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

/// Passed, failed and unsupported per category.
fn totals(columns: &[(&str, &[&Line])]) -> String {
    const STATUSES: [&str; 3] = ["passed", "failed", "unsupported"];
    let categories: BTreeSet<&str> =
        columns.iter().flat_map(|(_, lines)| lines.iter().map(|line| line.category.as_str())).collect();
    let mut rows = vec![
        format!(
            "| passed / failed / unsupported | {} |",
            columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" | ")
        ),
        format!("|---|{}", "---:|".repeat(columns.len())),
    ];
    for category in categories.into_iter().map(Some).chain([None]) {
        let cells = columns.iter().map(|(_, lines)| {
            let inside = |line: &&&Line| category.is_none_or(|category| line.category == category);
            let count = |status| lines.iter().filter(inside).filter(|line| line.status == status).count();
            STATUSES.map(|status| count(status).to_string()).join(" / ")
        });
        let cells: Vec<String> = cells.collect();
        rows.push(format!("| {} | {} |", category.unwrap_or("all"), cells.join(" | ")));
    }
    rows.join("\n")
}

/// Cases with their reasons.
fn cases<'a>(lines: impl Iterator<Item = &'a &'a Line>) -> String {
    let rows: Vec<String> =
        lines.map(|line| format!("| `{}` | {} |", line.case, cell(&line.reason))).collect();
    if rows.is_empty() {
        return "None.".to_owned();
    }
    format!("| case | reason |\n|---|---|\n{}", rows.join("\n"))
}

/// What is lacking, the most frequent first.
fn lacking(lines: &[&Line]) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.status == "unsupported") {
        for what in what(&line.reason) {
            *counts.entry(what).or_default() += 1;
        }
    }
    let mut counts: Vec<(String, usize)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rows: Vec<String> =
        counts.iter().map(|(what, count)| format!("| {} | {count} |", cell(what))).collect();
    format!("| lacking | cases |\n|---|---:|\n{}", rows.join("\n"))
}

/// The operators that a reason names, or what else it does.
fn what(reason: &str) -> Vec<String> {
    let what = reason.split_once(LACKS).map_or(reason, |(_, what)| what);
    match what.strip_prefix("operator ") {
        Some(names) => names.split(", ").map(|name| format!("operator {name}")).collect(),
        None => vec![what.split_once(':').map_or(what, |(first, _)| first).to_owned()],
    }
}

/// Text inside a cell, shortened.
fn cell(text: &str) -> String {
    const LONGEST: usize = 160;
    let shown: String = text.chars().take(LONGEST).collect();
    let dots = if shown.len() < text.len() { "…" } else { "" };
    format!("{}{dots}", shown.replace('|', "\\|"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;

    #[test]
    fn operators_and_dtypes_are_counted_by_name() {
        for (reason, expected) in [
            ("operator Loop, SequenceAt", vec!["operator Loop", "operator SequenceAt"]),
            ("engine 1.2.3 lacks operator Pad", vec!["operator Pad"]),
            ("tensors of C64: of `x`", vec!["tensors of C64"]),
        ] {
            assert_eq!(what(reason), expected);
        }
    }

    #[test]
    fn an_engine_that_passes_too_little_is_not_shown() {
        let oracle = [line("a", "", "passed", ""), line("b", "", "passed", "")];
        let mut lines = vec![
            line("a", "onnxruntime", "passed", ""),
            line("b", "onnxruntime", "failed", "1 of 2 elements differ"),
            line("a", "referee", "passed", ""),
            line("b", "referee", "passed", ""),
        ];
        assert!(text(&lines, &oracle, "onnx 1").unwrap_err().to_string().contains("50.0 %"));
        lines[1].status = "passed".to_owned();
        let page = text(&lines, &oracle, "onnx 1").unwrap();
        assert!(page.contains("| all | 2 / 0 / 0 | 2 / 0 / 0 | 2 / 0 / 0 |"), "{page}");
    }
}
