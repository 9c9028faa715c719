//! Weights that went through a smaller type: trained weights that all fit into one by chance do not exist.

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

/// The smaller type into which the values of every changed tensor fit, though they are stored in a larger one.
pub(super) fn cause(read: &[(&Changed<'_>, Vec<u8>)], changed: usize) -> Option<Cause> {
    let wide = |one: &Changed<'_>| one.now.dtype == DType::F32 && one.record.dtype == DType::F32;
    if read.is_empty() || !read.iter().all(|(one, _)| wide(one)) {
        return None;
    }
    let distinct = read.iter().flat_map(|(_, bytes)| elements(bytes)).map(f32::to_bits);
    if distinct.take(4096).collect::<std::collections::HashSet<u32>>().len() < ENOUGH {
        return None;
    }
    let fits = |round: fn(f32) -> f32| {
        let mut all = read.iter().flat_map(|(_, bytes)| elements(bytes));
        all.all(|value| value.is_nan() || round(value).to_bits() == value.to_bits())
    };
    let (name, _) = TYPES.into_iter().find(|(_, round)| fits(*round))?;
    Some(Cause {
        id: "weights.narrowed".to_owned(),
        confidence: Confidence::Likely,
        statement: format!("the weights went through {name}"),
        evidence: vec![format!(
            "every value of {} changed tensors, stored in 32 bits, fits into {name}, which weights from training never do",
            changed
        )],
        fix: format!("save the weights without converting them to {name}"),
    })
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}
