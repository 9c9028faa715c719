//! Features before a model sees them.

use reproof_tensor::DType;

use super::super::reduce::lanes;
use super::super::{Outputs, one};
use super::attributes::{expect, integers, reals};
use super::rows::{Rows, numbers, shape};
use crate::arithmetic::order::maximum;
use crate::call::{Call, dim};
use crate::tensor::{Data, wrap};
use crate::{Failure, Tensor};

/// Columns of the last dim by their numbers. A single row becomes a batch of one, as in ONNX Runtime.
pub(in super::super) fn array_feature_extractor(call: &Call<'_>) -> Outputs {
    let (input, columns) = (call.tensor(0)?, call.tensor(1)?.whole()?.1);
    let Some((width, outer)) = input.shape().split_last() else {
        return Err(Failure::refused("expected features, got a single value"));
    };
    let place = |column: &i64| {
        let known = usize::try_from(*column).ok().filter(|column| column < width);
        known.ok_or_else(|| Failure::refused(format!("the index {column} of {width}")))
    };
    let places = columns.iter().map(place).collect::<Result<Vec<usize>, _>>()?;
    let batch: &[usize] = if outer.is_empty() { &[1] } else { outer };
    let result = [batch, &[places.len()]].concat();
    // Rows without elements may be more than anybody can count through.
    let rows: usize = if call.count(&result)? == 0 { 0 } else { outer.iter().product() };
    let data =
        input.data().gather((0..rows).flat_map(|row| places.iter().map(move |place| row * width + place)));
    one(Tensor::new(result, data))
}

/// 1 above a limit, 0 elsewhere.
pub(in super::super) fn binarizer(call: &Call<'_>) -> Outputs {
    let (input, limit) = (call.tensor(0)?, call.float("threshold", 0.0)?);
    let above = numbers(input)?.into_owned().into_iter().map(|value| value > limit);
    let data = match input.data() {
        Data::Integer(dtype, _) => Data::Integer(*dtype, above.map(i64::from).collect()),
        _ => Data::Float(call.floats(0)?.0, above.map(|above| f64::from(u8::from(above))).collect()),
    };
    one(Tensor::new(input.shape().to_vec(), data))
}

/// Inputs side by side, as float32. The specification does not tell what a size of another number than that of its features
/// means: as in ONNX Runtime those beyond it are left out, and missing ones are zeros.
pub(in super::super) fn feature_vectorizer(call: &Call<'_>) -> Outputs {
    let inputs = call.tensors()?;
    let sizes = integers(call, "inputdimensions")?;
    expect("inputdimensions", inputs.len(), sizes.len())?;
    let sizes = sizes.iter().map(|size| dim(*size)).collect::<Result<Vec<usize>, _>>()?;
    let shapes = inputs.iter().map(|input| shape(input)).collect::<Result<Vec<_>, _>>()?;
    let values = inputs.iter().map(|input| numbers(input)).collect::<Result<Vec<_>, _>>()?;
    let rows = shapes.first().map_or(0, |(rows, _)| *rows);
    if let Some((other, _)) = shapes.iter().find(|(other, _)| *other != rows) {
        return Err(Failure::refused(format!("expected {rows} rows of every input, got {other}")));
    }
    let width = sizes.iter().fold(0, |sum: usize, size| sum.saturating_add(*size));
    let result = vec![rows, width];
    let count = call.count(&result)?;
    let mut joined = Vec::with_capacity(count);
    for row in 0..if count == 0 { 0 } else { rows } {
        for ((values, (_, own)), size) in values.iter().zip(&shapes).zip(&sizes) {
            let end = joined.len() + size;
            joined.extend_from_slice(&values[row * own..][..*own.min(size)]);
            joined.resize(end, 0.0);
        }
    }
    one(Tensor::rounded(result, call.run.float(DType::F32), joined))
}

/// A value of each feature, or the same of all.
fn spread<T: Copy>(name: &str, values: &[T], width: usize) -> Result<impl Fn(usize) -> T + use<T>, Failure> {
    if values.len() != 1 && (values.len() != width || values.is_empty()) {
        let got = values.len();
        return Err(Failure::refused(format!("attribute `{name}`: expected 1 or {width} values, got {got}")));
    }
    let values = values.to_vec();
    Ok(move |at: usize| values[at % values.len()])
}

