//! Weights that went through a smaller type: trained weights that all fit into one by chance do not exist.

use std::collections::HashSet;

use half::{bf16, f16};
use reproof_contract::diagnosis::Cause;
use reproof_contract::report::Confidence;
use reproof_tensor::DType;

use super::Changed;

/// Distinct values that must fit before anything is said: a few constants fit into every type.
const ENOUGH: usize = 16;

/// A smaller type by its name, with what it makes of a value.
type Rounding = (&'static str, fn(f32) -> f32);

const TYPES: [Rounding; 2] = [
    ("bfloat16", |value| bf16::from_f32(value).to_f32()),
    ("float16", |value| f16::from_f32(value).to_f32()),
];

/// What was seen of tensors, one after the other.
#[derive(Default)]
pub(super) struct Narrow {
    seen: usize,
    /// Of each type whether a value did not fit.
    misfits: [bool; TYPES.len()],
    /// Some of the values, to tell weights from constants.
    distinct: HashSet<u32>,
    /// Whether something else than 32 bits was seen.
    other: bool,
}

impl Narrow {
    /// Looks at a tensor that is not the recorded one.
    pub(super) fn see(&mut self, one: &Changed<'_>, bytes: &[u8]) {
        self.seen += 1;
        self.other |= one.now.dtype != DType::F32 || one.record.dtype != DType::F32;
        for ((_, round), misfit) in TYPES.iter().zip(&mut self.misfits) {
            let fits = |value: f32| value.is_nan() || round(value).to_bits() == value.to_bits();
            *misfit |= !elements(bytes).all(fits);
        }
        self.distinct.extend(elements(bytes).take(4 * ENOUGH).map(f32::to_bits));
    }

    /// The smaller type into which the values of all of `tensors` fit, though they are stored in a larger one.
    pub(super) fn cause(self, tensors: usize) -> Option<Cause> {
        if self.other || self.seen == 0 || self.seen < tensors || self.distinct.len() < ENOUGH {
            return None;
        }
        let (name, _) = TYPES.iter().zip(self.misfits).find(|(_, misfit)| !misfit)?.0;
        Some(Cause {
            id: "weights.narrowed".to_owned(),
            confidence: Confidence::Likely,
            statement: format!("the weights went through {name}"),
            evidence: vec![format!(
                "every value of {tensors} changed tensors, stored in 32 bits, fits into {name}, which weights from training never \
                 do"
            )],
            fix: format!("save the weights without converting them to {name}"),
        })
    }
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}
