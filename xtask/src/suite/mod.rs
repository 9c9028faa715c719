//! The public ONNX suite: what each engine passes, and a baseline of passing cases that can only rise.
//!
//! The example `suite` of the crate `runner` does the running, so that this program stays without engines.

mod baseline;
mod outputs;
mod page;

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use reproof_testing::python;
use serde_json::Value;

use crate::repository;

/// Engines that run the suite here.
const ENGINES: usize = 2;

/// Lists the cases, and runs them with plain Python.
const ORACLE: &str = "tests/python/suite_oracle.py";

/// How one case ended with one engine or with the oracle.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    case: String,
    category: String,
    /// `referee`, `onnxruntime`, or empty for the oracle.
    engine: String,
    status: String,
    reason: String,
    /// The digest of the outputs, where an engine of ours passed.
    outputs: Option<String>,
}

impl Line {
    fn parse(text: &str) -> Result<Self> {
        let object: Value = serde_json::from_str(text).with_context(|| format!("no line of JSON: {text}"))?;
        let field = |name: &str| object[name].as_str().map(str::to_owned);
        let required = |name: &str| field(name).with_context(|| format!("no `{name}` in {text}"));
        Ok(Self {
            case: required("case")?,
            category: required("category")?,
            engine: field("engine").unwrap_or_default(),
            status: required("status")?,
            reason: required("reason")?,
            outputs: field("outputs"),
        })
    }

    fn passed(&self) -> bool {
        self.status == "passed"
    }
}

/// As [`check`], called by name.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    crate::nothing_left(arguments)?;
    check()
}

/// Runs the suite and fails where a case of the baseline no longer passes.
pub(crate) fn check() -> Result<()> {
    let lines = engines(&python::environment("suite")?)?;
    let baseline = baseline::read()?;
    let found = baseline.compare(&lines);
    for (engine, case) in &found.new {
        println!("now passes with {engine}: {case}");
    }
    if !found.new.is_empty() {
        println!("{} more than the baseline; `cargo xtask show suite` raises it", found.new.len());
    }
    for (engine, case, fate) in &found.lost {
        println!("no longer passes with {engine}: {case} ({fate})");
    }
    ensure!(found.lost.is_empty(), "{} cases of the baseline no longer pass", found.lost.len());
    println!("{} results, {} of the baseline", lines.len(), baseline.len());
    println!("{} cases give the committed bits with referee", outputs::check(&lines)?);
    Ok(())
}

/// Runs the suite and the oracle, raises the baseline and describes both.
pub(crate) fn text() -> Result<String> {
    let python = python::environment("suite")?;
    let lines = engines(&python)?;
    let oracle = parse(&repository::output(Command::new(&python).arg(ORACLE))?)?;
    let old = baseline::read_or_empty()?;
    let lost = old.compare(&lines).lost;
    if let Some((engine, case, fate)) = lost.first() {
        let what = format!("{case} with {engine} ({fate})");
        bail!("{} cases of the baseline no longer pass, such as {what}; a baseline only rises", lost.len());
    }
    let page = page::text(&lines, &oracle, &versions(&python)?)?;
    baseline::write(&lines)?;
    outputs::write(&lines)?;
    Ok(page)
}

/// The results of every engine, sorted by case.
fn engines(python: &Path) -> Result<Vec<Line>> {
    let binary = repository::binary()?;
    // The selection of packages that the tests have, so that the engines are compiled once for both.
    repository::run(repository::cargo().args([
        "build",
        "--release",
        "--workspace",
        "--example",
        "suite",
        "--locked",
        "--quiet",
    ]))?;
    let example =
        repository::target().join("release/examples").join(format!("suite{}", std::env::consts::EXE_SUFFIX));
    let cases = repository::output(Command::new(python).args([ORACLE, "--list"]))?;
    let mut list = tempfile::NamedTempFile::new().context("could not make a temporary file")?;
    list.write_all(cases.as_bytes()).context("could not write a temporary file")?;
    let list = File::open(list.path()).context("could not read a temporary file")?;
    let mut command = Command::new(example);
    command.args([binary, PathBuf::from(python)]).stdin(Stdio::from(list));
    let mut lines = parse(&repository::output(&mut command)?)?;
    let cases: Value = serde_json::from_str(&cases).context("the list of cases is not JSON")?;
    let expected = ENGINES * cases.as_array().map_or(0, Vec::len);
    ensure!(lines.len() == expected && expected > 0, "expected {expected} results, got {}", lines.len());
    lines.sort_by(|a, b| (&a.case, &a.engine).cmp(&(&b.case, &b.engine)));
    Ok(lines)
}

fn parse(text: &str) -> Result<Vec<Line>> {
    text.lines().map(Line::parse).collect()
}

/// The packages that the page speaks of, with their versions.
fn versions(python: &Path) -> Result<String> {
    let ask =
        "import onnx, onnxruntime; print(f'onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}')";
    Ok(repository::output(Command::new(python).args(["-c", ask]))?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A result as the example prints it.
    pub(super) fn line(case: &str, engine: &str, status: &str, reason: &str) -> Line {
        let category = "node";
        let object = serde_json::json!({
            "case": case, "category": category, "engine": engine, "status": status, "reason": reason,
        });
        Line::parse(&object.to_string()).unwrap()
    }

    #[test]
    fn a_line_without_a_status_is_refused() {
        assert!(Line::parse(r#"{"case": "a", "category": "node", "reason": ""}"#).is_err());
        assert!(line("a", "referee", "passed", "").passed());
    }
}
