//! Operators that move elements and compute nothing.

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::broadcast::{self, positions};
use crate::call::{Call, axis, dim};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

pub(super) fn shape(call: &Call<'_>) -> Outputs {
    let dims = call.tensor(0)?.shape();
    let rank = dims.len() as i64;
    let bound = |value: i64| (if value < 0 { value + rank } else { value }).clamp(0, rank) as usize;
    let (start, end) = (bound(call.integer("start", 0)?), bound(call.integer("end", rank)?));
    let dims = dims.get(start..end).unwrap_or_default();
    one(Tensor::integers(dims.iter().map(|dim| *dim as i64).collect()))
}

pub(super) fn size(call: &Call<'_>) -> Outputs {
    one(Tensor::scalar(Data::Integer(DType::I64, vec![call.tensor(0)?.len() as i64])))
}

pub(super) fn reshape(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let told = call.list(1, "shape")?.ok_or_else(|| Failure::refused("no shape"))?;
    let keeps_zero = !call.flag("allowzero", false)?;
    let mut shape = Vec::with_capacity(told.len());
    let mut open = None;
    for (index, size) in told.iter().enumerate() {
        shape.push(match size {
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            0 if keeps_zero => *tensor.shape().get(index).ok_or_else(|| no_fit(tensor, &told))?,
            size => dim(*size)?,
        });
    }
    let known = crate::tensor::count(&shape).ok_or_else(|| no_fit(tensor, &told))?;
    if let Some(open) = open {
        shape[open] = tensor.len().checked_div(known).ok_or_else(|| no_fit(tensor, &told))?;
    }
    if crate::tensor::count(&shape) != Some(tensor.len()) {
        return Err(no_fit(tensor, &told));
    }
    one(tensor.reshaped(shape))
}

fn no_fit(tensor: &Tensor, told: &[i64]) -> Failure {
    Failure::refused(format!("the shape {told:?} for {:?}", tensor.shape()))
}

pub(super) fn flatten(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let told = call.integer("axis", 1)?;
    let at = if told == tensor.rank() as i64 { tensor.rank() } else { axis(told, tensor.rank())? };
    let (rows, columns) = tensor.shape().split_at(at);
    one(tensor.reshaped(vec![rows.iter().product(), columns.iter().product()]))
}

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

pub(super) fn unsqueeze(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let told = call.list(1, "axes")?.ok_or_else(|| Failure::refused("no axes"))?;
    let rank = tensor.rank() + told.len();
    let mut axes: Vec<usize> = told.iter().map(|told| axis(*told, rank)).collect::<Result<_, _>>()?;
    axes.sort_unstable();
    axes.dedup();
    if axes.len() != told.len() {
        return Err(Failure::refused(format!("an axis twice in {told:?}")));
    }
    let mut dims = tensor.shape().iter();
    let dim = |at: usize| if axes.contains(&at) { 1 } else { *dims.next().unwrap_or(&1) };
    one(tensor.reshaped((0..rank).map(dim).collect()))
}

pub(super) fn squeeze(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let axes: Vec<usize> = match call.list(1, "axes")? {
        Some(told) => told.iter().map(|told| axis(*told, tensor.rank())).collect::<Result<_, _>>()?,
        None => (0..tensor.rank()).filter(|dim| tensor.shape()[*dim] == 1).collect(),
    };
    if let Some(wrong) = axes.iter().find(|dim| tensor.shape()[**dim] != 1) {
        return Err(Failure::refused(format!("dim {wrong} of {:?} is not 1", tensor.shape())));
    }
    let kept = tensor.shape().iter().enumerate().filter(|(dim, _)| !axes.contains(dim));
    one(tensor.reshaped(kept.map(|(_, size)| *size).collect()))
}

pub(super) fn expand(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let told: Vec<usize> =
        call.tensor(1)?.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
    let shape = broadcast::shape(&[tensor.shape(), &told], call.limits())?;
    one(stretched(tensor, shape))
}

