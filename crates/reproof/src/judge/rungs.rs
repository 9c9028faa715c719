//! The rungs between identical and drifted, for tensors of equal dtype and shape whose bits differ.

use reproof_contract::contract::{OutputRule, ToleranceOrigin};
use reproof_contract::report::{
    Basis, DecisionEvidence, EnvelopeEvidence, Evidence, OutputReport, RefereeEvidence, ToleranceEvidence,
};
use reproof_contract::{Real, Verdict};
use reproof_tensor::compare::{Difference, decisions, difference};
use reproof_tensor::{Tensor, TensorView};

use super::referee::{Finding, consult};
use super::{Context, metrics, plain};

/// What was found before the rung is chosen.
struct Findings {
    difference: Difference,
    discrete: bool,
    referee: Option<RefereeEvidence>,
    envelope: Option<EnvelopeEvidence>,
    decisions: Option<DecisionEvidence>,
    open: bool,
    private: bool,
}

/// Judges a tensor.
pub(super) fn judge(
    path: &str,
    golden: &Tensor,
    produced: &Tensor,
    rule: &OutputRule,
    context: &Context<'_>,
) -> OutputReport {
    let (expected, actual) = (golden.view(), produced.view());
    let difference = difference(expected, actual).expect("the caller refused complex tensors");
    let mut metrics = metrics::metrics(expected, actual, &difference);
    if context.private {
        metrics.worst = None;
    }
    let consulted = consult(path, golden, produced, context);
    let mut evidence = plain(Basis::Nothing, String::new());
    let mut not_rerun = None;
    match consulted {
        Finding::None(reason) => evidence.referee_none = Some(reason),
        Finding::NotRerun(reason) => not_rerun = Some(reason),
        Finding::Compared(referee) => evidence.referee = Some(referee),
    }
    evidence.envelope = rule.envelope.as_ref().map(|envelope| {
        let factor = envelope.factor.value();
        let (maximum, l2) = (envelope.maximum_over_rms.0 * factor, envelope.relative_l2.0 * factor);
        EnvelopeEvidence {
            maximum_limit: Real(maximum),
            l2_limit: Real(l2),
            within: difference.maximum_over_rms() <= maximum && difference.relative_l2 <= l2,
        }
    });
    let judged = rule.decision.filter(|_| !context.ties.iter().any(|tie| tie == path));
    let decided = judged.and_then(|decision| decisions(expected, actual, decision.top as usize));
    evidence.decisions = decided.map(|decided| DecisionEvidence {
        total: decided.total,
        changed: decided.changed,
        first_changed: decided.first_changed,
        smallest_margin: Real(decided.smallest_margin),
    });
    let findings = Findings {
        discrete: golden.dtype().is_discrete(),
        referee: evidence.referee.clone(),
        envelope: evidence.envelope.clone(),
        decisions: evidence.decisions.clone(),
        open: context.leaves_open(),
        private: context.private,
        difference,
    };
    let equivalent = equivalent(&findings);
    let tolerated = rule.tolerance.as_ref().map(|tolerance| {
        let (absolute, relative) = (tolerance.absolute.value(), tolerance.relative.value());
        let beyond = beyond(expected, actual, absolute, relative);
        let origin = match tolerance.origin {
            ToleranceOrigin::Default => "default",
            ToleranceOrigin::User => "user",
            ToleranceOrigin::Imported => "imported",
        };
        let passes = beyond == 0 && tolerance.origin != ToleranceOrigin::Default;
        let evidence = ToleranceEvidence {
            absolute: tolerance.absolute.to_string(),
            relative: tolerance.relative.to_string(),
            origin: origin.to_owned(),
            beyond,
        };
        (passes, evidence)
    });
    evidence.tolerance = tolerated.as_ref().map(|(_, evidence)| evidence.clone());
    let passes = tolerated.is_some_and(|(passes, _)| passes);
    let (verdict, basis, statement) = match (equivalent, not_rerun) {
        (Ok((basis, statement)), None) => (Verdict::Equivalent, basis, statement),
        (_, _) if passes => (Verdict::Tolerated, Basis::Tolerance, within_tolerance(&evidence)),
        // The recorded referee is there and could not be asked: nothing is equivalent without it.
        (Ok(_), Some(reason)) => {
            (Verdict::Undecided, Basis::Nothing, format!("the referee could not be asked: {reason}"))
        }
        (Err(statement), _) => (Verdict::Drifted, Basis::Nothing, statement),
    };
    evidence.basis = basis;
    evidence.statement = statement;
    OutputReport { name: path.to_owned(), verdict, metrics: Some(metrics), evidence }
}

