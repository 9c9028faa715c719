//! One sentence that says why the verdict is what it is.

use reproof_contract::Verdict;
use reproof_contract::contract::Contract;
use reproof_contract::report::{Basis, CaseReport, OutputReport, Phase};

/// The sentence where nothing was compared.
pub(super) const UNPROVED: &str = "no answer: other bytes than the recorded ones, taken for a conversion, and the contract \
                                   holds no outputs to compare; where it should be the same artifact, say --relation same";

/// The sentence of a report.
pub(super) fn summarise(
    verdict: Verdict,
    contract: &Contract,
    phases: &[Phase],
    cases: &[CaseReport],
    untouched: bool,
) -> String {
    let count = cases.len();
    let at = |wanted: Verdict| cases.iter().filter(|case| case.verdict == wanted).count();
    // The first line of the checklist that carries the verdict is its reason.
    let reason = phases.iter().flat_map(|phase| &phase.checks).find(|check| check.verdict == verdict);
    let reason = reason.map(|check| check.title.clone()).unwrap_or_default();
    match verdict {
        Verdict::Identical if contract.suite.is_empty() && !untouched => {
            "the weights are the recorded ones, in other files; the contract holds no outputs to compare"
                .to_owned()
        }
        Verdict::Identical if contract.suite.is_empty() => {
            "every byte is the recorded one; the contract holds no outputs to compare".to_owned()
        }
        Verdict::Identical if count == 1 => "every bit of the one case is the recorded one".to_owned(),
        Verdict::Identical => format!("every bit of {count} cases is the recorded one"),
        Verdict::Equivalent => {
            let proof = if cases.iter().flat_map(|case| &case.outputs).any(lacks_referee) {
                "the differences are within what was recorded as harmless, and no referee could say more"
            } else {
                "the function is the same and the differences are harmless"
            };
            let (identical, equivalent) = (at(Verdict::Identical), at(Verdict::Equivalent));
            format!("of {count} cases {identical} identical, {equivalent} equivalent: {proof}")
        }
        Verdict::Tolerated => format!("{} of {count} cases pass within a tolerance", at(Verdict::Tolerated)),
        Verdict::Undecided => format!("no answer: {reason}"),
        Verdict::Drifted => format!("{} of {count} cases drifted: {reason}", at(Verdict::Drifted)),
        Verdict::Corrupt => {
            let weights = phases.iter().flat_map(|phase| &phase.checks);
            let weights = weights.filter(|check| check.verdict == Verdict::Corrupt);
            let named =
                weights.clone().find(|check| check.id == "load.integrity.weights").or(weights.clone().next());
            let seen = named.and_then(|check| check.actual.as_deref()).unwrap_or_default();
            format!("{}: {seen}", named.map_or(reason.as_str(), |check| &check.title))
        }
        Verdict::Incomparable | Verdict::Unloadable => reason,
    }
}

/// Whether an output is equivalent on the word of the envelope alone.
fn lacks_referee(output: &OutputReport) -> bool {
    output.verdict == Verdict::Equivalent && output.evidence.basis == Basis::Envelope
}
