//! Convolutions: products of a matrix of weights and one of patches. The order of a sum is channel, then the window's
//! elements row by row; padding takes part as zeros.

use reproof_tensor::DType;

use super::patches::{Lines, Patches, Sparse};
use super::planes::Planes;
use super::window::{Windows, image, pads, sizes};
use super::{Outputs, one};
use crate::arithmetic::exact;
use crate::arithmetic::round;
use crate::call::{Call, dim};
use crate::parallel;
use crate::product::{Dense, FEW, Matrix, Product, Starts};
use crate::tensor::Data;
use crate::{Failure, Options, Tensor};

/// About how many steps of a sum take as long as what is done once for it: to begin, to round and to place it.
const OUTSIDE: usize = 16;

pub(super) fn conv(call: &Call<'_>) -> Outputs {
    let (dtype, values) = call.floats(0)?;
    let (_, weights) = call.floats(1)?;
    let bias = call.optional(2)?.map(Tensor::floats).transpose()?.map(|(_, bias)| bias);
    one(convolution(call, dtype, (call.tensor(0)?, values), (call.tensor(1)?, weights), bias)?)
}

/// The convolution of an image with weights, as numbers of a type.
pub(super) fn convolution(
    call: &Call<'_>,
    dtype: DType,
    (image_of, values): (&Tensor, &[f64]),
    (weights_of, weights): (&Tensor, &[f64]),
    bias: Option<&[f64]>,
) -> Result<Tensor, Failure> {
    let (batch, channels, input) = image(image_of)?;
    let (features, own, kernel) = image(weights_of)?;
    let groups = dim(call.integer("group", 1)?)?.max(1);
    if own.checked_mul(groups) != Some(channels)
        || features % groups != 0
        || bias.is_some_and(|bias| bias.len() != features)
    {
        return Err(Failure::refused(format!(
            "weights of {:?} in {groups} groups for {:?}",
            weights_of.shape(),
            image_of.shape()
        )));
    }
    let windows = Windows::of(call, input, kernel.to_vec())?;
    let shape = [&[batch, features], windows.output.as_slice()].concat();
    let windows = windows.squeezed();
    let mut output = vec![0.0; call.count(&shape)?];
    let (count, size) = (windows.count(), windows.size());
    let (rows, steps) = (features / groups, own * windows.kernel_size());
    if output.is_empty() {
        return Ok(Tensor::new(shape, Data::Float(dtype, output)));
    }
    let planes = Planes::of(&windows);
    let options = call.run.options;
    let one_block = |index: usize, options: Options, sums: &mut [f64]| {
        let (item, group) = (index / groups, index % groups);
        let biases = bias.map(|bias| &bias[group * rows..][..rows]);
        let weights = &weights[group * rows * steps..][..rows * steps];
        let values = &values[(item * channels + group * own) * size..][..own * size];
        Block { rows, steps, weights, biases, dtype, options }.run(&windows, planes.as_ref(), values, sums);
    };
    let blocks = batch * groups;
    if blocks < options.threads {
        output
            .chunks_exact_mut(rows * count)
            .enumerate()
            .for_each(|(index, sums)| one_block(index, options, sums));
    } else {
        // Threads take blocks, so that what is done once for each is shared as well.
        let alone = Options { threads: 1, ..options };
        parallel::fill(options.threads, &mut output, rows * count, steps + OUTSIDE, |first, part| {
            for (index, sums) in part.chunks_exact_mut(rows * count).enumerate() {
                one_block(first / (rows * count) + index, alone, sums);
            }
        });
    }
    Ok(Tensor::new(shape, Data::Float(dtype, output)))
}

/// What one group of features makes of one item.
struct Block<'a> {
    rows: usize,
    steps: usize,
    weights: &'a [f64],
    biases: Option<&'a [f64]>,
    dtype: DType,
    options: Options,
}

impl Block<'_> {
    /// Writes the sums of channels.
    fn run(&self, windows: &Windows, planes: Option<&Planes<'_>>, values: &[f64], sums: &mut [f64]) {
        let count = windows.count();
        if windows.is_whole() {
            return self.product(&Dense { values, strides: (count, 1) }, count, sums);
        }
        let Some(planes) = planes else {
            return self.product(&Sparse { windows, values }, count, sums);
        };
        let values = &planes.filled(values, 0.0);
        if self.rows < FEW && matches!(self.dtype, DType::F32 | DType::F64) {
            // With what lies between rows of windows, lines are as long as they can be.
            let mut whole = vec![0.0; self.rows * planes.count()];
            self.product(&Lines(Patches { planes, values }), planes.count(), &mut whole);
            for (line, sums) in whole.chunks_exact(planes.count()).zip(sums.chunks_exact_mut(count)) {
                planes.gather(line, sums);
            }
        } else {
            self.product(&Patches { planes, values }, count, sums);
        }
    }

    fn product(&self, right: &impl Matrix, columns: usize, sums: &mut [f64]) {
        let Self { rows, steps, dtype, options, .. } = *self;
        let left = Dense { values: self.weights, strides: (steps, 1) };
        let starts = self.biases.map_or(Starts::Zeros, Starts::Rows);
        Product { rows, steps, columns, left, right, starts, dtype, options }.run(sums);
    }
}

