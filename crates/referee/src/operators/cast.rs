//! Other types for the same values.

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::arithmetic::order::truncate;
use crate::arithmetic::saturate;
use crate::call::{Call, Kind};
use crate::tensor::{Data, is_float, wrap};
use crate::{Failure, Tensor};

pub(super) fn cast(call: &Call<'_>) -> Outputs {
    let kind = call.kind(call.integer("to", 0)?)?;
    one(converted(call.tensor(0)?, kind, call.flag("saturate", true)?)?)
}

pub(super) fn cast_like(call: &Call<'_>) -> Outputs {
    let kind = Kind::of(call.tensor(1)?.data());
    one(converted(call.tensor(0)?, kind, call.flag("saturate", true)?)?)
}

/// A tensor of another type. Floats become integers towards zero and within the range of the type, NaN becomes 0;
/// integers become other integers by their lowest bits.
pub(super) fn converted(tensor: &Tensor, kind: Kind, saturates: bool) -> Result<Tensor, Failure> {
    let shape = tensor.shape().to_vec();
    let Kind::Number(dtype) = kind else {
        return Ok(Tensor::new(shape, Data::Text(texts(tensor.data()))));
    };
    let is_small = !matches!(dtype, DType::F64 | DType::F32 | DType::F16 | DType::BF16);
    Ok(match (tensor.data(), dtype) {
        (Data::Float(_, values), _) if is_float(dtype) && is_small && saturates => {
            let values = values.iter().map(|value| saturate(dtype, *value)).collect();
            Tensor::new(shape, Data::Float(dtype, values))
        }
        (Data::Float(_, values), _) if is_float(dtype) => Tensor::rounded(shape, dtype, values.clone()),
        (Data::Float(_, values), DType::Bool) => {
            Tensor::new(shape, Data::Boolean(values.iter().map(|value| *value != 0.0).collect()))
        }
        (Data::Float(_, values), _) => {
            let values = values.iter().map(|value| whole(dtype, *value)).collect();
            Tensor::new(shape, Data::Integer(dtype, values))
        }
        (Data::Integer(DType::U64, values), _) if is_float(dtype) => Tensor::rounded(
            shape,
            dtype,
            values.iter().map(|value| exact(dtype, i128::from(*value as u64))).collect(),
        ),
        (Data::Integer(_, values), _) if is_float(dtype) => {
            Tensor::rounded(shape, dtype, values.iter().map(|value| exact(dtype, (*value).into())).collect())
        }
        (Data::Integer(_, values), DType::Bool) => {
            Tensor::new(shape, Data::Boolean(values.iter().map(|value| *value != 0).collect()))
        }
        (Data::Integer(_, values), _) => Tensor::wrapped(shape, dtype, values.clone()),
        (Data::Boolean(values), DType::Bool) => Tensor::new(shape, Data::Boolean(values.clone())),
        (Data::Boolean(values), _) if is_float(dtype) => {
            Tensor::rounded(shape, dtype, values.iter().map(|value| f64::from(u8::from(*value))).collect())
        }
        (Data::Boolean(values), _) => {
            Tensor::wrapped(shape, dtype, values.iter().map(|value| i64::from(*value)).collect())
        }
        (Data::Text(values), _) => numbers(shape, values, dtype)?,
    })
}

/// An integer as float64 that rounds to a narrower type as the integer itself does: what is lost sets the last bit.
fn exact(dtype: DType, value: i128) -> f64 {
    let near = value as f64;
    if dtype == DType::F64 || near as i128 == value {
        return near;
    }
    // Rounded to odd: towards zero, then the last bit set.
    let bits = near.to_bits() - u64::from((near as i128).abs() > value.abs());
    f64::from_bits(bits | 1)
}

