//! Products of quantised matrices: integers are exact, whatever the order.

use reproof_tensor::DType;

use super::{Outputs, conv, matrix, one};
use crate::broadcast;
use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// The elements of an input less its zero point, as floats; `axis` is that of zero points which differ.
fn centred(call: &Call<'_>, index: usize, zero: usize, axis: usize) -> Result<Tensor, Failure> {
    let tensor = call.tensor(index)?;
    let (_, values) = tensor.whole()?;
    let shape = tensor.shape().to_vec();
    let centred = match call.optional(zero)? {
        None => values.iter().map(|value| *value as f64).collect(),
        Some(zero) => {
            let (_, zeros) = zero.whole()?;
            let mut dims = vec![1; shape.len()];
            if zeros.is_empty() {
                return Err(Failure::refused("no zero point"));
            }
            if zeros.len() > 1 {
                if shape.get(axis) != Some(&zeros.len()) {
                    return Err(Failure::refused(format!("{} zero points for {shape:?}", zeros.len())));
                }
                dims[axis] = zeros.len();
            }
            broadcast::zip(&shape, (values, &shape), (zeros, &dims), |value, zero| {
                value.wrapping_sub(zero) as f64
            })
        }
    };
    // Products of centred bytes and their sums are integers below 2^53.
    Ok(Tensor::new(shape, Data::Float(DType::F64, centred)))
}

/// Floats that are integers, as 32-bit ones.
fn whole(tensor: &Tensor) -> Result<Tensor, Failure> {
    let values = tensor.floats()?.1.iter().map(|value| *value as i64).collect();
    Ok(Tensor::wrapped(tensor.shape().to_vec(), DType::I32, values))
}

pub(super) fn matmul(call: &Call<'_>) -> Outputs {
    let rank = call.tensor(0)?.rank();
    let right = call.tensor(1)?.rank();
    let left = centred(call, 0, 2, rank.saturating_sub(2))?;
    let right = centred(call, 1, 3, right.saturating_sub(1))?;
    one(whole(&matrix::product(call, &left, &right)?)?)
}

pub(super) fn convolution(call: &Call<'_>) -> Outputs {
    let (image, weights) = (centred(call, 0, 2, 1)?, centred(call, 1, 3, 0)?);
    let (values, filters) = (image.floats()?.1, weights.floats()?.1);
    one(whole(&conv::convolution(call, DType::F64, (&image, values), (&weights, filters), None)?)?)
}

/// `round(sum * (scale_a * scale_b / scale_y)) + zero`, ties to even, in float64.
fn requantised(call: &Call<'_>, sums: &Tensor, [a, b, y, zero]: [usize; 4], axis: usize) -> Outputs {
    let (_, first) = call.floats(a)?;
    let (_, second) = call.floats(b)?;
    let (_, result) = call.floats(y)?;
    let zero = call.tensor(zero)?;
    let (dtype, zeros) = zero.whole()?;
    let ([first], [result], [zero]) = (first, result, zeros) else {
        return Err(Failure::unsupported("a scale for each place of the operand or of the result"));
    };
    let shape = sums.shape().to_vec();
    let mut dims = vec![1; shape.len()];
    if second.is_empty() {
        return Err(Failure::refused("no scale"));
    }
    if second.len() > 1 {
        if shape.get(axis) != Some(&second.len()) {
            return Err(Failure::refused(format!("{} scales for {shape:?}", second.len())));
        }
        dims[axis] = second.len();
    }
    let (low, high) = match dtype {
        DType::U8 => (0, 255),
        DType::I8 => (-128, 127),
        other => return Err(Failure::unsupported(format!("a quantised result of {other}"))),
    };
    let narrow = |sum: f64, second: f64| {
        let scaled = (sum * (first * second / result)).round_ties_even();
        (scaled as i64).saturating_add(*zero).clamp(low, high)
    };
    let values = broadcast::zip(&shape, (sums.floats()?.1, &shape), (second, &dims), narrow);
    one(Tensor::wrapped(shape, dtype, values))
}

pub(super) fn quantised_matmul(call: &Call<'_>) -> Outputs {
    let ranks = (call.tensor(0)?.rank(), call.tensor(3)?.rank());
    let left = centred(call, 0, 2, ranks.0.saturating_sub(2))?;
    let right = centred(call, 3, 5, ranks.1.saturating_sub(1))?;
    let sums = matrix::product(call, &left, &right)?;
    let axis = sums.rank().saturating_sub(1);
    requantised(call, &sums, [1, 4, 6, 7], axis)
}

pub(super) fn quantised_conv(call: &Call<'_>) -> Outputs {
    let (image, weights) = (centred(call, 0, 2, 1)?, centred(call, 3, 5, 0)?);
    let bias: Option<Vec<f64>> = match call.optional(8)? {
        Some(bias) => Some(bias.whole()?.1.iter().map(|value| *value as f64).collect()),
        None => None,
    };
    let (values, filters) = (image.floats()?.1, weights.floats()?.1);
    let sums = conv::convolution(call, DType::F64, (&image, values), (&weights, filters), bias.as_deref())?;
    requantised(call, &sums, [1, 4, 6, 7], 1)
}