/// The transposed convolution: each element of the result is the sum over everything that reaches it, in the order of
/// channel, then window element.
pub(super) fn conv_transpose(call: &Call<'_>) -> Outputs {
    let (image_of, weights_of) = (call.tensor(0)?, call.tensor(1)?);
    let ((dtype, values), (_, weights)) = (image_of.floats()?, weights_of.floats()?);
    let (batch, channels, input) = image(image_of)?;
    let (own_channels, own, kernel) = image(weights_of)?;
    let groups = dim(call.integer("group", 1)?)?.max(1);
    if own_channels != channels || channels % groups != 0 {
        return Err(Failure::refused(format!(
            "weights of {:?} for {:?}",
            weights_of.shape(),
            image_of.shape()
        )));
    }
    let rank = input.len();
    let (strides, dilations) = (sizes(call, "strides", rank)?, sizes(call, "dilations", rank)?);
    let extra: Vec<usize> = match call.integers("output_padding")? {
        Some(told) => told.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?,
        None => vec![0; rank],
    };
    let whole = |dim: usize| {
        let spread = input[dim].saturating_sub(1).checked_mul(strides[dim])?;
        spread.checked_add((kernel[dim] - 1).checked_mul(dilations[dim])? + 1)?.checked_add(extra[dim])
    };
    if kernel.len() != rank || kernel.contains(&0) || extra.len() != rank {
        return Err(Failure::refused(format!("windows of {kernel:?}")));
    }
    let whole: Option<Vec<usize>> = (0..rank).map(whole).collect();
    let whole = whole.ok_or_else(|| Failure::refused("a result larger than any memory"))?;
    let (before, shape) = transposed_shape(call, input, &strides, &whole)?;
    let features = own * groups;
    let result = [&[batch, features], shape.as_slice()].concat();
    let total = call.count(&result)?;
    let bias = call.optional(2)?.map(Tensor::floats).transpose()?.map(|(_, bias)| bias);
    if bias.is_some_and(|bias| bias.len() != features) {
        return Err(Failure::refused(format!("a bias for {features} features is needed")));
    }
    let (size, count, window) =
        (shape.iter().product::<usize>(), input.iter().product::<usize>(), kernel.iter().product::<usize>());
    let per_group = channels / groups;
    let mut output = vec![0.0; total];
    for place in 0..if total == 0 { 0 } else { size } {
        // Which elements of the input reach this one, and through which of the window.
        let reach = sources(place, &shape, &before, input, kernel, &strides, &dilations, window);
        for row in 0..batch * features {
            let (item, feature) = (row / features, row % features);
            let group = feature / own;
            let start = bias.map_or(0.0, |bias| bias[feature]);
            let terms = (0..per_group).flat_map(|channel| {
                let channel = group * per_group + channel;
                let image = &values[(item * channels + channel) * count..][..count];
                let weights = &weights[(channel * own + feature % own) * window..][..window];
                reach.iter().map(move |(source, element)| image[*source] * weights[*element])
            });
            output[row * size + place] = if dtype == DType::F64 {
                terms.fold(start, |sum, term| sum + term)
            } else {
                round(dtype, exact::sum(std::iter::once(start).chain(terms)))
            };
        }
    }
    one(Tensor::rounded(result, dtype, output))
}

/// Padding before, and the sizes of the result.
fn transposed_shape(
    call: &Call<'_>,
    input: &[usize],
    strides: &[usize],
    whole: &[usize],
) -> Result<(Vec<usize>, Vec<usize>), Failure> {
    let rank = input.len();
    let auto = call.text("auto_pad", "NOTSET")?;
    let wanted: Option<Vec<usize>> = match call.integers("output_shape")? {
        Some(told) => {
            let told = &told[told.len().saturating_sub(rank)..];
            Some(told.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?)
        }
        None if auto.starts_with("SAME") => {
            Some(input.iter().zip(strides).map(|(size, stride)| size.saturating_mul(*stride)).collect())
        }
        None => None,
    };
    let refused = || Failure::refused("a result smaller than nothing");
    if let Some(wanted) = wanted {
        let total = |dim: usize| whole[dim].saturating_sub(wanted[dim]);
        let before = (0..rank)
            .map(|dim| if auto == "SAME_UPPER" { total(dim) / 2 } else { total(dim) - total(dim) / 2 });
        return Ok((before.collect(), wanted));
    }
    let (before, after) = if auto == "VALID" { (vec![0; rank], vec![0; rank]) } else { pads(call, rank)? };
    let shape: Option<Vec<usize>> =
        (0..rank).map(|dim| whole[dim].checked_sub(before[dim])?.checked_sub(after[dim])).collect();
    Ok((before, shape.ok_or_else(refused)?))
}

#[expect(clippy::too_many_arguments, reason = "the geometry of one place")]
fn sources(
    place: usize,
    shape: &[usize],
    before: &[usize],
    input: &[usize],
    kernel: &[usize],
    strides: &[usize],
    dilations: &[usize],
    window: usize,
) -> Vec<(usize, usize)> {
    let reaches = |element: usize| -> Option<(usize, usize)> {
        let (mut rest, mut inner, mut source, mut step) = (place, element, 0, 1);
        for dim in (0..shape.len()).rev() {
            let at = (rest % shape[dim] + before[dim]).checked_sub(inner % kernel[dim] * dilations[dim])?;
            rest /= shape[dim];
            inner /= kernel[dim];
            if at % strides[dim] != 0 || at / strides[dim] >= input[dim] {
                return None;
            }
            source += at / strides[dim] * step;
            step *= input[dim];
        }
        Some((source, element))
    };
    (0..window).filter_map(reaches).collect()
}
