//! Quantisation: numbers as few steps of a scale.

use reproof_tensor::DType;

use super::cast::whole;
use super::{Outputs, one};
use crate::arithmetic::order::{maximum, minimum};
use crate::arithmetic::{round, saturate};
use crate::broadcast::{positions, steps};
use crate::call::{Call, Kind};
use crate::tensor::{Data, is_float};
use crate::{Failure, Tensor};

/// Scales and zero points stretched over a tensor: one for all, one for each place along an axis, or one for each block.
struct Scales<'a> {
    factors: &'a [f64],
    zeros: Vec<f64>,
    places: Vec<usize>,
}

impl<'a> Scales<'a> {
    fn of(call: &Call<'a>, tensor: &Tensor) -> Result<Self, Failure> {
        let scale = call.tensor(1)?;
        let (_, scales) = scale.floats()?;
        let zeros = match call.optional(2)? {
            Some(zero) => numbers_of(zero)?,
            None => vec![0.0; scales.len()],
        };
        let block = call.integer("block_size", 0)?;
        let refused = || Failure::refused(format!("scales of {:?} for {:?}", scale.shape(), tensor.shape()));
        if zeros.len() != scales.len() {
            return Err(refused());
        }
        let places = if scales.len() == 1 {
            vec![0; tensor.len()]
        } else if block > 0 {
            let along = call.axis("axis", 1, tensor.rank())?;
            let mut shape = tensor.shape().to_vec();
            shape[along] = shape[along].div_ceil(block as usize);
            if scale.shape() != shape {
                return Err(refused());
            }
            let own = crate::tensor::strides(&shape);
            let tensor_steps = crate::tensor::strides(tensor.shape());
            let place = |at: usize| {
                let dims = (0..shape.len()).map(|dim| {
                    let index = at / tensor_steps[dim] % tensor.shape()[dim];
                    own[dim] * if dim == along { index / block as usize } else { index }
                });
                dims.sum()
            };
            (0..tensor.len()).map(place).collect()
        } else {
            let along = call.axis("axis", 1, tensor.rank())?;
            let mut shape = vec![1; tensor.rank()];
            shape[along] = scales.len();
            if tensor.shape()[along] != scales.len() {
                return Err(refused());
            }
            positions(tensor.shape(), &steps(&shape, tensor.shape())).collect()
        };
        Ok(Self { factors: scales, zeros, places })
    }
}

fn numbers_of(tensor: &Tensor) -> Result<Vec<f64>, Failure> {
    match tensor.data() {
        Data::Float(_, values) => Ok(values.clone()),
        Data::Integer(_, values) => Ok(values.iter().map(|value| *value as f64).collect()),
        other => Err(Failure::refused(format!("expected numbers, got {}", other.kind()))),
    }
}

/// `round(x / scale) + zero`, ties to even, within the range of the type; NaN is the zero point.
pub(super) fn quantize_linear(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let scales = Scales::of(call, tensor)?;
    let kind = match call.optional(2)? {
        Some(zero) => Kind::of(zero.data()),
        None => match call.integer("output_dtype", 0)? {
            0 => Kind::Number(DType::U8),
            code => call.kind(code)?,
        },
    };
    let Kind::Number(dtype) = kind else { return Err(Failure::refused("texts cannot be quantised")) };
    let values = numbers_of(tensor)?;
    let saturates = call.flag("saturate", true)?;
    // The quotient has the precision of the operand.
    let precision = match tensor.data() {
        Data::Float(dtype, _) => *dtype,
        _ => call.tensor(1)?.floats()?.0,
    };
    let quantised = values
        .iter()
        .zip(&scales.places)
        .map(|(value, at)| (round(precision, value / scales.factors[*at]), scales.zeros[*at]));
    one(if is_float(dtype) {
        let narrow = |(value, zero): (f64, f64)| {
            if saturates { saturate(dtype, value + zero) } else { round(dtype, value + zero) }
        };
        Tensor::new(tensor.shape().to_vec(), Data::Float(dtype, quantised.map(narrow).collect()))
    } else {
        let narrow = |(value, zero): (f64, f64)| {
            let value = if value.is_nan() { 0.0 } else { value.round_ties_even() };
            whole(dtype, value + zero)
        };
        Tensor::new(tensor.shape().to_vec(), Data::Integer(dtype, quantised.map(narrow).collect()))
    })
}

/// `(x - zero) * scale`, rounded once to the type of the scale.
pub(super) fn dequantize_linear(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let scales = Scales::of(call, tensor)?;
    let (dtype, _) = call.tensor(1)?.floats()?;
    let values = numbers_of(tensor)?;
    let widened = values
        .iter()
        .zip(&scales.places)
        .map(|(value, at)| (value - scales.zeros[*at]) * scales.factors[*at])
        .collect();
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, widened))
}

/// Scale and zero point of eight bits for the range of a tensor with 0 in it, each step in float32.
pub(super) fn dynamic_quantize_linear(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let low = values.iter().copied().fold(0.0, minimum);
    let high = values.iter().copied().fold(0.0, maximum);
    let scale = round(dtype, round(dtype, high - low) / 255.0);
    let zero = if scale == 0.0 {
        0.0
    } else {
        round(dtype, (0.0 - low) / scale).clamp(0.0, 255.0).round_ties_even()
    };
    let quantise = |value: &f64| {
        let steps = if scale == 0.0 { 0.0 } else { round(dtype, value / scale).round_ties_even() };
        whole(DType::U8, steps + zero)
    };
    let quantised = Data::Integer(DType::U8, values.iter().map(quantise).collect());
    Ok(vec![
        Tensor::new(tensor.shape().to_vec(), quantised).into(),
        Tensor::scalar(Data::Float(dtype, vec![scale])).into(),
        Tensor::scalar(Data::Integer(DType::U8, vec![zero as i64])).into(),
    ])
}
