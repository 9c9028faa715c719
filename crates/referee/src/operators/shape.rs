//! The same elements in another shape.

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::broadcast::{self, positions};
use crate::call::{Call, axis, dim};
use crate::tensor::Data;
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