/// Other values for those that stand for a missing one, of which NaN may be one.
pub(in super::super) fn imputer(call: &Call<'_>) -> Outputs {
    let input = call.tensor(0)?;
    let Some(width) = input.shape().last().copied() else {
        return Err(Failure::refused("expected features, got a single value"));
    };
    let shape = input.shape().to_vec();
    one(match input.data() {
        Data::Float(dtype, values) => {
            let name = "imputed_value_floats";
            let (missing, other) = (call.float("replaced_value_float", 0.0)?, reals(call, name)?);
            let other = spread(name, &other, width)?;
            let is_missing = |value: f64| value == missing || (value.is_nan() && missing.is_nan());
            let values = values.iter().enumerate();
            let filled = values.map(|(at, value)| if is_missing(*value) { other(at) } else { *value });
            Tensor::rounded(shape, *dtype, filled.collect())
        }
        Data::Integer(dtype, values) => {
            let name = "imputed_value_int64s";
            let (missing, other) = (call.integer("replaced_value_int64", 0)?, integers(call, name)?);
            if let Some(wide) = other.iter().find(|value| wrap(*dtype, **value) != **value) {
                return Err(Failure::refused(format!("attribute `{name}`: {wide} is no {dtype}")));
            }
            let other = spread(name, other, width)?;
            let values = values.iter().enumerate();
            let filled = values.map(|(at, value)| if *value == missing { other(at) } else { *value });
            Tensor::wrapped(shape, *dtype, filled.collect())
        }
        other => return Err(Failure::refused(format!("expected numbers, got {}", other.kind()))),
    })
}

/// `(x - offset) * scale`, each of every feature or the same of all; as float32.
pub(in super::super) fn scaler(call: &Call<'_>) -> Outputs {
    let input = call.tensor(0)?;
    let Some(width) = input.shape().last().copied() else {
        return Err(Failure::refused("expected features, got a single value"));
    };
    let told = |name: &str, neutral: f64| {
        let values = reals(call, name)?;
        Ok::<_, Failure>(if values.is_empty() { vec![neutral] } else { values })
    };
    let offset = spread("offset", &told("offset", 0.0)?, width)?;
    let scale = spread("scale", &told("scale", 1.0)?, width)?;
    let values = numbers(input)?;
    let scaled = values.iter().enumerate().map(|(at, value)| (value - offset(at)) * scale(at)).collect();
    one(Tensor::rounded(input.shape().to_vec(), call.run.float(DType::F32), scaled))
}

/// Rows divided by their size, as float32; rows of the size zero stay. The specification writes `sum(x)` for L1 and a root for
/// L2, which both lose signs; as in ONNX Runtime and in ONNX's own examples L1 is the sum of magnitudes, and signs stay.
pub(in super::super) fn normalizer(call: &Call<'_>) -> Outputs {
    let rows = Rows::of(call)?;
    let normalize: fn(&mut [f64]) = match call.text("norm", "MAX")? {
        "MAX" => |row| divide(row, row.iter().copied().fold(f64::NEG_INFINITY, maximum)),
        "L1" => |row| divide(row, lanes(row.iter().map(|value| value.abs()))),
        "L2" => euclid,
        other => return Err(Failure::refused(format!("norm `{other}`"))),
    };
    let shape = call.tensor(0)?.shape().to_vec();
    let mut values = rows.values.into_owned();
    values.chunks_exact_mut(rows.width.max(1)).for_each(normalize);
    one(Tensor::rounded(shape, call.run.float(DType::F32), values))
}

fn divide(row: &mut [f64], size: f64) {
    if size != 0.0 {
        for value in row {
            *value /= size;
        }
    }
}

/// `sqrt(x * x / sum)` with the sign of x.
fn euclid(row: &mut [f64]) {
    let sum = lanes(row.iter().map(|value| value * value));
    if sum != 0.0 {
        for value in row {
            *value = (*value * *value / sum).sqrt().copysign(*value);
        }
    }
}
