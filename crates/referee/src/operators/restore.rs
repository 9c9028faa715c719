//! What windows took from pictures, put back.

use super::window::{image, pads, sizes};
use super::{Outputs, one};
use crate::call::{Call, dim};
use crate::tensor::strides;
use crate::{Failure, Tensor};

/// Windows put back where they were taken from, summed where they overlap, in the order of windows.
pub(super) fn col_to_im(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let list = |index: usize| -> Result<Vec<usize>, Failure> {
        call.tensor(index)?.whole()?.1.iter().map(|size| dim(*size)).collect()
    };
    let (picture, block) = (list(1)?, list(2)?);
    let rank = picture.len();
    let (steps, gaps) = (sizes(call, "strides", rank)?, sizes(call, "dilations", rank)?);
    let (before, after) = pads(call, rank)?;
    let [batch, rows, columns] = *tensor.shape() else { return Err(Failure::refused("expected three dims")) };
    let window = call.count(&block)?;
    if block.len() != rank {
        return Err(Failure::refused(format!("windows of {block:?} for {picture:?}")));
    }
    let along = |dim: usize| -> Option<usize> {
        let padded = picture[dim].checked_add(before[dim])?.checked_add(after[dim])?;
        Some(
            padded.checked_sub(gaps[dim].checked_mul(block[dim].checked_sub(1)?)?.checked_add(1)?)?
                / steps[dim]
                + 1,
        )
    };
    let windows: Option<Vec<usize>> = (0..rank).map(along).collect();
    let fits = window > 0 && rows % window == 0;
    let Some(windows) = windows.filter(|windows| fits && crate::tensor::count(windows) == Some(columns))
    else {
        return Err(Failure::refused(format!("windows of {block:?} for {picture:?}")));
    };
    let channels = rows / window;
    let shape = [&[batch, channels], picture.as_slice()].concat();
    let mut output = vec![0.0; call.count(&shape)?];
    let (size, own) = (picture.iter().product::<usize>(), strides(&picture));
    let (window_steps, block_steps) = (strides(&windows), strides(&block));
    for plane in 0..batch * channels {
        for element in 0..window {
            for column in 0..columns {
                let place = |dim: usize| -> Option<usize> {
                    let at = column / window_steps[dim] % windows[dim] * steps[dim]
                        + element / block_steps[dim] % block[dim] * gaps[dim];
                    Some(at.checked_sub(before[dim]).filter(|at| *at < picture[dim])? * own[dim])
                };
                let place: Option<usize> = (0..rank).map(place).sum();
                if let Some(place) = place {
                    output[plane * size + place] += values[(plane * window + element) * columns + column];
                }
            }
        }
    }
    one(Tensor::rounded(shape, dtype, output))
}

/// Numbers put back where a pool found them, zeros elsewhere.
pub(super) fn max_unpool(call: &Call<'_>) -> Outputs {
    let (tensor, indices) = (call.tensor(0)?, call.tensor(1)?);
    let ((dtype, values), (_, places)) = (tensor.floats()?, indices.whole()?);
    let (batch, channels, input) = image(tensor)?;
    let rank = input.len();
    let kernel = sizes(call, "kernel_shape", rank)?;
    let (steps, (before, after)) = (sizes(call, "strides", rank)?, pads(call, rank)?);
    let inferred = |dim: usize| {
        let whole = (input[dim].saturating_sub(1)).saturating_mul(steps[dim]).saturating_add(kernel[dim]);
        whole.saturating_sub(before[dim].saturating_add(after[dim]))
    };
    let natural: Vec<usize> = [batch, channels].into_iter().chain((0..rank).map(inferred)).collect();
    call.count(&natural)?;
    let shape: Vec<usize> = match call.optional(2)? {
        Some(told) => told.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?,
        None => natural.clone(),
    };
    if shape.len() != natural.len() {
        return Err(Failure::refused(format!("a result of {shape:?}")));
    }
    let mut output = vec![0.0; call.count(&shape)?];
    let (from, to) = (strides(&natural), strides(&shape));
    for (value, place) in values.iter().zip(places) {
        // Places are those in a result of the natural size.
        let place = dim(*place)?;
        let moved: usize =
            (0..shape.len()).map(|dim| place / from[dim] % natural[dim].max(1) * to[dim]).sum();
        *output.get_mut(moved).ok_or_else(|| Failure::refused(format!("the place {place}")))? = *value;
    }
    one(Tensor::rounded(shape, dtype, output))
}
