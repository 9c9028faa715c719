//! Softmax and normalisation: in float64 throughout, in the order that is written here, rounded once at the end. Sums are
//! in lanes, as those of reductions of float64.

use super::{Outputs, one, reduce::lanes};
use crate::arithmetic::elementary::{exp, ln, pow};
use crate::arithmetic::order::maximum;
use crate::broadcast::{self, positions, steps};
use crate::call::{Call, axis};
use crate::parallel;
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

/// `work` on every row along an axis; before version 13, along all axes from it on.
fn rows(call: &Call<'_>, work: impl Fn(&mut [f64]) + Sync) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let shape = tensor.shape();
    if tensor.is_empty() {
        return one(tensor.clone());
    }
    let flattens = call.opset < 13;
    let told = call.integer("axis", if flattens { 1 } else { -1 })?;
    let along =
        if flattens && told == shape.len() as i64 { shape.len() } else { axis(told, shape.len().max(1))? };
    let (length, inner) = if flattens {
        (shape[along..].iter().product(), 1)
    } else if shape.is_empty() {
        (1, 1)
    } else {
        (shape[along], shape[along + 1..].iter().product())
    };
    let mut output = values.to_vec();
    let threads = call.run.options.threads;
    parallel::fill(threads, &mut output, length * inner, 32, |_, part| {
        let mut row = vec![0.0; length];
        for block in part.chunks_exact_mut(length * inner) {
            if inner == 1 {
                work(block);
                continue;
            }
            for start in 0..inner {
                row.iter_mut().zip(block[start..].iter().step_by(inner)).for_each(|(to, from)| *to = *from);
                work(&mut row);
                block[start..].iter_mut().step_by(inner).zip(&row).for_each(|(to, from)| *to = *from);
            }
        }
    });
    one(Tensor::rounded(shape.to_vec(), dtype, output))
}

/// `exp(x - max) / sum`.
fn soft(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, maximum);
    for value in row.iter_mut() {
        *value = exp(*value - largest);
    }
    let sum = lanes(row.iter().copied());
    for value in row.iter_mut() {
        *value /= sum;
    }
}

pub(super) fn softmax(call: &Call<'_>) -> Outputs {
    rows(call, soft)
}

/// `(x - max) - ln(sum(exp(x - max)))`.
pub(super) fn log_softmax(call: &Call<'_>) -> Outputs {
    rows(call, |row| {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, maximum);
        let sum = ln(lanes(row.iter().map(|value| exp(value - largest))));
        for value in row.iter_mut() {
            *value = (*value - largest) - sum;
        }
    })
}

/// 1 at the first of the largest, 0 elsewhere.
pub(super) fn hardmax(call: &Call<'_>) -> Outputs {
    rows(call, |row| {
        let mut best = 0;
        for at in 1..row.len() {
            if row[at] > row[best] {
                best = at;
            }
        }
        row.iter_mut().enumerate().for_each(|(at, value)| *value = if at == best { 1.0 } else { 0.0 });
    })
}

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

/// Attention as ONNX 23 defines it: `softmax(scale Q K^T + mask) V` for each head, in float64, rounded once.
pub(super) fn attention(call: &Call<'_>) -> Outputs {
    if call.inputs.len() > 4 || call.float("softcap", 0.0)? != 0.0 || call.node.outputs.len() > 1 {
        return Err(Failure::unsupported("attention with a cache, a cap or more than one output"));
    }
    let heads = |tensor: &Tensor, name: &str| -> Result<Tensor, Failure> {
        if tensor.rank() == 4 {
            return Ok(tensor.clone());
        }
        let count = usize::try_from(call.integer(name, 0)?).unwrap_or(0);
        let [batch, length, width] = *tensor.shape() else { return Err(Failure::refused("no heads")) };
        if count == 0 || width % count != 0 {
            return Err(Failure::refused(format!("{count} heads of {width}")));
        }
        super::shape::permuted(&tensor.reshaped(vec![batch, length, count, width / count]), &[0, 2, 1, 3])
    };
    let query = heads(call.tensor(0)?, "q_num_heads")?;
    let (key, value) = (heads(call.tensor(1)?, "kv_num_heads")?, heads(call.tensor(2)?, "kv_num_heads")?);
    let (dtype, q) = query.floats()?;
    let ((_, k), (_, v)) = (key.floats()?, value.floats()?);
    let ([batch, many, rows, width], [_, few, columns, _]) = (four(&query)?, four(&key)?);
    let [_, _, value_rows, depth] = four(&value)?;
    let fits = four(&key)? == [batch, few, columns, width] && four(&value)? == [batch, few, columns, depth];
    if few == 0 || many % few != 0 || value_rows != columns || !fits {
        return Err(Failure::refused("queries, keys and values that do not fit"));
    }
    let scale = match call.float("scale", 0.0)? {
        0.0 => 1.0 / (width as f64).sqrt(),
        told => told,
    };
    let score_shape = [batch, many, rows, columns];
    let mask: Option<Vec<f64>> = match call.optional(3)? {
        Some(mask) => {
            if broadcast::shape(&[mask.shape(), &score_shape], call.limits())? != score_shape {
                return Err(Failure::refused(format!("a mask of {:?} for {score_shape:?}", mask.shape())));
            }
            let places: Vec<usize> = positions(&score_shape, &steps(mask.shape(), &score_shape)).collect();
            Some(match mask.data() {
                Data::Boolean(truths) => {
                    places.iter().map(|at| if truths[*at] { 0.0 } else { f64::NEG_INFINITY }).collect()
                }
                _ => places.iter().map(|at| Ok(mask.floats()?.1[*at])).collect::<Result<_, Failure>>()?,
            })
        }
        None => None,
    };
    let is_causal = call.flag("is_causal", false)?;
    let mut output = Vec::with_capacity(call.count(&[batch, many, rows, depth])?);
    let mut scores = vec![0.0; columns];
    for head in 0..batch * many {
        let (item, shared) = (head / many, head % many / (many / few));
        let kept = (item * few + shared) * columns;
        for row in 0..rows {
            let own = &q[(head * rows + row) * width..][..width];
            for (column, score) in scores.iter_mut().enumerate() {
                let other = &k[(kept + column) * width..][..width];
                *score = own.iter().zip(other).fold(0.0, |sum, (x, y)| sum + x * y) * scale;
                if let Some(mask) = &mask {
                    *score += mask[(head * rows + row) * columns + column];
                }
                if is_causal && column > row {
                    *score = f64::NEG_INFINITY;
                }
            }
            soft(&mut scores);
            for at in 0..depth {
                let terms = scores.iter().enumerate();
                output.push(
                    terms.fold(0.0, |sum, (column, score)| sum + score * v[(kept + column) * depth + at]),
                );
            }
        }
    }
    let made = Tensor::rounded(vec![batch, many, rows, depth], dtype, output);
    if call.tensor(0)?.rank() == 4 {
        return one(made);
    }
    one(super::shape::permuted(&made, &[0, 2, 1, 3])?.reshaped(vec![batch, rows, many * depth]))
}

fn four(tensor: &Tensor) -> Result<[usize; 4], Failure> {
    <[usize; 4]>::try_from(tensor.shape())
        .map_err(|_| Failure::refused(format!("expected four dims, got {:?}", tensor.shape())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one_and_keeps_its_ends() {
        let mut row = [0.0, 1000.0, f64::NEG_INFINITY];
        soft(&mut row);
        assert_eq!(row, [0.0, 1.0, 0.0]);
    }
}
