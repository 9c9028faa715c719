//! The rounding of engines that promise no bits, at random.

use std::sync::Arc;

use reproof_tensor::DType;

use crate::tensor::Data;
use crate::{Tensor, Value};

/// Moves every result of a node by up to four units in the last place of float32, or two of narrower types. Numbers of few
/// digits stay: they are most likely exact, everywhere.
pub(crate) fn add(outputs: Vec<Value>, node: u64) -> Vec<Value> {
    let moved = |value: Value| match value {
        Value::Tensor(tensor) => match tensor.data() {
            Data::Float(dtype, values) if *dtype != DType::F64 => {
                let units = units(*dtype);
                let move_one = |(index, value): (usize, &f64)| units(*value, random(node, index as u64));
                let moved = values.iter().enumerate().map(move_one).collect();
                Value::Tensor(Arc::new(Tensor::rounded(tensor.shape().to_vec(), *dtype, moved)))
            }
            _ => Value::Tensor(tensor),
        },
        other => other,
    };
    outputs.into_iter().map(moved).collect()
}

/// How a type moves a number: by a part of itself, with bits at random.
fn units(dtype: DType) -> impl Fn(f64, u64) -> f64 {
    // Bits of the significand, and how many at its end make a number one of many digits.
    let (digits, reach) = match dtype {
        DType::F32 => (23, 2),
        DType::F16 => (10, 1),
        DType::BF16 => (7, 1),
        _ => (2, 0),
    };
    move |value, random| {
        let unit = value.abs() / (1_u64 << digits) as f64;
        let kept = value.to_bits() >> (52 - digits);
        // A number whose last third is zeros.
        if kept.trailing_zeros() >= digits / 3 || !value.is_normal() {
            return value;
        }
        let steps = (random % (2 * reach + 1)) as f64 - reach as f64;
        // Units of the number itself are between one and two in the last place.
        value + steps * unit
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood, 2014) over node and place.
fn random(node: u64, place: u64) -> u64 {
    let mut bits = node.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ place.wrapping_mul(0xD1B5_4A32_D192_ED03);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
