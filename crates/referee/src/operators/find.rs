//! Elements found by what they are.

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::arithmetic::order;
use crate::call::{Call, dim};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

pub(super) fn compress(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let kept: Vec<usize> = {
        let truths = call.tensor(1)?.truths()?;
        truths.iter().enumerate().filter(|(_, truth)| **truth).map(|(at, _)| at).collect()
    };
    if !call.has("axis") {
        let kept: Vec<usize> = kept.into_iter().filter(|at| *at < tensor.len()).collect();
        return one(Tensor::new(vec![kept.len()], tensor.data().gather(kept.into_iter())));
    }
    let along = call.axis("axis", 0, tensor.rank())?;
    let size = tensor.shape()[along];
    let kept: Vec<usize> = kept.into_iter().filter(|at| *at < size).collect();
    let inner: usize = tensor.shape()[along + 1..].iter().product();
    let outer: usize = tensor.shape()[..along].iter().product();
    let mut shape = tensor.shape().to_vec();
    shape[along] = kept.len();
    let rows = (0..outer).flat_map(|outer| kept.iter().map(move |row| (outer * size + row) * inner));
    let data = tensor.data().gather(rows.flat_map(|start| start..start + inner));
    one(Tensor::new(shape, data))
}

pub(super) fn non_zero(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let found: Vec<usize> = match tensor.data() {
        Data::Float(_, values) => places(values, |value| *value != 0.0),
        Data::Integer(_, values) => places(values, |value| *value != 0),
        Data::Boolean(values) => places(values, |value| *value),
        Data::Text(values) => places(values, |value| !value.is_empty()),
    };
    let own = strides(tensor.shape());
    let dims = own.iter().zip(tensor.shape());
    let rows = dims.flat_map(|(step, size)| found.iter().map(move |at| (at / step % size) as i64));
    one(Tensor::wrapped(vec![tensor.rank(), found.len()], DType::I64, rows.collect()))
}

fn places<T>(values: &[T], wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    values.iter().enumerate().filter(|(_, value)| wanted(value)).map(|(at, _)| at).collect()
}

pub(super) fn one_hot(call: &Call<'_>) -> Outputs {
    let (indices, depth, values) = (call.tensor(0)?, call.tensor(1)?, call.tensor(2)?);
    let depth = match depth.data() {
        Data::Float(_, values) => order::truncate(values.first().copied().unwrap_or(0.0)),
        _ => depth.single()?,
    };
    let depth = dim(depth)?;
    let along = call.axis("axis", -1, indices.rank() + 1)?;
    let mut shape = indices.shape().to_vec();
    shape.insert(along, depth);
    call.count(&shape)?;
    let whole: Vec<i64> = match indices.data() {
        Data::Float(_, values) => values.iter().map(|value| order::truncate(*value)).collect(),
        _ => indices.whole()?.1.to_vec(),
    };
    if values.len() != 2 {
        return Err(Failure::refused(format!("expected two values, got {}", values.len())));
    }
    let inner: usize = shape[along + 1..].iter().product();
    let hot = |at: usize| {
        let (outer, level, rest) =
            (at / (inner * depth).max(1), at / inner.max(1) % depth.max(1), at % inner.max(1));
        let value = whole[outer * inner + rest];
        let from_front = if value < 0 { value.saturating_add(depth as i64) } else { value };
        usize::from(from_front == level as i64)
    };
    let total = crate::tensor::count(&shape).unwrap_or(0);
    let data = values.data().gather((0..total).map(hot));
    one(Tensor::new(shape, data))
}

