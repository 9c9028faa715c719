//! Parts of the state that are restored as a whole or not at all.

use reproof_contract::report::ResumeFinding;
use reproof_contract::trajectory::Stream;

use super::{Evidence, confirmed, list, weights};

/// A stream, the cause when it differs at the beginning, and what is said of it.
const PARTS: [(Stream, &str, &str); 5] = [
    (Stream::Buffers, "buffers.missing", "tensors of the model that are not trained are not the saved ones"),
    (
        Stream::Gradients,
        "gradients.missing",
        "gradients that waited for the rest of an accumulation were lost",
    ),
    (Stream::Scheduler, "scheduler.missing", "the schedule of learning rates is not where it was"),
    (Stream::Scaler, "scaler.missing", "the scaler of losses is not where it was"),
    (Stream::Ema, "ema.missing", "averaged weights are not the saved ones"),
];

pub(super) fn causes(evidence: &Evidence<'_>) -> Vec<ResumeFinding> {
    let mut findings = Vec::new();
    for (stream, cause, statement) in PARTS {
        let Some(sides) = evidence.begin(stream) else { continue };
        let changed = sides.differing();
        // What was saved with the weights in a smaller type lost as much as they did.
        let with_weights = stream == Stream::Buffers
            && weights::rounded(sides).is_some()
            && evidence.begin(Stream::Parameters).and_then(weights::rounded).is_some();
        if !changed.is_empty() && !with_weights {
            let seen =
                format!("{} of {} facts differ: {}", changed.len(), sides.expected.len(), list(&changed));
            findings.push(confirmed(evidence, cause, statement.to_owned(), vec![seen]));
        }
    }
    findings.extend(modes(evidence));
    findings
}

/// Switches of the model and of automatic casts, each a cause of its own.
fn modes(evidence: &Evidence<'_>) -> Vec<ResumeFinding> {
    let Some(sides) = evidence.begin(Stream::Modes) else { return Vec::new() };
    let of = |name: &&String| {
        let (expected, actual) = (sides.expected.get(*name)?, sides.actual.get(*name)?);
        let (expected, actual) = (super::super::compare::show(expected), super::super::compare::show(actual));
        let (cause, statement) = match name.as_str() {
            "autocast" => {
                ("modes.autocast", format!("automatic casts are {actual}, when recorded {expected}"))
            }
            "training" => {
                ("modes.training", "modules are in other modes of training and evaluation".to_owned())
            }
            "frozen" => ("modes.frozen", "other weights are frozen".to_owned()),
            other => ("modes.other", format!("{other} is {actual}, when recorded {expected}")),
        };
        Some(confirmed(
            evidence,
            cause,
            statement,
            vec![format!("{name}: expected {expected}, got {actual}")],
        ))
    };
    sides.differing().iter().filter_map(of).collect()
}
