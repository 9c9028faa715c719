//! Convolutions whose windows are bent: each element of a window looks where an offset says, between the elements of the input.

use super::grid::Lens;
use super::window::{Windows, image};
use super::{Outputs, one};
use crate::arithmetic::round;
use crate::call::{Call, dim};
use crate::product::{Dense, Product, Starts};
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// What is looked at is float64 from the left, times the mask, rounded to the type; then it is a product as of any convolution,
/// with the bias in front.
pub(super) fn deform_conv(call: &Call<'_>) -> Outputs {
    let (picture, weights, offset) = (call.tensor(0)?, call.tensor(1)?, call.tensor(2)?);
    let ((dtype, values), (_, factors), (_, offsets)) =
        (picture.floats()?, weights.floats()?, offset.floats()?);
    let bias = call.optional(3)?.map(Tensor::floats).transpose()?.map(|(_, bias)| bias);
    let mask = call.optional(4)?;
    let masks = mask.map(Tensor::floats).transpose()?.map(|(_, mask)| mask);
    let (batch, channels, input) = image(picture)?;
    let (features, own, kernel) = image(weights)?;
    if input.len() != 2 {
        return Err(Failure::unsupported(format!("bent windows over {} dims", input.len())));
    }
    let groups = dim(call.integer("group", 1)?)?.max(1);
    let bent = dim(call.integer("offset_group", 1)?)?.max(1);
    let windows = Windows::of(call, input, kernel.to_vec())?;
    let (size, count, kernel) = (windows.size(), windows.count(), windows.kernel_size());
    let looks = |each: usize| [&[batch, bent * kernel * each], windows.output.as_slice()].concat();
    if channels == 0
        || own.checked_mul(groups) != Some(channels)
        || features % groups != 0
        || channels % bent != 0
        || size == 0
        || bias.is_some_and(|bias| bias.len() != features)
        || offset.shape() != looks(2)
        || mask.is_some_and(|mask| mask.shape() != looks(1))
    {
        let shapes = [weights.shape(), offset.shape()];
        return Err(Failure::refused(format!("weights and offsets of {shapes:?} for {:?}", picture.shape())));
    }
    let shape = [&[batch, features], windows.output.as_slice()].concat();
    let mut output = vec![0.0; call.count(&shape)?];
    let (rows, steps) = (features / groups, own * kernel);
    call.count(&[steps, count])?;
    let lens = Lens::between(input);
    if output.is_empty() {
        return one(Tensor::new(shape, Data::Float(dtype, output)));
    }
    for (index, block) in output.chunks_exact_mut(rows * count).enumerate() {
        let (item, group) = (index / groups, index % groups);
        let biases = bias.map(|bias| &bias[group * rows..][..rows]);
        let seen = |place: usize| {
            let (step, window) = (place / count, place % count);
            let (channel, element) = (group * own + step / kernel, step % kernel);
            let look = (item * bent + channel / (channels / bent)) * kernel + element;
            let moved = |along: usize| offsets[(look * 2 + along) * count + window];
            let at = windows.place(window, element);
            let at = [at[0] + moved(0), at[1] + moved(1)];
            let plane = &values[(item * channels + channel) * size..][..size];
            let seen = lens.look(plane, &at, 0, 0);
            round(dtype, masks.map_or(seen, |masks| seen * masks[look * count + window]))
        };
        let patches: Vec<f64> = (0..steps * count).map(seen).collect();
        let left = Dense { values: &factors[group * rows * steps..][..rows * steps], strides: (steps, 1) };
        let right = Dense { values: &patches, strides: (count, 1) };
        let starts = biases.map_or(Starts::Zeros, Starts::Rows);
        let options = call.run.options;
        Product { rows, steps, columns: count, left, right: &right, starts, dtype, options }.run(block);
    }
    one(Tensor::new(shape, Data::Float(dtype, output)))
}
