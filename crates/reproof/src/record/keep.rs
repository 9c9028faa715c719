//! Which cases become part of the promise.

use reproof_contract::CaseClass;
use reproof_contract::contract::CaseOrigin;
use reproof_contract::run::Status;

use super::explain::explain;
use super::{Completed, RecordError};
use crate::cases::Case;
use crate::judge::Values;

/// Refuses to go on with a model that did not load.
pub(super) fn check_loaded(first: &Completed) -> Result<(), RecordError> {
    match &first.load {
        Status::Done => Ok(()),
        Status::Refused { message } => Err(RecordError::Unloadable { message: message.clone() }),
        status => {
            let (what, hint) = explain(status);
            Err(RecordError::Undecided { what, hint })
        }
    }
}

/// The cases that are recorded. Proposals are guesses: a typical one that the model refuses is left out; every other
/// refusal is recorded. What the engine could not decide is never a golden.
pub(super) fn keep<'a>(
    cases: &'a [Case],
    first: &Completed,
    notes: &mut Vec<String>,
) -> Result<Vec<&'a Case>, RecordError> {
    let mut kept = Vec::new();
    let (mut last, mut refusal) = (None, None);
    for case in cases {
        let Some((status, _)) = first.cases.get(&case.name) else { continue };
        let (what, hint) = explain(status);
        let proposed = case.origin == CaseOrigin::Proposed;
        let typical = case.class == CaseClass::Typical;
        match status {
            Status::Done => kept.push(case),
            Status::Refused { .. } if !(proposed && typical) => {
                kept.push(case);
                refusal = Some(what);
            }
            // A proposal is a guess: one that the model or the engine cannot take is no part of the promise.
            Status::Refused { .. } | Status::Unsupported { .. } if proposed => {
                notes.push(format!("case {} left out: {what}", case.name));
                if typical {
                    let refused = matches!(status, Status::Refused { .. });
                    let hint =
                        if refused { "give inputs that it takes with --cases FILE".to_owned() } else { hint };
                    last = Some(RecordError::NoTypical { message: what, refused, hint });
                }
            }
            _ if proposed && !typical => notes.push(format!("case {} left out: {what}", case.name)),
            _ => return Err(RecordError::Undecided { what, hint }),
        }
    }
    let done = |case: &&Case| case.class == CaseClass::Typical && first.outputs(&case.name).is_some();
    if kept.iter().any(done) {
        return Ok(kept);
    }
    Err(last.unwrap_or_else(|| RecordError::NoTypical {
        message: refusal.unwrap_or_else(|| "there is none".to_owned()),
        refused: true,
        hint: "check them against the model's signature: reproof inspect PATH".to_owned(),
    }))
}

/// Inputs and outputs of a suite together, in bytes, before proposals are given up for its size.
const LARGEST_SUITE: u64 = 64 << 20;

/// Leaves out the largest proposals that are not typical until the suite is small enough to travel with the artifact.
pub(super) fn within_size<'a>(
    mut kept: Vec<&'a Case>,
    first: &Completed,
    notes: &mut Vec<String>,
) -> Vec<&'a Case> {
    let bytes = |values: &Values| -> u64 {
        let tensors = values.iter().flat_map(|(_, value)| value.tensors());
        tensors.map(|tensor| tensor.bytes().len() as u64).sum()
    };
    let size = |case: &Case| bytes(&case.inputs) + first.outputs(&case.name).map_or(0, bytes);
    let mut total: u64 = kept.iter().map(|case| size(case)).sum();
    while total > LARGEST_SUITE {
        let optional = |case: &Case| case.origin == CaseOrigin::Proposed && case.class != CaseClass::Typical;
        let candidates = kept.iter().enumerate().filter(|(_, case)| optional(case));
        let Some((index, _)) = candidates.max_by_key(|(_, case)| size(case)) else {
            notes.push(format!(
                "the suite holds {} MiB: fewer or smaller inputs make it travel better",
                total >> 20
            ));
            break;
        };
        let case = kept.remove(index);
        total -= size(case);
        notes.push(format!("case {} left out: the suite would be larger than 64 MiB", case.name));
    }
    kept
}
