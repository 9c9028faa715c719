//! Normalisation: in float64 throughout, in the order that is written here, rounded once at the end. Sums are in lanes, as
//! those of reductions of float64.

use super::{Outputs, one, reduce::lanes};
use crate::arithmetic::elementary::pow;
use crate::broadcast::{self, positions, steps};
use crate::call::{Call, axis};
use crate::tensor::strides;
use crate::{Failure, Tensor};

/// What a normalisation learned of a row: mean and 1 / sqrt(variance + epsilon).
struct Moments {
    mean: f64,
    scale: f64,
}

impl Moments {
    /// The mean, then the mean of squared distances from it.
    fn of(row: impl Iterator<Item = f64> + Clone, count: usize, epsilon: f64) -> Self {
        let mean = lanes(row.clone()) / count as f64;
        let variance = lanes(row.map(|value| (value - mean) * (value - mean))) / count as f64;
        Self { mean, scale: 1.0 / (variance + epsilon).sqrt() }
    }
}

/// `(x - mean) * (1 / sqrt(variance + epsilon)) * scale + bias` over all axes from one on.
pub(super) fn layer_norm(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let along = call.axis("axis", -1, tensor.rank())?;
    let epsilon = call.float("epsilon", 1e-5)?;
    let (outer, inner) = tensor.shape().split_at(along);
    let length: usize = inner.iter().product();
    let scale = stretched(call, 1, inner)?.ok_or_else(|| Failure::refused("no scale"))?;
    let bias = stretched(call, 2, inner)?.unwrap_or_else(|| vec![0.0; length]);
    let mut output = values.to_vec();
    let (mut means, mut scales) = (Vec::new(), Vec::new());
    for row in 0..outer.iter().product() {
        let row = &mut output[row * length..][..length];
        let moments = Moments::of(row.iter().copied(), length, epsilon);
        for ((value, scale), bias) in row.iter_mut().zip(&scale).zip(&bias) {
            *value = (*value - moments.mean) * moments.scale * scale + bias;
        }
        means.push(moments.mean);
        scales.push(moments.scale);
    }
    let mut shape = outer.to_vec();
    shape.extend(inner.iter().map(|_| 1));
    let precise = match call.integer("stash_type", 1)? {
        1 => call.run.float(reproof_tensor::DType::F32),
        _ => dtype,
    };
    Ok(vec![
        Tensor::rounded(tensor.shape().to_vec(), dtype, output).into(),
        Tensor::rounded(shape.clone(), precise, means).into(),
        Tensor::rounded(shape, precise, scales).into(),
    ])
}

/// An input stretched to a shape.
fn stretched(call: &Call<'_>, index: usize, shape: &[usize]) -> Result<Option<Vec<f64>>, Failure> {
    let Some(tensor) = call.optional(index)? else { return Ok(None) };
    let (_, values) = tensor.floats()?;
    if broadcast::shape(&[tensor.shape(), shape], call.limits())? != shape {
        return Err(Failure::refused(format!("parameters of {:?} for {shape:?}", tensor.shape())));
    }
    Ok(Some(positions(shape, &steps(tensor.shape(), shape)).map(|at| values[at]).collect()))
}

/// `x * (1 / sqrt(mean(x^2) + epsilon)) * scale` over all axes from one on.
pub(super) fn rms_norm(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let along = call.axis("axis", -1, tensor.rank())?;
    let epsilon = call.float("epsilon", 1e-5)?;
    let inner = &tensor.shape()[along..];
    let length: usize = inner.iter().product();
    let scale = stretched(call, 1, inner)?.ok_or_else(|| Failure::refused("no scale"))?;
    let mut output = values.to_vec();
    for row in output.chunks_exact_mut(length.max(1)) {
        let squares = lanes(row.iter().map(|value| value * value)) / length as f64;
        let factor = 1.0 / (squares + epsilon).sqrt();
        row.iter_mut().zip(&scale).for_each(|(value, scale)| *value = *value * factor * scale);
    }
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, output))
}

