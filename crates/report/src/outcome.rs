//! What a report comes to, beyond its single checks.

use std::cmp::Reverse;

use reproof_contract::report::{CaseReport, Check, CheckStatus, OutputReport};
use reproof_contract::{Report, Verdict};

/// The id of the finding about the verdict as a whole.
pub(crate) const VERDICT: &str = "verify.verdict";

/// Whether a check is a finding: it failed, warned or could not be decided.
pub(crate) fn is_finding(check: &Check) -> bool {
    matches!(check.status, CheckStatus::Fail | CheckStatus::Warn) || check.verdict == Verdict::Undecided
}

/// What no check says: that the verdict misses the required one although no check failed or stayed open. Without
/// it such a report would look clean to a machine that reads checks only.
pub(crate) fn untold(report: &Report) -> Option<String> {
    let told =
        checks(report).any(|check| check.status == CheckStatus::Fail || check.verdict == Verdict::Undecided);
    let missed = !report.verdict.reaches(report.required);
    (missed && !told).then(|| {
        format!(
            "verdict {} does not reach the required {}: {}",
            report.verdict, report.required, report.summary
        )
    })
}

/// The checks of all phases.
pub(crate) fn checks(report: &Report) -> impl Iterator<Item = &Check> {
    report.phases.iter().flat_map(|phase| &phase.checks)
}

/// The case and the output that a check is about.
pub(crate) fn subject<'a>(
    report: &'a Report,
    check: &Check,
) -> (Option<&'a CaseReport>, Option<&'a OutputReport>) {
    let wanted = check.case.as_deref();
    let case = report.cases.iter().find(|case| Some(case.name.as_str()) == wanted);
    let wanted = check.output.as_deref();
    let find = |case: &'a CaseReport| case.outputs.iter().find(|output| Some(output.name.as_str()) == wanted);
    (case, case.and_then(find))
}

/// The case and output of a check as one path.
pub(crate) fn place(check: &Check) -> Option<String> {
    match (&check.case, &check.output) {
        (Some(case), Some(output)) => Some(format!("{case} / {output}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => None,
    }
}

/// How much an output differs, for ordering: changed decisions, then NaN or infinity on one side, then the largest
/// difference over the root mean square.
fn size(output: &OutputReport) -> (u64, u64, u64) {
    let changed = output.evidence.decisions.as_ref().map_or(0, |decisions| decisions.changed);
    let Some(metrics) = &output.metrics else { return (changed, 0, 0) };
    let difference = metrics.maximum_over_rms.0;
    // Not a number is worse than any number, and bits of positive numbers are ordered as the numbers are.
    let difference = if difference.is_nan() { f64::INFINITY } else { difference.max(0.0) };
    (changed, metrics.special_mismatches, difference.to_bits())
}

/// The output that decides a case: the worst verdict, then the largest difference.
pub(crate) fn decisive(case: &CaseReport) -> Option<&OutputReport> {
    // `max_by_key` takes the last of equals; the first is what people look for.
    case.outputs.iter().rev().max_by_key(|output| (output.verdict, size(output)))
}

/// Outputs that are not identical with their cases: worst verdict first; within one, what the model meets every day
/// before its corners, then the largest difference.
pub(crate) fn differing(report: &Report) -> Vec<(&CaseReport, &OutputReport)> {
    let mut outputs: Vec<_> = report
        .cases
        .iter()
        .flat_map(|case| case.outputs.iter().map(move |output| (case, output)))
        .filter(|(_, output)| output.verdict != Verdict::Identical)
        .collect();
    outputs.sort_by_key(|(case, output)| (Reverse(output.verdict), case.class, Reverse(size(output))));
    outputs
}

/// Checks in the order of [`differing`]; those of no output come first within their verdict.
pub(crate) fn worst_first<'a>(report: &Report, checks: &[&'a Check]) -> Vec<&'a Check> {
    let weight = |check: &&Check| {
        let (case, output) = subject(report, check);
        (Reverse(check.verdict), case.map(|case| case.class), output.map(|output| Reverse(size(output))))
    };
    let mut sorted = checks.to_vec();
    sorted.sort_by_cached_key(weight);
    sorted
}
