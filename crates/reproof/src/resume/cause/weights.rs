//! Weights that are not those that were saved.

use reproof_contract::report::ResumeFinding;
use reproof_contract::trajectory::Stream;

use super::{Evidence, Sides, confirmed, list, rounding};

pub(super) fn cause(evidence: &Evidence<'_>) -> Option<ResumeFinding> {
    let sides = evidence.begin(Stream::Parameters)?;
    let changed = sides.differing();
    if changed.is_empty() {
        return None;
    }
    let count = format!("{} of {} weights differ: {}", changed.len(), sides.expected.len(), list(&changed));
    if let Some(smaller) = rounded(sides) {
        let statement = format!("the weights went through {smaller} on their way");
        let seen = vec![count, format!("every known value is the recorded one rounded to {smaller}")];
        return Some(confirmed(evidence, "weights.precision", statement, seen));
    }
    let (cause, statement) = if changed.len() == sides.expected.len() {
        (
            "weights.missing",
            "no weight is the saved one: they were not loaded, or trained on before".to_owned(),
        )
    } else {
        ("weights.partial", format!("{} weights are not the saved ones", changed.len()))
    };
    Some(confirmed(evidence, cause, statement, vec![count]))
}

/// The smaller type through which everything that differs went.
pub(super) fn rounded(sides: Sides<'_>) -> Option<&'static str> {
    let changed = sides.differing();
    let pairs =
        changed.iter().filter_map(|name| Some((sides.expected.get(*name)?, sides.actual.get(*name)?)));
    rounding::through(&pairs)
}
