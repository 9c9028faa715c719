//! Elements by their indices: picked, or put there.

use super::{Outputs, one};
use crate::arithmetic::order;
use crate::broadcast::positions;
use crate::call::{Call, dim};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

/// An index counted from the front.
fn index(value: i64, size: usize) -> Result<usize, Failure> {
    let from_front = if value < 0 { value.saturating_add(size as i64) } else { value };
    usize::try_from(from_front)
        .ok()
        .filter(|index| *index < size)
        .ok_or_else(|| Failure::refused(format!("the index {value} of {size}")))
}

pub(super) fn gather(call: &Call<'_>) -> Outputs {
    let (tensor, indices) = (call.tensor(0)?, call.tensor(1)?);
    let along = call.axis("axis", 0, tensor.rank())?;
    let size = tensor.shape()[along];
    let rows: Vec<usize> =
        indices.whole()?.1.iter().map(|value| index(*value, size)).collect::<Result<_, _>>()?;
    let (outer, rest) = tensor.shape().split_at(along);
    let inner: usize = rest[1..].iter().product();
    let shape = [outer, indices.shape(), &rest[1..]].concat();
    call.count(&shape)?;
    let outer: usize = outer.iter().product();
    let places = (0..outer).flat_map(|outer| rows.iter().map(move |row| (outer * size + row) * inner));
    let data = tensor.data().gather(places.flat_map(|start| start..start + inner));
    one(Tensor::new(shape, data))
}

pub(super) fn gather_elements(call: &Call<'_>) -> Outputs {
    let (tensor, indices) = (call.tensor(0)?, call.tensor(1)?);
    let along = call.axis("axis", 0, tensor.rank())?;
    let places = element_places(tensor, indices, along)?;
    one(Tensor::new(indices.shape().to_vec(), tensor.data().gather(places.into_iter())))
}

/// For each index, the element that it names along an axis.
fn element_places(tensor: &Tensor, indices: &Tensor, along: usize) -> Result<Vec<usize>, Failure> {
    let fits = indices.rank() == tensor.rank()
        && (0..tensor.rank()).all(|dim| dim == along || indices.shape()[dim] <= tensor.shape()[dim]);
    if !fits {
        return Err(Failure::refused(format!("indices of {:?} for {:?}", indices.shape(), tensor.shape())));
    }
    let mut steps = strides(tensor.shape());
    let step = std::mem::take(&mut steps[along]);
    let rows = indices.whole()?.1.iter().map(|value| index(*value, tensor.shape()[along]));
    rows.zip(positions(indices.shape(), &steps)).map(|(row, at)| Ok(at + row? * step)).collect()
}

pub(super) fn gather_nd(call: &Call<'_>) -> Outputs {
    let (tensor, indices) = (call.tensor(0)?, call.tensor(1)?);
    let batch = dim(call.integer("batch_dims", 0)?)?;
    let (starts, inner) = nd_places(tensor, indices, batch)?;
    let last = indices.shape()[indices.rank() - 1];
    let shape = [&indices.shape()[..indices.rank() - 1], &tensor.shape()[batch + last..]].concat();
    call.count(&shape)?;
    let data = tensor.data().gather(starts.into_iter().flat_map(|start| start..start + inner));
    one(Tensor::new(shape, data))
}

/// For each tuple of indices, where what it names begins, and how many elements that has.
fn nd_places(tensor: &Tensor, indices: &Tensor, batch: usize) -> Result<(Vec<usize>, usize), Failure> {
    let refused = || Failure::refused(format!("indices of {:?} for {:?}", indices.shape(), tensor.shape()));
    let Some((last, outer)) = indices.shape().split_last() else { return Err(refused()) };
    if batch > outer.len() || batch + last > tensor.rank() || outer[..batch] != tensor.shape()[..batch] {
        return Err(refused());
    }
    let own = strides(tensor.shape());
    let inner: usize = tensor.shape()[batch + last..].iter().product();
    let batches: usize = outer[..batch].iter().product();
    let tuples: usize = outer[batch..].iter().product();
    let size: usize = tensor.shape()[batch..].iter().product();
    let (_, values) = indices.whole()?;
    let mut starts = Vec::with_capacity(batches * tuples);
    for tuple in 0..batches * tuples {
        let mut start = tuple / tuples.max(1) * size;
        for (at, value) in values[tuple * last..][..*last].iter().enumerate() {
            start += index(*value, tensor.shape()[batch + at])? * own[batch + at];
        }
        starts.push(start);
    }
    Ok((starts, inner))
}

/// Puts updates at places of a copy, one after the other; later ones see earlier ones.
fn scatter(call: &Call<'_>, places: impl Iterator<Item = usize>) -> Outputs {
    let (tensor, updates) = (call.tensor(0)?, call.tensor(2)?);
    let reduction = call.text("reduction", "none")?;
    let shape = tensor.shape().to_vec();
    one(match (tensor.data().clone(), updates.data()) {
        (Data::Float(dtype, mut values), Data::Float(_, updates)) => {
            for (at, update) in places.zip(updates) {
                values[at] = match reduction {
                    "add" => values[at] + update,
                    "mul" => values[at] * update,
                    "max" => order::maximum(values[at], *update),
                    "min" => order::minimum(values[at], *update),
                    _ => *update,
                };
            }
            Tensor::rounded(shape, dtype, values)
        }
        (Data::Integer(dtype, mut values), Data::Integer(_, updates)) => {
            for (at, update) in places.zip(updates) {
                values[at] = match reduction {
                    "add" => values[at].wrapping_add(*update),
                    "mul" => values[at].wrapping_mul(*update),
                    "max" => values[at].max(*update),
                    "min" => values[at].min(*update),
                    _ => *update,
                };
            }
            Tensor::wrapped(shape, dtype, values)
        }
        (Data::Boolean(mut values), Data::Boolean(updates)) => {
            places.zip(updates).for_each(|(at, update)| values[at] = *update);
            Tensor::new(shape, Data::Boolean(values))
        }
        (Data::Text(mut values), Data::Text(updates)) => {
            places.zip(updates).for_each(|(at, update)| values[at].clone_from(update));
            Tensor::new(shape, Data::Text(values))
        }
        (data, updates) => {
            return Err(Failure::refused(format!("updates of {} for {}", updates.kind(), data.kind())));
        }
    })
}

pub(super) fn scatter_elements(call: &Call<'_>) -> Outputs {
    let (tensor, indices) = (call.tensor(0)?, call.tensor(1)?);
    let along = call.axis("axis", 0, tensor.rank())?;
    if indices.shape() != call.tensor(2)?.shape() {
        return Err(Failure::refused("as many updates as indices are needed"));
    }
    scatter(call, element_places(tensor, indices, along)?.into_iter())
}

pub(super) fn scatter_nd(call: &Call<'_>) -> Outputs {
    let (starts, inner) = nd_places(call.tensor(0)?, call.tensor(1)?, 0)?;
    if call.tensor(2)?.len() != starts.len() * inner {
        return Err(Failure::refused(format!(
            "{} updates for {}",
            call.tensor(2)?.len(),
            starts.len() * inner
        )));
    }
    scatter(call, starts.into_iter().flat_map(|start| start..start + inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_count_from_both_ends() {
        assert_eq!(index(-1, 3).unwrap(), 2);
        assert!(index(3, 3).is_err() && index(-4, 3).is_err() && index(i64::MIN, 3).is_err());
    }
}
