//! Elements in another order.

use super::{Outputs, one};
use crate::broadcast::positions;
use crate::call::{Call, axis, dim};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

pub(super) fn transpose(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let order: Vec<usize> = match call.integers("perm")? {
        Some(told) => told.iter().map(|told| axis(*told, tensor.rank())).collect::<Result<_, _>>()?,
        None => (0..tensor.rank()).rev().collect(),
    };
    one(permuted(tensor, &order)?)
}

/// A tensor with its dims in another order.
pub(super) fn permuted(tensor: &Tensor, order: &[usize]) -> Result<Tensor, Failure> {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    if sorted != (0..tensor.rank()).collect::<Vec<_>>() {
        return Err(Failure::refused(format!("the order {order:?} of {} dims", tensor.rank())));
    }
    let own = strides(tensor.shape());
    let shape: Vec<usize> = order.iter().map(|dim| tensor.shape()[*dim]).collect();
    let steps: Vec<usize> = order.iter().map(|dim| own[*dim]).collect();
    let data = tensor.data().gather(positions(&shape, &steps));
    Ok(Tensor::new(shape, data))
}

pub(super) fn tile(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (_, repeats) = call.tensor(1)?.whole()?;
    if repeats.len() != tensor.rank() {
        return Err(Failure::refused(format!("{} repeats of {} dims", repeats.len(), tensor.rank())));
    }
    let repeats: Vec<usize> = repeats.iter().map(|repeat| dim(*repeat)).collect::<Result<_, _>>()?;
    let sizes = tensor.shape().iter().zip(&repeats);
    let shape: Vec<usize> = sizes.map(|(size, repeat)| size.saturating_mul(*repeat)).collect();
    call.count(&shape)?;
    // Each dim is two: how often, and which.
    let own = strides(tensor.shape());
    let pairs: Vec<usize> =
        repeats.iter().zip(tensor.shape()).flat_map(|(repeat, size)| [*repeat, *size]).collect();
    let steps: Vec<usize> = own.iter().flat_map(|step| [0, *step]).collect();
    let data = tensor.data().gather(positions(&pairs, &steps));
    one(Tensor::new(shape, data))
}

/// `[batch, channels, height, width]` spread over six dims, put in another order and folded to four again.
fn blocks(tensor: &Tensor, spread: Option<[usize; 5]>, order: [usize; 6], folds: [usize; 3]) -> Outputs {
    let refused = || Failure::refused(format!("blocks in {:?}", tensor.shape()));
    let batch = tensor.shape()[0];
    let spread = spread.filter(|spread| {
        crate::tensor::count(spread).and_then(|count| count.checked_mul(batch)) == Some(tensor.len())
    });
    let shape = [&[batch], spread.ok_or_else(refused)?.as_slice()].concat();
    let moved = permuted(&tensor.reshaped(shape), &order)?;
    let mut dims = moved.shape()[1..].iter();
    let folded = folds.map(|count| dims.by_ref().take(count).product());
    one(moved.reshaped([&[batch], folded.as_slice()].concat()))
}

/// Channels, height, width and the size of blocks.
fn plane<'a>(call: &Call<'a>) -> Result<(&'a Tensor, [usize; 4]), Failure> {
    let tensor = call.tensor(0)?;
    let size = dim(call.integer("blocksize", 0)?)?;
    match *tensor.shape() {
        [_, channels, height, width] => Ok((tensor, [channels, height, width, size])),
        ref shape => Err(Failure::refused(format!("expected four dims, got {shape:?}"))),
    }
}

pub(super) fn depth_to_space(call: &Call<'_>) -> Outputs {
    let (tensor, [channels, height, width, size]) = plane(call)?;
    let outer = size.checked_mul(size).and_then(|area| channels.checked_div(area));
    if call.text("mode", "DCR")? == "CRD" {
        let spread = outer.map(|outer| [outer, size, size, height, width]);
        return blocks(tensor, spread, [0, 1, 4, 2, 5, 3], [1, 2, 2]);
    }
    let spread = outer.map(|outer| [size, size, outer, height, width]);
    blocks(tensor, spread, [0, 3, 4, 1, 5, 2], [1, 2, 2])
}

pub(super) fn space_to_depth(call: &Call<'_>) -> Outputs {
    let (tensor, [channels, height, width, size]) = plane(call)?;
    let spread = height.checked_div(size).zip(width.checked_div(size));
    let spread = spread.map(|(rows, columns)| [channels, rows, size, columns, size]);
    blocks(tensor, spread, [0, 3, 5, 1, 2, 4], [3, 1, 1])
}

pub(super) fn reverse_sequence(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (_, lengths) = call.tensor(1)?.whole()?;
    let (time, batch) =
        (call.axis("time_axis", 0, tensor.rank())?, call.axis("batch_axis", 1, tensor.rank())?);
    if lengths.len() != tensor.shape()[batch] || time == batch {
        return Err(Failure::refused(format!("{} lengths for {:?}", lengths.len(), tensor.shape())));
    }
    let own = strides(tensor.shape());
    let source = |at: usize| {
        let (step, item) = (at / own[time] % tensor.shape()[time], at / own[batch] % tensor.shape()[batch]);
        let length = usize::try_from(lengths[item]).unwrap_or(0).min(tensor.shape()[time]);
        if step < length { at - step * own[time] + (length - 1 - step) * own[time] } else { at }
    };
    let data = tensor.data().gather((0..tensor.len()).map(source));
    one(Tensor::new(tensor.shape().to_vec(), data))
}

pub(super) fn trilu(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let diagonal = call.optional(1)?.map_or(Ok(0), Tensor::single)?;
    let upper = call.flag("upper", true)?;
    let [.., rows, columns] = *tensor.shape() else { return Err(Failure::refused("no matrix")) };
    let keeps = |at: usize| {
        let (row, column) = (at / columns % rows, at % columns);
        let distance = (column as i64).saturating_sub(row as i64);
        if upper { distance >= diagonal } else { distance <= diagonal }
    };
    let shape = tensor.shape().to_vec();
    one(match tensor.data().clone() {
        Data::Float(dtype, mut values) => {
            values.iter_mut().enumerate().filter(|(at, _)| !keeps(*at)).for_each(|(_, value)| *value = 0.0);
            Tensor::new(shape, Data::Float(dtype, values))
        }
        Data::Integer(dtype, mut values) => {
            values.iter_mut().enumerate().filter(|(at, _)| !keeps(*at)).for_each(|(_, value)| *value = 0);
            Tensor::new(shape, Data::Integer(dtype, values))
        }
        Data::Boolean(mut values) => {
            values.iter_mut().enumerate().filter(|(at, _)| !keeps(*at)).for_each(|(_, value)| *value = false);
            Tensor::new(shape, Data::Boolean(values))
        }
        other @ Data::Text(_) => return Err(Failure::refused(format!("a triangle of {}", other.kind()))),
    })
}