/// The largest (or smallest) numbers along an axis with their places. NaN is larger than every number; of equal numbers
/// the first comes first.
pub(super) fn top_k(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let along = call.axis("axis", -1, tensor.rank())?;
    let wanted = match call.optional(1)? {
        Some(wanted) => wanted.single()?,
        None => call.integer("k", 0)?,
    };
    let wanted = dim(wanted)?;
    let size = tensor.shape()[along];
    if wanted > size {
        return Err(Failure::refused(format!("the first {wanted} of {size}")));
    }
    let largest = call.flag("largest", true)?;
    let inner: usize = tensor.shape()[along + 1..].iter().product();
    let outer: usize = tensor.shape()[..along].iter().product();
    let compare = |left: usize, right: usize| {
        let order = match tensor.data() {
            Data::Float(_, values) => order::ascending(values[left], values[right]),
            Data::Integer(DType::U64, values) => (values[left] as u64).cmp(&(values[right] as u64)),
            Data::Integer(_, values) => values[left].cmp(&values[right]),
            Data::Boolean(values) => values[left].cmp(&values[right]),
            Data::Text(values) => values[left].cmp(&values[right]),
        };
        if largest { order.reverse() } else { order }
    };
    let mut shape = tensor.shape().to_vec();
    shape[along] = wanted;
    let mut found = vec![0; outer * wanted * inner];
    let mut rows = vec![0; found.len()];
    for at in 0..outer * inner {
        let (block, rest) = (at / inner, at % inner);
        let place = |row: usize| (block * size + row) * inner + rest;
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|left, right| compare(place(*left), place(*right)));
        for (rank, row) in order.into_iter().take(wanted).enumerate() {
            let target = (block * wanted + rank) * inner + rest;
            found[target] = place(row);
            rows[target] = row as i64;
        }
    }
    let values = Tensor::new(shape.clone(), tensor.data().gather(found.into_iter()));
    Ok(vec![values.into(), Tensor::wrapped(shape, DType::I64, rows).into()])
}

/// Distinct elements or slices: values, where each first is, which one each is, and how often each is there. All NaN are
/// one, after every number.
pub(super) fn unique(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let sorted = call.flag("sorted", true)?;
    let (along, slices): (Option<usize>, Vec<Vec<usize>>) = if call.has("axis") {
        let along = call.axis("axis", 0, tensor.rank())?;
        let (size, inner) = (tensor.shape()[along], tensor.shape()[along + 1..].iter().product::<usize>());
        let outer: usize = tensor.shape()[..along].iter().product();
        let slice = |row: usize| {
            let starts = (0..outer).map(|outer| (outer * size + row) * inner);
            starts.flat_map(|start| start..start + inner).collect()
        };
        (Some(along), (0..size).map(slice).collect())
    } else {
        (None, (0..tensor.len()).map(|at| vec![at]).collect())
    };
    let element = |left: usize, right: usize| match tensor.data() {
        Data::Float(_, values) => order::ascending(values[left], values[right]),
        Data::Integer(DType::U64, values) => (values[left] as u64).cmp(&(values[right] as u64)),
        Data::Integer(_, values) => values[left].cmp(&values[right]),
        Data::Boolean(values) => values[left].cmp(&values[right]),
        Data::Text(values) => values[left].cmp(&values[right]),
    };
    let compare = |left: usize, right: usize| {
        let pairs = slices[left].iter().zip(&slices[right]);
        pairs
            .map(|(left, right)| element(*left, *right))
            .find(|order| order.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    };
    let mut ranked: Vec<usize> = (0..slices.len()).collect();
    ranked.sort_by(|left, right| compare(*left, *right).then(left.cmp(right)));
    let mut firsts: Vec<usize> = Vec::new();
    let mut group = vec![0; slices.len()];
    for (rank, slice) in ranked.iter().enumerate() {
        if rank == 0 || compare(ranked[rank - 1], *slice).is_ne() {
            firsts.push(*slice);
        }
        group[*slice] = firsts.len() - 1;
    }
    if !sorted {
        let mut order: Vec<usize> = (0..firsts.len()).collect();
        order.sort_by_key(|number| firsts[*number]);
        let mut renamed = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, old)| renamed[*old] = new);
        for number in &mut group {
            *number = renamed[*number];
        }
        firsts.sort_unstable();
    }
    let mut counts = vec![0; firsts.len()];
    for number in &group {
        counts[*number] += 1;
    }
    let values = match along {
        Some(along) => {
            let mut shape = tensor.shape().to_vec();
            let (size, inner) = (shape[along], shape[along + 1..].iter().product::<usize>());
            let outer: usize = shape[..along].iter().product();
            shape[along] = firsts.len();
            let rows =
                (0..outer).flat_map(|outer| firsts.iter().map(move |row| (outer * size + row) * inner));
            Tensor::new(shape, tensor.data().gather(rows.flat_map(|start| start..start + inner)))
        }
        None => Tensor::new(vec![firsts.len()], tensor.data().gather(firsts.iter().copied())),
    };
    let whole = |values: Vec<usize>| Tensor::integers(values.into_iter().map(|value| value as i64).collect());
    Ok(vec![values.into(), whole(firsts).into(), whole(group).into(), Tensor::integers(counts).into()])
}
