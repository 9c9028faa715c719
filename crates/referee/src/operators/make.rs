//! Operators that make tensors from what they are told.

use reproof_tensor::DType;

use super::cast::converted;
use super::{Outputs, one};
use crate::arithmetic::elementary;
use crate::call::{Call, Kind, dim};
use crate::graph::Attribute;
use crate::tensor::{Data, is_float};
use crate::{Failure, Tensor};

pub(super) fn constant(call: &Call<'_>) -> Outputs {
    let float = |values: Vec<f64>| Data::Float(call.run.float(DType::F32), values);
    for (name, attribute) in &call.node.attributes {
        return Ok(vec![match (name.as_str(), attribute) {
            ("value", Attribute::Tensor(tensor)) => call.run.constant(tensor),
            ("value_float", Attribute::Float(value)) => Tensor::scalar(float(vec![f64::from(*value)])).into(),
            ("value_floats", Attribute::Floats(values)) => {
                let values: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
                Tensor::new(vec![values.len()], float(values)).into()
            }
            ("value_int", Attribute::Integer(value)) => {
                Tensor::scalar(Data::Integer(DType::I64, vec![*value])).into()
            }
            ("value_ints", Attribute::Integers(values)) => Tensor::integers(values.clone()).into(),
            ("value_string", Attribute::Text(value)) => {
                Tensor::scalar(Data::Text(vec![value.clone()])).into()
            }
            ("value_strings", Attribute::Texts(values)) => {
                Tensor::new(vec![values.len()], Data::Text(values.clone())).into()
            }
            _ => continue,
        }]);
    }
    Err(Failure::unsupported("a constant without a dense value"))
}

pub(super) fn constant_of_shape(call: &Call<'_>) -> Outputs {
    let shape: Vec<usize> =
        call.tensor(0)?.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
    let count = call.count(&shape)?;
    let value = match call.attribute("value") {
        Some(Attribute::Tensor(tensor)) if tensor.len() == 1 => call.run.constant(tensor),
        Some(_) => return Err(Failure::refused("expected one value")),
        None => Tensor::new(vec![1], Data::Float(call.run.float(DType::F32), vec![0.0])).into(),
    };
    let data = value.tensor()?.data().gather(std::iter::repeat_n(0, count));
    one(Tensor::new(shape, data))
}

/// `start + i * step` for as many `i` as lie before the limit.
pub(super) fn range(call: &Call<'_>) -> Outputs {
    let [start, limit, step] = [call.tensor(0)?, call.tensor(1)?, call.tensor(2)?];
    if let Data::Float(dtype, _) = start.data() {
        let one_of = |tensor: &Tensor| match tensor.floats()?.1 {
            [value] => Ok(*value),
            values => Err(Failure::refused(format!("expected one number, got {}", values.len()))),
        };
        let (first, limit, step) = (one_of(start)?, one_of(limit)?, one_of(step)?);
        let count = ((limit - first) / step).ceil();
        if !count.is_finite() {
            return Err(Failure::refused("a range without end"));
        }
        let count = call.count(&[count.max(0.0) as usize])?;
        let values = (0..count).map(|index| first + index as f64 * step).collect();
        return one(Tensor::rounded(vec![count], *dtype, values));
    }
    let (first, limit, step) = (start.single()?, limit.single()?, step.single()?);
    if step == 0 {
        return Err(Failure::refused("a range without end"));
    }
    let distance = i128::from(limit) - i128::from(first);
    let step_wide = i128::from(step);
    let count = if distance.signum() == step_wide.signum() {
        (distance + step_wide - step_wide.signum()) / step_wide
    } else {
        0
    };
    let count = call.count(&[usize::try_from(count).unwrap_or(0)])?;
    let values = (0..count as i64).map(|index| first.wrapping_add(index.wrapping_mul(step))).collect();
    one(Tensor::wrapped(vec![count], start.whole()?.0, values))
}

pub(super) fn eye_like(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let [rows, columns] = *tensor.shape() else {
        return Err(Failure::refused(format!("expected a matrix, got {:?}", tensor.shape())));
    };
    let kind = match call.integer("dtype", 0)? {
        0 => Kind::of(tensor.data()),
        code => call.kind(code)?,
    };
    let diagonal = call.integer("k", 0)?;
    let value =
        |at: usize| i64::from((at % columns) as i64 == ((at / columns) as i64).saturating_add(diagonal));
    let whole = Tensor::wrapped(vec![rows, columns], DType::I64, (0..rows * columns).map(value).collect());
    one(converted(&whole, kind, true)?)
}

/// A window function `a0 - a1 cos(2 pi i / n) + a2 cos(4 pi i / n)`, in float64.
fn window(call: &Call<'_>, [a0, a1, a2]: [f64; 3]) -> Outputs {
    let size = dim(call.tensor(0)?.single()?)?;
    let Kind::Number(dtype) = call.dtype("output_datatype", DType::F32)? else {
        return Err(Failure::refused("a window of texts"));
    };
    if !is_float(dtype) {
        return Err(Failure::unsupported(format!("a window of {dtype}")));
    }
    let length = if call.flag("periodic", true)? { size } else { size.saturating_sub(1) } as f64;
    let turn = 2.0 * std::f64::consts::PI;
    let value = |index: usize| {
        let angle = turn * index as f64 / length;
        a0 - a1 * elementary::cos(angle) + a2 * elementary::cos(2.0 * angle)
    };
    let count = call.count(&[size])?;
    one(Tensor::rounded(vec![size], dtype, (0..count).map(value).collect()))
}

pub(super) fn hann_window(call: &Call<'_>) -> Outputs {
    window(call, [0.5, 0.5, 0.0])
}

pub(super) fn hamming_window(call: &Call<'_>) -> Outputs {
    window(call, [25.0 / 46.0, 1.0 - 25.0 / 46.0, 0.0])
}

pub(super) fn blackman_window(call: &Call<'_>) -> Outputs {
    window(call, [0.42, 0.5, 0.08])
}

/// An operator that draws numbers has no result to compare with.
pub(super) fn random(_: &Call<'_>) -> Outputs {
    Err(Failure::refused(
        "it draws random numbers, so that no run is like another: freeze what it draws, or take it out",
    ))
}
