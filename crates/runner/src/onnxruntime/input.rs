//! From our values to the runtime's.

use std::fmt::Debug;
use std::hash::Hash;

use ort::environment::Environment;
use ort::value::{DynTensor, DynTensorValueType, DynValue, IntoTensorElementType, Map, Sequence, Tensor};
use ort::value::{PrimitiveTensorElementType, TensorElementType, ValueType};
use reproof_tensor::{Key, StringTensor, Value};

use super::failure::{failure, unsupported};
use super::{element, empty};
use crate::engine::Failure;

/// An input of the declared type.
pub(super) fn to_runtime(
    environment: &Environment,
    name: &str,
    value: &Value,
    declared: &ValueType,
) -> Result<DynValue, Failure> {
    let wrong = || Failure::Refused(format!("input `{name}`: expected {declared}, got {}", kind(value)));
    match (value, declared) {
        (Value::Optional(Some(value)), _) => to_runtime(environment, name, value, declared),
        (_, ValueType::Optional(inner)) => to_runtime(environment, name, value, inner),
        (Value::Tensor(_) | Value::Strings(_), ValueType::Tensor { .. }) => Ok(tensor(value)?.into_dyn()),
        (Value::Sequence(values), ValueType::Sequence(inner)) => match inner.as_ref() {
            ValueType::Tensor { ty, .. } if values.is_empty() => empty::sequence(environment, *ty),
            ValueType::Tensor { .. } => {
                let tensors = values.iter().map(tensor).collect::<Result<Vec<DynTensor>, Failure>>()?;
                Ok(Sequence::<DynTensorValueType>::new(tensors).map_err(failure)?.into_dyn())
            }
            other => Err(unsupported(&format!("a way to give a sequence of {other}"), "give tensors")),
        },
        (Value::Map(entries), ValueType::Map { key, value }) => {
            map(entries, *key, *value).ok_or_else(wrong)?
        }
        _ => Err(wrong()),
    }
}

fn tensor(value: &Value) -> Result<DynTensor, Failure> {
    match value {
        Value::Tensor(tensor) => element::to_runtime(tensor),
        // The C interface ends a text there.
        Value::Strings(strings) if strings.values.iter().any(|text| text.contains('\0')) => {
            Err(unsupported("texts with a zero byte", "remove the zero byte"))
        }
        Value::Strings(StringTensor { shape, values }) => {
            let made = Tensor::from_string_array((element::shape(shape), values.as_slice()));
            Ok(made.map_err(failure)?.upcast())
        }
        _ => Err(unsupported(&format!("sequences of {} as inputs", kind(value)), "give tensors")),
    }
}

/// A map of the declared types; `None` if keys or values are of other types.
fn map(
    entries: &[(Key, Value)],
    key: TensorElementType,
    value: TensorElementType,
) -> Option<Result<DynValue, Failure>> {
    let integers =
        || entries.iter().map(|(key, _)| if let Key::Integer(key) = key { Some(*key) } else { None });
    let texts =
        || entries.iter().map(|(key, _)| if let Key::Text(key) = key { Some(key.clone()) } else { None });
    let real = |(_, value): &(Key, Value)| if let Value::Real(value) = value { Some(*value) } else { None };
    let single = |entry: &(Key, Value)| real(entry).map(|value| value as f32);
    let whole =
        |(_, value): &(Key, Value)| if let Value::Integer(value) = value { Some(*value) } else { None };
    match (key, value) {
        (TensorElementType::Int64, TensorElementType::Float32) => {
            Some(numbered(pairs(integers(), entries.iter().map(single))?))
        }
        (TensorElementType::Int64, TensorElementType::Float64) => {
            Some(numbered(pairs(integers(), entries.iter().map(real))?))
        }
        (TensorElementType::Int64, TensorElementType::Int64) => {
            Some(numbered(pairs(integers(), entries.iter().map(whole))?))
        }
        (TensorElementType::String, TensorElementType::Float32) => {
            Some(named(pairs(texts(), entries.iter().map(single))?))
        }
        (TensorElementType::String, TensorElementType::Float64) => {
            Some(named(pairs(texts(), entries.iter().map(real))?))
        }
        (TensorElementType::String, TensorElementType::Int64) => {
            Some(named(pairs(texts(), entries.iter().map(whole))?))
        }
        _ => Some(Err(unsupported(&format!("a way to give a map of {key} to {value}"), "give tensors"))),
    }
}

fn pairs<K, V>(
    keys: impl Iterator<Item = Option<K>>,
    values: impl Iterator<Item = Option<V>>,
) -> Option<Vec<(K, V)>> {
    keys.zip(values).map(|(key, value)| Some((key?, value?))).collect()
}

fn numbered<V>(entries: Vec<(i64, V)>) -> Result<DynValue, Failure>
where
    V: PrimitiveTensorElementType + IntoTensorElementType + Debug + Clone + 'static,
    i64: Hash + Eq,
{
    Ok(Map::<i64, V>::new(entries).map_err(failure)?.into_dyn())
}

fn named<V>(entries: Vec<(String, V)>) -> Result<DynValue, Failure>
where
    V: PrimitiveTensorElementType + IntoTensorElementType + Debug + Clone + 'static,
{
    Ok(Map::<String, V>::new(entries).map_err(failure)?.into_dyn())
}

/// What a value is, in words.
fn kind(value: &Value) -> String {
    match value {
        Value::Tensor(tensor) => format!("a tensor of {}", tensor.dtype()),
        Value::Strings(_) => "a tensor of texts".to_owned(),
        Value::Sequence(_) => "a sequence".to_owned(),
        Value::Map(_) => "a map".to_owned(),
        Value::Optional(Some(value)) => kind(value),
        Value::Optional(None) => "no value".to_owned(),
        Value::Text(_) => "a text".to_owned(),
        Value::Integer(_) | Value::Real(_) => "a number".to_owned(),
        Value::Boolean(_) => "a truth value".to_owned(),
    }
}
