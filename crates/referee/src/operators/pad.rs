//! Padding, and cutting around the middle.

use super::slice::part;
use super::{Outputs, one};
use crate::call::{Call, axis, dim};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

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

/// Cut or padded with zeros around the middle.
pub(super) fn center_crop_pad(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let told: Vec<usize> =
        call.tensor(1)?.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
    let axes: Vec<usize> = match call.integers("axes")? {
        Some(told) => told.iter().map(|told| axis(*told, tensor.rank())).collect::<Result<_, _>>()?,
        None => (0..tensor.rank()).collect(),
    };
    if axes.len() != told.len() {
        return Err(Failure::refused(format!("{} sizes for {} axes", told.len(), axes.len())));
    }
    let mut made = tensor.clone();
    for (along, size) in axes.into_iter().zip(told) {
        let own = made.shape()[along];
        if size <= own {
            made = part(&made, along, (own - size) / 2, size);
            continue;
        }
        let before = (size - own) / 2;
        let mut shape = made.shape().to_vec();
        shape[along] = size;
        let total = call.count(&shape)?;
        let (steps, source) = (strides(&shape), strides(made.shape()));
        let from = |at: usize| {
            let index = (at / steps[along] % size).checked_sub(before).filter(|index| *index < own)?;
            let dims =
                (0..shape.len()).map(|dim| if dim == along { index } else { at / steps[dim] % shape[dim] });
            Some(dims.zip(&source).map(|(index, step)| index * step).sum::<usize>())
        };
        let data = match made.data() {
            Data::Float(dtype, values) => {
                Data::Float(*dtype, (0..total).map(|at| from(at).map_or(0.0, |at| values[at])).collect())
            }
            Data::Integer(dtype, values) => {
                Data::Integer(*dtype, (0..total).map(|at| from(at).map_or(0, |at| values[at])).collect())
            }
            Data::Boolean(values) => {
                Data::Boolean((0..total).map(|at| from(at).is_some_and(|at| values[at])).collect())
            }
            Data::Text(values) => Data::Text(
                (0..total).map(|at| from(at).map_or_else(String::new, |at| values[at].clone())).collect(),
            ),
        };
        made = Tensor::new(shape, data);
    }
    one(made)
}

#[cfg(test)]
mod tests {
    use super::*;

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