/// Whether the difference is harmless: on which basis, or why not.
fn equivalent(findings: &Findings) -> Result<(Basis, String), String> {
    if let Some(referee) = findings.referee.as_ref().filter(|referee| !referee.same_function) {
        return Err(format!(
            "the function changed: in float64 it differs by {} of the output's rms, limit {}; {}",
            referee.definition_difference,
            referee.definition_limit,
            worst(findings)
        ));
    }
    harmless(findings).or_else(|why| {
        if !findings.open {
            return Err(why);
        }
        let function = match &findings.referee {
            Some(_) => "in float64 the function is the same",
            None => "no referee could tell whether the function is the same",
        };
        let statement = format!(
            "the specification leaves open what these inputs become elsewhere (NaN order, overflow), so that they are not \
             judged there; {function}"
        );
        Ok((Basis::SpecificationOpen, statement))
    })
}

/// Whether decisions, special values and rounding are as they should be.
fn harmless(findings: &Findings) -> Result<(Basis, String), String> {
    let Findings { difference, referee, envelope, .. } = findings;
    let worst = || worst(findings);
    if findings.discrete {
        return Err(format!(
            "{} of {} integers changed; {}",
            difference.differing,
            difference.elements,
            worst()
        ));
    }
    if let Some(decisions) = findings.decisions.as_ref().filter(|decisions| decisions.changed > 0) {
        let first = decisions.first_changed.unwrap_or(0);
        return Err(format!(
            "{} of {} decisions changed, first in score vector {first}; {}",
            decisions.changed,
            decisions.total,
            worst()
        ));
    }
    if difference.special_mismatches > 0 {
        let count = difference.special_mismatches;
        return Err(format!("{count} elements are NaN or infinite on one side only; {}", worst()));
    }
    let within = envelope.as_ref().is_some_and(|envelope| envelope.within);
    let Some(referee) = referee else { return by_envelope(findings, within) };
    if within {
        let statement =
            "the function is the same in float64 and the difference is within the recorded envelope";
        return Ok((Basis::RefereeEnvelope, statement.to_owned()));
    }
    let (ratio, element) = (referee.rounding_ratio, referee.element_ratio);
    if ratio.0 <= referee.rounding_limit.0 && element.0 <= referee.element_limit.0 {
        let statement = format!(
            "the function is the same in float64 and rounding is no worse: {ratio} of the golden's error, worst element \
             {element}"
        );
        return Ok((Basis::RefereeRounding, statement));
    }
    Err(format!(
        "the function is the same in float64, but rounding is worse: {ratio} times the golden's error (limit {}), worst \
         element {element} times (limit {}); {}",
        referee.rounding_limit,
        referee.element_limit,
        worst()
    ))
}

/// Without a referee the envelope alone decides.
fn by_envelope(findings: &Findings, within: bool) -> Result<(Basis, String), String> {
    if within {
        let statement = "the difference is within the recorded envelope; without a referee a harmless change cannot be \
                         told from a small real one";
        return Ok((Basis::Envelope, statement.to_owned()));
    }
    Err(match &findings.envelope {
        Some(envelope) => format!(
            "the difference is outside the recorded envelope (largest {} of rms, limit {}) and there is no referee to say \
             whether the function changed; {}",
            Real(findings.difference.maximum_over_rms()),
            envelope.maximum_limit,
            worst(findings)
        ),
        None => format!("bits differ and there is neither referee nor envelope; {}", worst(findings)),
    })
}

/// The element with the largest difference, in words.
fn worst(findings: &Findings) -> String {
    let difference = &findings.difference;
    match &difference.worst {
        Some(_) if findings.private => "the values are private".to_owned(),
        Some(worst) => format!("{} where the golden has {}", Real(worst.actual), Real(worst.expected)),
        None => format!("{} elements differ in their bits only", difference.differing),
    }
}

fn within_tolerance(evidence: &Evidence) -> String {
    let tolerance = evidence.tolerance.as_ref().expect("only called where a tolerance was applied");
    format!(
        "every element is within {} + {} * |golden| (tolerance of origin {})",
        tolerance.absolute, tolerance.relative, tolerance.origin
    )
}

/// Elements beyond `absolute + relative * |golden|`; special values must be equal.
fn beyond(golden: TensorView<'_>, produced: TensorView<'_>, absolute: f64, relative: f64) -> u64 {
    let (Some(expected), Some(actual)) = (golden.elements(), produced.elements()) else { return u64::MAX };
    let fails = |(a, b): &(f64, f64)| {
        let same = a == b || (a.is_nan() && b.is_nan());
        let close = a.is_finite() && b.is_finite() && (a - b).abs() <= absolute + relative * a.abs();
        !same && !close
    };
    expected.iter().zip(actual.iter()).filter(fails).count() as u64
}
