//! Whether a difference can be accepted: what float64 and decisions say, and what to do.

use reproof_contract::Verdict;
use reproof_contract::diagnosis::{Acceptable, Cause};
use reproof_contract::report::{OutputReport, Report};

/// What can be said of outputs that differ; nothing where none does.
pub(super) fn acceptable(report: &Report, causes: &[Cause]) -> Option<Acceptable> {
    let outputs = || report.cases.iter().flat_map(|case| &case.outputs);
    let differing: Vec<&OutputReport> =
        outputs().filter(|output| output.verdict != Verdict::Identical).collect();
    if differing.is_empty() {
        return None;
    }
    let referees = differing.iter().filter_map(|output| output.evidence.referee.as_ref());
    let same: Vec<bool> = referees.map(|referee| referee.same_function).collect();
    let same_function = (!same.is_empty()).then(|| same.iter().all(|same| *same));
    let decided = outputs().filter_map(|output| output.evidence.decisions.as_ref());
    let (total, changed) =
        decided.fold((0_u64, 0_u64), |(total, changed), one| (total + one.total, changed + one.changed));
    let decisions = (total > 0).then_some((total, changed));
    let function = match same_function {
        Some(true) => "float64 shows the same function, so that the difference is rounding",
        Some(false) => "float64 shows another function",
        None => "no referee tells whether the function is the same",
    };
    let of_decisions = match decisions {
        Some((total, 0)) => format!("; all {total} decisions are the recorded ones"),
        Some((total, changed)) => format!("; {changed} of {total} decisions changed"),
        None => String::new(),
    };
    Some(Acceptable {
        same_function,
        decisions,
        statement: format!("{function}{of_decisions}"),
        recommendation: recommendation(report.verdict, same_function, causes),
    })
}

/// What to do: never to widen a tolerance without knowing why.
fn recommendation(verdict: Verdict, same_function: Option<bool>, causes: &[Cause]) -> String {
    let fix = causes.first().map(|cause| cause.fix.as_str());
    match (verdict, same_function, fix) {
        (Verdict::Equivalent | Verdict::Tolerated, Some(true), Some(fix)) => {
            format!("use it as it is; for the recorded bits: {fix}")
        }
        (Verdict::Equivalent | Verdict::Tolerated, _, _) => {
            "use it as it is: it is within what was measured when recording".to_owned()
        }
        (_, Some(true), Some(fix)) => format!("rounding is worse than recorded: {fix}"),
        (_, _, Some(fix)) => format!("do not use it before this is undone, or accepted with a reason: {fix}"),
        (_, _, None) => "do not use it before the cause is known; a wider tolerance would hide it".to_owned(),
    }
}