/// Channels of `[batch, channels, ...]`: how many, and elements of each.
fn channels(tensor: &Tensor) -> Result<(usize, usize), Failure> {
    match tensor.shape() {
        [_, channels, rest @ ..] => Ok((*channels, rest.iter().product())),
        [_] => Ok((1, 1)),
        shape => Err(Failure::refused(format!("no channels in {shape:?}"))),
    }
}

/// `scale * (x - mean) / sqrt(variance + epsilon) + bias` of each channel, from the left.
pub(super) fn batch_norm(call: &Call<'_>) -> Outputs {
    if call.flag("training_mode", false)? {
        return batch_norm_in_training(call);
    }
    if call.opset < 7 && !call.flag("is_test", false)? {
        return Err(Failure::unsupported("batch normalisation as in training"));
    }
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let (count, size) = channels(tensor)?;
    let epsilon = call.float("epsilon", 1e-5)?;
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|index| call.floats(index));
    let (scale, bias, mean, variance) = (scale?.1, bias?.1, mean?.1, variance?.1);
    if [scale, bias, mean, variance].iter().any(|values| values.len() != count) {
        return Err(Failure::refused(format!("statistics for {count} channels are needed")));
    }
    let deviation: Vec<f64> = variance.iter().map(|variance| (variance + epsilon).sqrt()).collect();
    let mut output = values.to_vec();
    for (at, block) in output.chunks_exact_mut(size.max(1)).enumerate() {
        let channel = at % count;
        for value in block {
            *value = scale[channel] * (*value - mean[channel]) / deviation[channel] + bias[channel];
        }
    }
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, output))
}

/// Statistics of the batch itself, and what becomes of the running ones.
fn batch_norm_in_training(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let (count, size) = channels(tensor)?;
    let (epsilon, momentum) = (call.float("epsilon", 1e-5)?, call.float("momentum", 0.9)?);
    let [scale, bias, mean, variance] = [1, 2, 3, 4].map(|index| call.floats(index));
    let (scale, bias, mean, variance) = (scale?.1, bias?.1, mean?, variance?.1);
    let (statistic, mean) = mean;
    if [scale, bias, mean, variance].iter().any(|values| values.len() != count) {
        return Err(Failure::refused(format!("statistics for {count} channels are needed")));
    }
    let batch = tensor.len() / (count * size).max(1);
    let mut output = values.to_vec();
    let (mut means, mut variances) = (mean.to_vec(), variance.to_vec());
    for channel in 0..count {
        let places = (0..batch).flat_map(|item| {
            let start = (item * count + channel) * size;
            start..start + size
        });
        let row = places.clone().map(|at| values[at]);
        let own = lanes(row.clone()) / (batch * size) as f64;
        let spread = lanes(row.map(|value| (value - own) * (value - own))) / (batch * size) as f64;
        let deviation = (spread + epsilon).sqrt();
        for at in places {
            output[at] = scale[channel] * (values[at] - own) / deviation + bias[channel];
        }
        means[channel] = mean[channel] * momentum + own * (1.0 - momentum);
        variances[channel] = variance[channel] * momentum + spread * (1.0 - momentum);
    }
    Ok(vec![
        Tensor::rounded(tensor.shape().to_vec(), dtype, output).into(),
        Tensor::rounded(vec![count], statistic, means).into(),
        Tensor::rounded(vec![count], statistic, variances).into(),
    ])
}

/// `scale * (x - mean) * (1 / sqrt(variance + epsilon)) + bias` of each channel of each item.
pub(super) fn instance_norm(call: &Call<'_>) -> Outputs {
    let (count, _) = channels(call.tensor(0)?)?;
    groups(call, count, 1)
}

pub(super) fn group_norm(call: &Call<'_>) -> Outputs {
    let (count, _) = channels(call.tensor(0)?)?;
    let told = usize::try_from(call.integer("num_groups", 0)?)
        .ok()
        .filter(|groups| *groups > 0 && count % groups == 0);
    let told = told.ok_or_else(|| Failure::refused(format!("groups of {count} channels")))?;
    // Before version 21, scale and bias were those of groups.
    let per_parameter = if call.opset < 21 { count / told } else { 1 };
    groups(call, told, per_parameter)
}

