//! Measurements and evidence as pairs of label and value, the same in every rendering.

use reproof_contract::report::{
    Basis, EnvironmentDifference, Evidence, FingerprintComparison, Grade, Metrics, OutputReport, ResumeReport,
};

use crate::figures::{count, counted, exact, measure, percent};

/// A label and its value.
pub(crate) type Fact = (&'static str, String);

/// How a tensor differs.
pub(crate) fn metrics(metrics: &Metrics) -> Vec<Fact> {
    let share = percent(metrics.differing, metrics.elements);
    let differing = format!("{} of {} ({share})", count(metrics.differing), count(metrics.elements));
    let mut facts = vec![
        ("differing elements", differing),
        ("max abs", measure(metrics.maximum_absolute)),
        ("max rel", measure(metrics.maximum_relative)),
        ("max/rms", measure(metrics.maximum_over_rms)),
        ("relative L2", measure(metrics.relative_l2)),
        ("cosine", exact(metrics.cosine)),
    ];
    if let Some(median) = metrics.ulp_median {
        facts.push(("ulp median", measure(median)));
    }
    if let Some(p99) = metrics.ulp_p99 {
        facts.push(("ulp p99", measure(p99)));
    }
    if metrics.special_mismatches > 0 {
        facts.push(("NaN or infinity on one side", count(metrics.special_mismatches)));
    }
    facts
}

/// An output's numbers beside its statement, what tells most first.
pub(crate) fn in_short(output: &OutputReport) -> Vec<String> {
    let mut items = Vec::new();
    let decisions = output.evidence.decisions.as_ref();
    let decided = decisions.map(|found| {
        (found.changed, format!("{} of {} decisions changed", count(found.changed), count(found.total)))
    });
    if let Some(metrics) = &output.metrics {
        items.push(format!("{} of {} elements", count(metrics.differing), count(metrics.elements)));
        if metrics.special_mismatches > 0 {
            items.push(format!("{} NaN/inf on one side", count(metrics.special_mismatches)));
        }
        items.push(format!("max/rms {}", measure(metrics.maximum_over_rms)));
        items.extend(metrics.ulp_p99.map(|p99| format!("ulp p99 {}", measure(p99))));
    }
    match decided {
        Some((1.., text)) => items.insert(0, text),
        Some((0, text)) => items.push(text),
        None => {}
    }
    if let Some(tolerance) = &output.evidence.tolerance {
        items.push(format!("{} beyond tolerance", counted(tolerance.beyond, "element")));
    }
    items
}

/// The element with the largest difference.
pub(crate) fn worst(metrics: &Metrics) -> Option<Fact> {
    let worst = metrics.worst.as_ref()?;
    // A rank beyond this is no tensor; the index stays readable whatever a document claims.
    let mut index: Vec<String> = worst.index.iter().take(16).map(u64::to_string).collect();
    if worst.index.len() > index.len() {
        index.push("…".to_owned());
    }
    let (golden, actual) = (exact(worst.expected), exact(worst.actual));
    Some(("worst element", format!("[{}]: golden {golden}, now {actual}", index.join(", "))))
}

/// What a verdict stands on, beside its statement.
pub(crate) fn evidence(evidence: &Evidence) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(referee) = &evidence.referee {
        let function = if referee.same_function { "same function" } else { "another function" };
        let difference = measure(referee.definition_difference);
        let limit = measure(referee.definition_limit);
        facts.push(("float64 referee", format!("{function}: difference {difference}, limit {limit}")));
        let (ratio, limit) = (measure(referee.rounding_ratio), measure(referee.rounding_limit));
        facts.push(("rounding over golden's", format!("{ratio}, limit {limit}")));
        let (ratio, limit) = (measure(referee.element_ratio), measure(referee.element_limit));
        facts.push(("largest error over golden's", format!("{ratio}, limit {limit}")));
    }
    if let Some(reason) = &evidence.referee_none {
        facts.push(("referee", format!("none, {reason}")));
    }
    if let Some(envelope) = &evidence.envelope {
        let side = if envelope.within { "within" } else { "outside" };
        let (maximum, l2) = (measure(envelope.maximum_limit), measure(envelope.l2_limit));
        facts.push(("envelope", format!("{side} max/rms {maximum}, relative L2 {l2}")));
    }
    if let Some(decisions) = &evidence.decisions {
        let mut text = format!("{} of {} changed", count(decisions.changed), count(decisions.total));
        if let Some(first) = decisions.first_changed {
            text = format!("{text}, first at {first}");
        }
        let margin = measure(decisions.smallest_margin);
        facts.push(("decisions", format!("{text}, smallest margin {margin}")));
    }
    if let Some(tolerance) = &evidence.tolerance {
        let beyond = counted(tolerance.beyond, "element");
        let (absolute, relative) = (&tolerance.absolute, &tolerance.relative);
        let text = format!("abs {absolute}, rel {relative} ({}), {beyond} beyond", tolerance.origin);
        facts.push(("tolerance", text));
    }
    facts
}

