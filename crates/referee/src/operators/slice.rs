//! Parts of tensors: slices, splits, and tensors put together again.

use super::{Outputs, one};
use crate::broadcast::positions;
use crate::call::{Call, axis, dim};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

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
        let count = call.node.outputs.len().max(1);
        if dim(call.integer("num_outputs", count as i64)?)? != count {
            return Err(Failure::refused(format!("parts for {count} outputs are needed")));
        }
        let length = size.div_ceil(count);
        (0..count).map(|index| length.min(size.saturating_sub(index * length))).collect()
    };
    fit(&lengths, size)?;
    let mut start = 0;
    let parts = lengths.into_iter().map(|length| {
        let made = part(tensor, along, start, length);
        start += length;
        made.into()
    });
    Ok(parts.collect())
}

/// Refuses parts that are not all of an axis.
pub(super) fn fit(lengths: &[usize], size: usize) -> Result<(), Failure> {
    match lengths.iter().try_fold(0_usize, |sum, length| sum.checked_add(*length)) {
        Some(sum) if sum == size => Ok(()),
        _ => Err(Failure::refused(format!("parts of {lengths:?} of {size}"))),
    }
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
}