/// A tensor stretched to a shape that it fits.
pub(super) fn stretched(tensor: &Tensor, shape: Vec<usize>) -> Tensor {
    let steps = broadcast::steps(tensor.shape(), &shape);
    let data = tensor.data().gather(positions(&shape, &steps));
    Tensor::new(shape, data)
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

pub(super) fn concat(call: &Call<'_>) -> Outputs {
    let tensors = call.tensors()?;
    let first = tensors.first().ok_or_else(|| Failure::refused("nothing to join"))?;
    let default = i64::from(call.opset < 4);
    let along = call.axis("axis", default, first.rank())?;
    one(joined(call, &tensors, along)?)
}

/// Tensors one after the other along an axis.
pub(super) fn joined(call: &Call<'_>, tensors: &[&Tensor], along: usize) -> Result<Tensor, Failure> {
    let mut shape = tensors[0].shape().to_vec();
    shape[along] = 0;
    for tensor in tensors {
        let same = tensor.rank() == shape.len()
            && tensor
                .shape()
                .iter()
                .zip(&shape)
                .enumerate()
                .all(|(dim, (own, known))| dim == along || own == known);
        if !same {
            return Err(Failure::refused(format!("{:?} beside {:?}", tensor.shape(), tensors[0].shape())));
        }
        shape[along] += tensor.shape()[along];
    }
    call.count(&shape)?;
    let outer: usize = shape[..along].iter().product();
    let rows: Vec<usize> = tensors.iter().map(|tensor| tensor.shape()[along..].iter().product()).collect();
    macro_rules! joined {
        ($variant:pat => $values:ident, $make:expr) => {{
            let mut parts = Vec::with_capacity(tensors.len());
            for tensor in tensors {
                match tensor.data() {
                    $variant => parts.push($values.as_slice()),
                    other => return Err(Failure::refused(format!("{} beside other types", other.kind()))),
                }
            }
            let mut output = Vec::with_capacity(shape.iter().product());
            for row in 0..outer {
                for (part, length) in parts.iter().zip(&rows) {
                    output.extend_from_slice(&part[row * length..][..*length]);
                }
            }
            $make(output)
        }};
    }
    let data = match tensors[0].data() {
        Data::Float(dtype, _) => {
            joined!(Data::Float(_, values) => values, |output| Data::Float(*dtype, output))
        }
        Data::Integer(dtype, _) => {
            joined!(Data::Integer(_, values) => values, |output| Data::Integer(*dtype, output))
        }
        Data::Boolean(_) => joined!(Data::Boolean(values) => values, Data::Boolean),
        Data::Text(_) => joined!(Data::Text(values) => values, Data::Text),
    };
    Ok(Tensor::new(shape, data))
}

/// A part of a tensor along one axis.
pub(super) fn part(tensor: &Tensor, along: usize, start: usize, length: usize) -> Tensor {
    let own = strides(tensor.shape());
    let mut shape = tensor.shape().to_vec();
    shape[along] = length;
    let offset = start * own[along];
    let data = tensor.data().gather(positions(&shape, &own).map(|at| at + offset));
    Tensor::new(shape, data)
}

pub(super) fn split(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let along = call.axis("axis", 0, tensor.rank())?;
    let size = tensor.shape()[along];
    let lengths: Vec<usize> = if let Some(told) = call.list(1, "split")? {
        told.iter().map(|length| dim(*length)).collect::<Result<_, _>>()?
    } else {
        let count = match call.integer("num_outputs", 0)? {
            0 => call.node.outputs.len(),
            told => dim(told)?,
        }
        .max(1);
        let length = size.div_ceil(count);
        (0..count).map(|index| length.min(size.saturating_sub(index * length))).collect()
    };
    if lengths.iter().try_fold(0_usize, |sum, length| sum.checked_add(*length)) != Some(size) {
        return Err(Failure::refused(format!("parts of {lengths:?} of {size}")));
    }
    let mut start = 0;
    let parts = lengths.into_iter().map(|length| {
        let made = part(tensor, along, start, length);
        start += length;
        made.into()
    });
    Ok(parts.collect())
}

/// Start and step of a slice along a dim, and how many elements it has.
fn bounds(size: usize, start: i64, end: i64, step: i64) -> (i64, usize) {
    let size = size as i64;
    let from_front = |value: i64| if value < 0 { value.saturating_add(size) } else { value };
    let (start, end) = (from_front(start), from_front(end));
    let (start, end) = if step > 0 {
        (start.clamp(0, size), end.clamp(0, size))
    } else {
        (start.clamp(-1, size - 1), end.clamp(-1, size - 1))
    };
    let distance = if step > 0 { end - start } else { start - end };
    let count = if distance > 0 { (distance + step.abs() - 1) / step.abs() } else { 0 };
    (start, count as usize)
}

pub(super) fn slice(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let starts = call.list(1, "starts")?.ok_or_else(|| Failure::refused("no starts"))?;
    let ends = call.list(2, "ends")?.ok_or_else(|| Failure::refused("no ends"))?;
    let axes = call.list(3, "axes")?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = call.list(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    if ends.len() != starts.len() || axes.len() != starts.len() || steps.len() != starts.len() {
        return Err(Failure::refused("starts, ends, axes and steps of different lengths"));
    }
    let own = strides(tensor.shape());
    let mut shape = tensor.shape().to_vec();
    let mut moves: Vec<i64> = own.iter().map(|step| *step as i64).collect();
    let mut offset = 0_i64;
    for (index, told) in axes.iter().enumerate() {
        let along = axis(*told, tensor.rank())?;
        let step = steps[index];
        if step == 0 || step == i64::MIN {
            return Err(Failure::refused(format!("a step of {step}")));
        }
        let (start, count) = bounds(tensor.shape()[along], starts[index], ends[index], step);
        shape[along] = count;
        offset += start * own[along] as i64;
        moves[along] = step.saturating_mul(own[along] as i64);
    }
    let data = tensor.data().gather(walk(&shape, &moves, offset));
    one(Tensor::new(shape, data))
}

/// Positions along dims whose steps may go backwards.
fn walk<'a>(shape: &'a [usize], steps: &'a [i64], offset: i64) -> impl Iterator<Item = usize> + 'a {
    let total = crate::tensor::count(shape).unwrap_or(0);
    let mut index = vec![0; shape.len()];
    let mut at = offset;
    (0..total).map(move |_| {
        let current = at;
        for dim in (0..shape.len()).rev() {
            index[dim] += 1;
            at = at.wrapping_add(steps[dim]);
            if index[dim] < shape[dim] {
                break;
            }
            at = at.wrapping_sub(steps[dim].wrapping_mul(shape[dim] as i64));
            index[dim] = 0;
        }
        current as usize
    })
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

pub(super) fn pad(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let name = if call.opset < 2 { "paddings" } else { "pads" };
    let told = call.list(1, name)?.ok_or_else(|| Failure::refused("no pads"))?;
    let axes: Vec<usize> = match call.optional(3)? {
        Some(axes) => {
            axes.whole()?.1.iter().map(|told| axis(*told, tensor.rank())).collect::<Result<_, _>>()?
        }
        None => (0..tensor.rank()).collect(),
    };
    if told.len() != axes.len() * 2 {
        return Err(Failure::refused(format!("{} pads for {} axes", told.len(), axes.len())));
    }
    let mut before = vec![0_i64; tensor.rank()];
    let mut shape = tensor.shape().to_vec();
    for (index, along) in axes.iter().enumerate() {
        before[*along] = told[index];
        let size =
            (shape[*along] as i64).saturating_add(told[index]).saturating_add(told[index + axes.len()]);
        shape[*along] = dim(size)?;
    }
    let total = call.count(&shape)?;
    let mode = call.text("mode", "constant")?;
    let own = strides(tensor.shape());
    let made = strides(&shape);
    // Where each element comes from; nothing for padding.
    let source = |at: usize| -> Option<usize> {
        let mut place = 0;
        for dim in 0..shape.len() {
            let index = (at / made[dim] % shape[dim]) as i64 - before[dim];
            place += reflected(index, tensor.shape()[dim] as i64, mode)? * own[dim];
        }
        Some(place)
    };
    if mode != "constant" && total > 0 && tensor.is_empty() {
        return Err(Failure::refused("padding from no elements"));
    }
    if !["constant", "reflect", "edge", "wrap"].contains(&mode) {
        return Err(Failure::unsupported(format!("padding of the mode `{mode}`")));
    }
    let value = call.optional(2)?;
    one(match tensor.data() {
        Data::Float(dtype, values) => {
            let fill = match value {
                Some(value) => value.floats()?.1.first().copied().unwrap_or(0.0),
                None => call.float("value", 0.0)?,
            };
            let element = |at: usize| source(at).map_or(fill, |at| values[at]);
            Tensor::rounded(shape.clone(), *dtype, (0..total).map(element).collect())
        }
        Data::Integer(dtype, values) => {
            let fill =
                value.map(|value| value.whole().map(|(_, values)| values.first().copied().unwrap_or(0)));
            let fill = fill.transpose()?.unwrap_or(0);
            let element = |at: usize| source(at).map_or(fill, |at| values[at]);
            Tensor::wrapped(shape.clone(), *dtype, (0..total).map(element).collect())
        }
        Data::Boolean(values) => {
            let fill = value.map(|value| value.truths().map(|values| values.contains(&true)));
            let fill = fill.transpose()?.unwrap_or(false);
            let element = |at: usize| source(at).map_or(fill, |at| values[at]);
            Tensor::new(shape.clone(), Data::Boolean((0..total).map(element).collect()))
        }
        Data::Text(values) => {
            let element = |at: usize| source(at).map_or_else(String::new, |at| values[at].clone());
            Tensor::new(shape.clone(), Data::Text((0..total).map(element).collect()))
        }
    })
}

/// An index inside of a dim for one that may lie outside; nothing where that is padding.
fn reflected(index: i64, size: i64, mode: &str) -> Option<usize> {
    let inside = match mode {
        "edge" => index.clamp(0, size - 1),
        "wrap" => index.rem_euclid(size),
        "reflect" if size == 1 => 0,
        "reflect" => {
            let period = 2 * (size - 1);
            let at = index.rem_euclid(period);
            if at < size { at } else { period - at }
        }
        _ => index,
    };
    usize::try_from(inside).ok().filter(|inside| (*inside as i64) < size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_those_of_python() {
        assert_eq!(bounds(5, 1, i64::MAX, 1), (1, 4));
        assert_eq!(bounds(5, -1, i64::MIN, -1), (4, 5));
        assert_eq!(bounds(5, 3, 0, -2), (3, 2));
        assert_eq!(bounds(5, 9, 10, 1), (5, 0));
        assert_eq!(bounds(0, 0, 3, 1).1, 0);
    }

    #[test]
    fn padding_comes_from_where_its_mode_says() {
        let row = |mode| (-3..6).map(|index| reflected(index, 3, mode)).collect::<Vec<_>>();
        let some = |values: [usize; 9]| values.map(Some).to_vec();
        assert_eq!(row("edge"), some([0, 0, 0, 0, 1, 2, 2, 2, 2]));
        assert_eq!(row("reflect"), some([1, 2, 1, 0, 1, 2, 1, 0, 1]));
        assert_eq!(row("wrap"), some([0, 1, 2, 0, 1, 2, 0, 1, 2]));
        assert_eq!(row("constant")[..4], [None, None, None, Some(0)]);
    }
}