fn groups(call: &Call<'_>, groups: usize, per_parameter: usize) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let (count, size) = channels(tensor)?;
    let epsilon = call.float("epsilon", 1e-5)?;
    let (scale, bias) = (call.floats(1)?.1, call.floats(2)?.1);
    if scale.len() * per_parameter != count || bias.len() != scale.len() {
        return Err(Failure::refused(format!("{} scales for {count} channels", scale.len())));
    }
    let per_group = count / groups.max(1);
    let mut output = values.to_vec();
    for (group, block) in output.chunks_exact_mut((per_group * size).max(1)).enumerate() {
        let moments = Moments::of(block.iter().copied(), per_group * size, epsilon);
        for (index, row) in block.chunks_exact_mut(size.max(1)).enumerate() {
            let parameter = (group % groups * per_group + index) / per_parameter;
            for value in row {
                *value = scale[parameter] * ((*value - moments.mean) * moments.scale) + bias[parameter];
            }
        }
    }
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, output))
}

/// `x / (bias + alpha / size * sum of squares of close channels) ^ beta`.
pub(super) fn local_response(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let (count, size) = channels(tensor)?;
    let (alpha, beta, bias) =
        (call.float("alpha", 1e-4)?, call.float("beta", 0.75)?, call.float("bias", 1.0)?);
    let near = call.integer("size", 1)?.max(1);
    let (before, after) = ((near - 1) / 2, near - 1 - (near - 1) / 2);
    let element = |at: usize| {
        let (item, channel, rest) = (at / (count * size), at / size % count, at % size);
        let first = (channel as i64 - before).max(0) as usize;
        let last = (channel as i64 + after).min(count as i64 - 1) as usize;
        let squares = (first..=last)
            .map(|other| values[(item * count + other) * size + rest])
            .map(|value| value * value);
        values[at] / pow(bias + alpha / near as f64 * squares.fold(0.0, |sum, square| sum + square), beta)
    };
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, (0..values.len()).map(element).collect()))
}

/// `(x - mean) / (deviation + 1e-9)` over some axes: as the body that ONNX gives, in float64.
pub(super) fn mean_variance(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let told = call.integers("axes")?.unwrap_or(&[0, 2, 3]);
    let axes: Vec<usize> = told.iter().map(|told| axis(*told, tensor.rank())).collect::<Result<_, _>>()?;
    let own = strides(tensor.shape());
    let pick = |inside: bool| {
        let dims: Vec<usize> = (0..tensor.rank()).filter(|dim| axes.contains(dim) == inside).collect();
        let sizes: Vec<usize> = dims.iter().map(|dim| tensor.shape()[*dim]).collect();
        let steps: Vec<usize> = dims.iter().map(|dim| own[*dim]).collect();
        positions(&sizes, &steps).collect::<Vec<_>>()
    };
    let (starts, along) = (pick(false), pick(true));
    let mut output = values.to_vec();
    for start in starts {
        let row = along.iter().map(|at| values[start + at]);
        let mean = lanes(row.clone()) / along.len() as f64;
        let squares = lanes(row.map(|value| value * value)) / along.len() as f64;
        let deviation = (squares - mean * mean).sqrt() + 1e-9;
        for at in &along {
            output[start + at] = (values[start + at] - mean) / deviation;
        }
    }
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, output))
}

/// `x / norm` along an axis.
pub(super) fn lp_norm(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let along = call.axis("axis", -1, tensor.rank())?;
    let order = call.integer("p", 2)?;
    let (size, inner) = (tensor.shape()[along], tensor.shape()[along + 1..].iter().product::<usize>());
    let outer: usize = tensor.shape()[..along].iter().product();
    let mut output = values.to_vec();
    for row in 0..outer * inner {
        let start = row / inner * size * inner + row % inner;
        let own = (0..size).map(|at| values[start + at * inner]);
        let norm = match order {
            1 => lanes(own.map(f64::abs)),
            _ => lanes(own.map(|value| value * value)).sqrt(),
        };
        for at in 0..size {
            let value = &mut output[start + at * inner];
            *value = if norm == 0.0 { 0.0 } else { *value / norm };
        }
    }
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, output))
}