/// The one measure that tells most about an output.
pub(crate) fn headline(output: &OutputReport) -> Option<String> {
    let metrics = output.metrics.as_ref()?;
    if metrics.special_mismatches > 0 {
        return Some(format!("{} NaN/inf", count(metrics.special_mismatches)));
    }
    if metrics.differing == 0 {
        return None;
    }
    // A golden of zeros has no root mean square to divide by; the distance in units still tells.
    match metrics.ulp_p99 {
        Some(p99) if !metrics.maximum_over_rms.0.is_finite() => Some(format!("ulp p99 {}", measure(p99))),
        _ => Some(format!("max/rms {}", measure(metrics.maximum_over_rms))),
    }
}

/// What decided, in at most 17 characters.
pub(crate) const fn basis(basis: Basis) -> &'static str {
    match basis {
        Basis::Bits => "every bit equal",
        Basis::RefereeEnvelope => "referee, envelope",
        Basis::RefereeRounding => "referee, rounding",
        Basis::Envelope => "envelope alone",
        Basis::SpecificationOpen => "left open by spec",
        Basis::Tolerance => "tolerance",
        Basis::Statistics => "statistics",
        Basis::Refusal => "recorded refusal",
        Basis::Nothing => "nothing holds",
    }
}

/// How much a difference of environments can matter, in words.
pub(crate) const fn grade(grade: Grade) -> &'static str {
    grade.words()
}

/// Why a difference is graded as it is, and where the rule is from.
pub(crate) fn because(difference: &EnvironmentDifference) -> String {
    let EnvironmentDifference { reason, source, .. } = difference;
    if source.is_empty() { reason.clone() } else { format!("{reason} ({source})") }
}

/// Operators that moved named in a sentence; the others are in JSON.
const MOVED: usize = 8;

/// Which operators give other bits than where the contract was recorded, and what that points to.
pub(crate) fn fingerprint(found: &FingerprintComparison) -> String {
    let mut named: String = found.moved.iter().take(MOVED).cloned().collect::<Vec<_>>().join(", ");
    if let Some(more) = found.moved.len().checked_sub(MOVED).filter(|more| *more > 0) {
        named = format!("{named} and {more} more");
    }
    let named = if named.is_empty() { named } else { format!(": {named}") };
    format!("{}; {} of {} moved{named}", found.reading, found.moved.len(), found.compared)
}

/// Steps that are shown; recorders keep eight unless told otherwise.
const MOMENTS: u64 = 1_000;

/// The moments of a resumed training by the steps that were done: its beginning, after each recorded step, its end.
pub(crate) fn moments(resume: &ResumeReport) -> Vec<String> {
    let mut moments: Vec<String> = (0..=resume.recorded.min(MOMENTS))
        .map(|index| resume.step.saturating_add(index).to_string())
        .collect();
    moments.push("end".to_owned());
    moments
}