/// The integer of a type that a float becomes.
pub(super) fn whole(dtype: DType, value: f64) -> i64 {
    match dtype {
        DType::U64 => value as u64 as i64,
        DType::U32 => i64::from(value as u32),
        DType::U16 => i64::from(value as u16),
        DType::U8 => i64::from(value as u8),
        DType::I32 => i64::from(value as i32),
        DType::I16 => i64::from(value as i16),
        DType::I8 => i64::from(value as i8),
        DType::U4 => i64::from((value as u8).min(15)),
        DType::I4 => i64::from((value as i8).clamp(-8, 7)),
        _ => truncate(value),
    }
}

fn numbers(shape: Vec<usize>, texts: &[String], dtype: DType) -> Result<Tensor, Failure> {
    let unread = |text: &String| Failure::refused(format!("`{text}` is no number"));
    if is_float(dtype) {
        let parse = |text: &String| match text.as_str() {
            "NaN" | "nan" => Ok(f64::NAN),
            "INF" | "+INF" => Ok(f64::INFINITY),
            "-INF" => Ok(f64::NEG_INFINITY),
            other => other.trim().parse::<f64>().map_err(|_| unread(text)),
        };
        return Ok(Tensor::rounded(shape, dtype, texts.iter().map(parse).collect::<Result<_, _>>()?));
    }
    let parse = |text: &String| text.trim().parse::<i64>().map_err(|_| unread(text));
    let values: Vec<i64> = texts.iter().map(parse).collect::<Result<_, _>>()?;
    if dtype == DType::Bool {
        return Ok(Tensor::new(shape, Data::Boolean(values.iter().map(|value| *value != 0).collect())));
    }
    Ok(Tensor::wrapped(shape, dtype, values))
}

/// Numbers as texts: the shortest decimal that names the number of its type.
fn texts(data: &Data) -> Vec<String> {
    match data {
        Data::Float(dtype, values) => values.iter().map(|value| text(*dtype, *value)).collect(),
        Data::Integer(DType::U64, values) => values.iter().map(|value| (*value as u64).to_string()).collect(),
        Data::Integer(_, values) => values.iter().map(i64::to_string).collect(),
        Data::Boolean(values) => values.iter().map(|value| u8::from(*value).to_string()).collect(),
        Data::Text(values) => values.clone(),
    }
}

fn text(dtype: DType, value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "INF" } else { "-INF" }.to_owned();
    }
    if dtype == DType::F64 { value.to_string() } else { (value as f32).to_string() }
}

/// The bits of a tensor as another type of the same width.
pub(super) fn bit_cast(call: &Call<'_>) -> Outputs {
    let Kind::Number(to) = call.kind(call.integer("to", 0)?)? else {
        return Err(Failure::refused("texts have no bits"));
    };
    let tensor = call.tensor(0)?;
    match tensor.data() {
        Data::Integer(from, values) if from.bits() == to.bits() && !is_float(to) => {
            let values = values.iter().map(|value| wrap(to, *value)).collect();
            one(Tensor::new(tensor.shape().to_vec(), Data::Integer(to, values)))
        }
        other => Err(Failure::unsupported(format!("the bits of {} as {to}", other.kind()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arithmetic::round;

    #[test]
    fn floats_become_integers_within_their_range() {
        assert_eq!(whole(DType::I32, f64::NAN), 0);
        assert_eq!(whole(DType::I32, 1e20), i64::from(i32::MAX));
        assert_eq!(whole(DType::U8, -1.0), 0);
        assert_eq!(whole(DType::I8, -3.9), -3);
        assert_eq!(whole(DType::I4, 100.0), 7);
    }

    #[test]
    fn large_integers_round_to_narrow_floats_once() {
        // Between two float32, above their middle by less than float64 can tell.
        let value = (1_i128 << 62) + (1 << 38) + 1;
        assert_eq!(round(DType::F32, exact(DType::F32, value)), f64::from(value as f32));
        let negative = -((1_i128 << 62) + (1 << 38) + 1);
        assert_eq!(round(DType::F32, exact(DType::F32, negative)), f64::from(negative as f32));
    }
}
