//! Reading what a verification says.

use reproof_contract::Verdict;
use reproof_contract::report::{Basis, Check, OutputReport, Report};
use reproof_testing::Finished;

/// The report of `verify --json`.
#[track_caller]
pub(crate) fn report(finished: &Finished) -> Report {
    match serde_json::from_str(finished.stdout()) {
        Ok(report) => report,
        Err(error) => panic!("expected a report on stdout: {error}\n{}", finished.everything()),
    }
}

/// The checks with an id, of all phases.
pub(crate) fn checks<'a>(report: &'a Report, id: &str) -> Vec<&'a Check> {
    report.phases.iter().flat_map(|phase| &phase.checks).filter(|check| check.id == id).collect()
}

/// The only check with an id.
#[track_caller]
pub(crate) fn check<'a>(report: &'a Report, id: &str) -> &'a Check {
    let found = checks(report, id);
    let [only] = found[..] else { panic!("expected one check {id}, found {found:#?}") };
    only
}

/// Every output with its case.
pub(crate) fn outputs(report: &Report) -> impl Iterator<Item = (&str, &OutputReport)> {
    let cases = report.cases.iter();
    cases.flat_map(|case| case.outputs.iter().map(|output| (case.name.as_str(), output)))
}

/// The worst verdict of the outputs.
#[track_caller]
pub(crate) fn worst_output(report: &Report) -> Verdict {
    assert!(outputs(report).next().is_some(), "no output was compared: {}", report.summary);
    Verdict::worst(outputs(report).map(|(_, output)| output.verdict))
}

/// Every output that is not as good as `limit`, in words: what a failing test shows.
pub(crate) fn worse_than(report: &Report, limit: Verdict) -> String {
    let worse = outputs(report).filter(|(_, output)| output.verdict > limit);
    let lines = worse.map(|(case, output)| {
        format!("{case}/{}: {}: {}", output.name, output.verdict, output.evidence.statement)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Asserts that the referee finds the same function everywhere, and that what is not equivalent is so because one
/// engine rounds worse than the other, which the report says with both figures.
#[track_caller]
pub(crate) fn same_function(report: &Report) {
    for (case, output) in outputs(report).filter(|(_, output)| output.evidence.basis != Basis::Bits) {
        let shown = format!("{case}/{}: {}: {}", output.name, output.verdict, output.evidence.statement);
        let Some(referee) = &output.evidence.referee else { panic!("no referee for {shown}") };
        assert!(referee.same_function, "{shown}");
        let worse = referee.rounding_ratio.0 > referee.rounding_limit.0
            || referee.element_ratio.0 > referee.element_limit.0;
        let said =
            output.evidence.statement.contains("the function is the same in float64, but rounding is worse");
        assert!(output.verdict <= Verdict::Equivalent || (worse && said), "{shown}");
    }
}
