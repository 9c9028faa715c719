//! From the runtime's values to ours.

use ort::value::{
    DynMap, DynMapValueType, DynSequence, DynSequenceValueType, DynTensor, DynTensorValueType, DynValue,
    TensorElementType, ValueType,
};
use reproof_tensor::{Key, StringTensor, Value};

use super::element;
use super::failure::{failure, unsupported};
use crate::engine::Failure;

/// An output.
pub(super) fn from_runtime(name: &str, value: &DynValue) -> Result<Value, Failure> {
    let lost = |error: ort::Error| Failure::Refused(format!("output `{name}`: {}", error.message()));
    match value.dtype() {
        ValueType::Tensor { ty: TensorElementType::String, .. } => {
            let tensor = value.view().downcast::<DynTensorValueType>().map_err(lost)?;
            let (shape, values) = tensor.try_extract_strings().map_err(lost)?;
            let shape = shape.iter().map(|dim| *dim as u64).collect();
            Ok(Value::Strings(StringTensor { shape, values }))
        }
        ValueType::Tensor { ty, shape, .. } => {
            let shape: Vec<u64> = shape.iter().map(|dim| *dim as u64).collect();
            let tensor = value.view().downcast::<DynTensorValueType>().map_err(lost)?;
            element::from_runtime(name, *ty, shape, &tensor).map(Value::Tensor)
        }
        ValueType::Sequence(_) => {
            let sequence = value.view().downcast::<DynSequenceValueType>().map_err(lost)?;
            from_sequence(name, &sequence)
        }
        ValueType::Map { key, value: element } => {
            let map = value.view().downcast::<DynMapValueType>().map_err(lost)?;
            from_map(name, *key, *element, &map)
        }
        ValueType::Optional(_) => Ok(Value::Optional(None)),
    }
}

fn from_sequence(name: &str, sequence: &DynSequence) -> Result<Value, Failure> {
    let element = match sequence.dtype() {
        ValueType::Sequence(element) => element.as_ref(),
        other => return Err(unsupported(&format!("a way to read {other} as a sequence"), "leave it out")),
    };
    let path = |index: usize| format!("{name}[{index}]");
    let values: Result<Vec<Value>, Failure> = match element {
        ValueType::Tensor { .. } => {
            let tensors = sequence.try_extract_sequence::<DynTensorValueType>().map_err(failure)?;
            let dynamic = tensors.into_iter().map(DynTensor::into_dyn).enumerate();
            dynamic.map(|(index, tensor)| from_runtime(&path(index), &tensor)).collect()
        }
        ValueType::Map { .. } => {
            let maps = sequence.try_extract_sequence::<DynMapValueType>().map_err(failure)?;
            let dynamic = maps.into_iter().map(DynMap::into_dyn).enumerate();
            dynamic.map(|(index, map)| from_runtime(&path(index), &map)).collect()
        }
        other => return Err(unsupported(&format!("a way to read a sequence of {other}"), "leave it out")),
    };
    values.map(Value::Sequence)
}

fn from_map(
    name: &str,
    key: TensorElementType,
    element: TensorElementType,
    map: &DynMap,
) -> Result<Value, Failure> {
    macro_rules! entries {
        ($key:ty, $element:ty, $make_key:expr, $make_value:expr) => {{
            let entries = map.try_extract_key_values::<$key, $element>().map_err(failure)?;
            let entries = entries.into_iter().map(|(key, value)| ($make_key(key), $make_value(value)));
            Ok(Value::Map(entries.collect()))
        }};
    }
    let real = |value: f32| Value::Real(f64::from(value));
    match (key, element) {
        (TensorElementType::Int64, TensorElementType::Float32) => entries!(i64, f32, Key::Integer, real),
        (TensorElementType::Int64, TensorElementType::Float64) => {
            entries!(i64, f64, Key::Integer, Value::Real)
        }
        (TensorElementType::Int64, TensorElementType::Int64) => {
            entries!(i64, i64, Key::Integer, Value::Integer)
        }
        (TensorElementType::String, TensorElementType::Float32) => entries!(String, f32, Key::Text, real),
        (TensorElementType::String, TensorElementType::Float64) => {
            entries!(String, f64, Key::Text, Value::Real)
        }
        (TensorElementType::String, TensorElementType::Int64) => {
            entries!(String, i64, Key::Text, Value::Integer)
        }
        _ => Err(unsupported(
            &format!("a way to read the output `{name}`, a map of {key} to {element}"),
            "leave it out",
        )),
    }
}
