//! One sentence that says why the verdict is what it is.

use reproof_contract::Verdict;
use reproof_contract::contract::Contract;
use reproof_contract::report::{CaseReport, Phase};

/// The sentence of a report.
pub(super) fn summarise(
    verdict: Verdict,
    contract: &Contract,
    phases: &[Phase],
    cases: &[CaseReport],
) -> String {
    let count = cases.len();
    let at = |wanted: Verdict| cases.iter().filter(|case| case.verdict == wanted).count();
    // The first line of the checklist that carries the verdict is its reason.
    let reason = phases.iter().flat_map(|phase| &phase.checks).find(|check| check.verdict == verdict);
    let reason = reason.map(|check| check.title.clone()).unwrap_or_default();
    match verdict {
        Verdict::Identical if contract.suite.is_empty() => {
            "every byte is the recorded one; the contract holds no outputs to compare".to_owned()
        }
        Verdict::Identical => format!("every bit of {count} cases is the recorded one"),
        Verdict::Equivalent => format!(
            "{} of {count} cases are identical, {} equivalent: the function is the same and the differences are harmless",
            at(Verdict::Identical),
            at(Verdict::Equivalent)
        ),
        Verdict::Tolerated => format!("{} of {count} cases pass within a tolerance", at(Verdict::Tolerated)),
        Verdict::Undecided => format!("no answer: {reason}"),
        Verdict::Drifted => format!("{} of {count} cases drifted: {reason}", at(Verdict::Drifted)),
        Verdict::Incomparable | Verdict::Unloadable | Verdict::Corrupt => reason,
    }
}
