//! Between our values and the referee's.

use std::sync::Arc;

use reproof_formats::onnx::{Element, TypeInfo};
use reproof_referee::{Data, Map, Tensor, Value as Held, arithmetic};
use reproof_tensor::{DType, Key, StringTensor, Value};

use super::unsupported;
use crate::engine::Failure;

/// A value as the referee takes it, of the type that the model declares.
pub(super) fn taken(name: &str, kind: &TypeInfo, value: &Value) -> Result<Held, Failure> {
    Ok(match value {
        Value::Tensor(tensor) => Held::Tensor(Arc::new(numbers(tensor)?)),
        Value::Strings(texts) => {
            Held::Tensor(Arc::new(Tensor::new(dims(&texts.shape), Data::Text(texts.values.clone()))))
        }
        Value::Sequence(items) => {
            let kind = if let TypeInfo::Sequence(item) = kind { item } else { &TypeInfo::Unknown };
            Held::Sequence(items.iter().map(|item| taken(name, kind, item)).collect::<Result<_, _>>()?)
        }
        Value::Optional(inner) => {
            let kind = if let TypeInfo::Optional(held) = kind { held } else { &TypeInfo::Unknown };
            let inner = inner.as_deref().map(|inner| taken(name, kind, inner)).transpose()?;
            Held::Optional(inner.map(Box::new))
        }
        Value::Map(entries) => {
            let of_entries = || match kind {
                TypeInfo::Map { key, value } => map(*key, value, entries),
                _ => None,
            };
            let refused =
                || Failure::Refused(format!("input `{name}`: expected {kind}, got a map of others"));
            Held::from(of_entries().ok_or_else(refused)?)
        }
        _ => return Err(unsupported(&format!("inputs like `{name}` (single values)"))),
    })
}

/// Entries whose keys and values are of these types; nothing where one is of another.
fn map(key: Element, kind: &TypeInfo, entries: &[(Key, Value)]) -> Option<Map> {
    let TypeInfo::Tensor { element, .. } = kind else { return None };
    let keys = || entries.iter().map(|(key, _)| key);
    let texts = keys().map(|key| if let Key::Text(key) = key { Some(key.clone()) } else { None });
    let whole = keys().map(|key| if let Key::Integer(key) = key { Some(*key) } else { None });
    let keys = match key {
        Element::Number(DType::I64) => Data::Integer(DType::I64, whole.collect::<Option<_>>()?),
        Element::Text => Data::Text(texts.collect::<Option<_>>()?),
        _ => return None,
    };
    let values = entries.iter().map(|(_, value)| value);
    let values = match element {
        Element::Number(dtype) if reproof_referee::is_float(*dtype) => {
            let real = |value: &Value| {
                if let Value::Real(value) = value { Some(arithmetic::round(*dtype, *value)) } else { None }
            };
            Data::Float(*dtype, values.map(real).collect::<Option<_>>()?)
        }
        Element::Number(DType::I64) => {
            let whole = |value: &Value| if let Value::Integer(value) = value { Some(*value) } else { None };
            Data::Integer(DType::I64, values.map(whole).collect::<Option<_>>()?)
        }
        Element::Text => {
            let text = |value: &Value| if let Value::Text(text) = value { Some(text.clone()) } else { None };
            Data::Text(values.map(text).collect::<Option<_>>()?)
        }
        _ => return None,
    };
    Map::new(&keys, &values).ok()
}

/// A tensor of numbers or truth values.
pub(super) fn numbers(tensor: &reproof_tensor::Tensor) -> Result<Tensor, Failure> {
    let dtype = tensor.dtype();
    let lacks = || unsupported(&format!("tensors of {dtype}"));
    let bytes = tensor.bytes();
    let wide = |size: usize| bytes.chunks_exact(size);
    let data = match dtype {
        DType::Bool => Data::Boolean(bytes.iter().map(|byte| *byte != 0).collect()),
        DType::I64 | DType::U64 => {
            let values = wide(8).map(|bytes| i64::from_le_bytes(bytes.try_into().expect("eight bytes")));
            Data::Integer(dtype, values.collect())
        }
        _ if dtype.is_float() => {
            let elements =
                tensor.view().elements().filter(|_| reproof_referee::is_float(dtype)).ok_or_else(lacks)?;
            // One NaN stands for all.
            let canonical = |value: f64| if value.is_nan() { f64::NAN } else { value };
            Data::Float(dtype, elements.iter().map(canonical).collect())
        }
        _ => {
            let elements = tensor.view().elements().filter(|_| !dtype.is_complex()).ok_or_else(lacks)?;
            Data::Integer(dtype, elements.iter().map(|value| value as i64).collect())
        }
    };
    Ok(Tensor::new(dims(tensor.shape()), data))
}

/// A shape whose elements are in memory fits it.
fn dims(shape: &[u64]) -> Vec<usize> {
    shape.iter().map(|dim| *dim as usize).collect()
}

/// An output.
pub(super) fn given(name: &str, value: &Held) -> Result<Value, Failure> {
    Ok(match value {
        Held::Tensor(tensor) => held(name, tensor)?,
        Held::Sequence(items) => {
            Value::Sequence(items.iter().map(|item| given(name, item)).collect::<Result<_, _>>()?)
        }
        // One that is there is its value, as other engines give it.
        Held::Optional(Some(inner)) => given(name, inner)?,
        Held::Optional(None) => Value::Optional(None),
        Held::Map(map) => Value::Map(entries(map)),
    })
}

fn entries(map: &Map) -> Vec<(Key, Value)> {
    let keys: Vec<Key> = match map.keys() {
        Data::Integer(_, keys) => keys.iter().copied().map(Key::Integer).collect(),
        Data::Text(keys) => keys.iter().cloned().map(Key::Text).collect(),
        Data::Float(..) | Data::Boolean(_) => Vec::new(),
    };
    let values: Vec<Value> = match map.values() {
        Data::Float(_, values) => values.iter().copied().map(Value::Real).collect(),
        Data::Integer(_, values) => values.iter().copied().map(Value::Integer).collect(),
        Data::Boolean(values) => values.iter().copied().map(Value::Boolean).collect(),
        Data::Text(values) => values.iter().cloned().map(Value::Text).collect(),
    };
    keys.into_iter().zip(values).collect()
}

fn held(name: &str, tensor: &Tensor) -> Result<Value, Failure> {
    let shape: Vec<u64> = tensor.shape().iter().map(|dim| *dim as u64).collect();
    let (dtype, bytes): (DType, Vec<u8>) = match tensor.data() {
        Data::Text(values) => return Ok(Value::Strings(StringTensor { shape, values: values.clone() })),
        Data::Boolean(values) => (DType::Bool, values.iter().map(|value| u8::from(*value)).collect()),
        Data::Float(dtype, values) => (*dtype, reproof_referee::encode_floats(*dtype, values)),
        Data::Integer(dtype, values) => {
            let width = dtype.bits() as usize;
            if width < 8 {
                (*dtype, packed(values, width))
            } else {
                let bytes = values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(width / 8));
                (*dtype, bytes.collect())
            }
        }
    };
    let made = reproof_tensor::Tensor::new(dtype, shape, bytes);
    made.map(Value::Tensor).map_err(|error| Failure::Refused(format!("output `{name}`: {error}")))
}

/// Elements of less than a byte, the first in the lowest bits.
fn packed(values: &[i64], width: usize) -> Vec<u8> {
    let per_byte = 8 / width;
    let byte = |values: &[i64]| {
        let bits = values.iter().enumerate();
        bits.fold(0_u8, |byte, (at, value)| byte | ((*value as u8) & ((1 << width) - 1)) << (at * width))
    };
    values.chunks(per_byte).map(byte).collect()
}

/// What a failure of the referee says of the model.
pub(super) fn failure(failure: reproof_referee::Failure) -> Failure {
    match failure {
        reproof_referee::Failure::Refused(message) => Failure::Refused(message),
        reproof_referee::Failure::Unsupported(what) => unsupported(&what),
        // Another engine may have no such bounds: nothing is said about the model.
        limit @ reproof_referee::Failure::Limit { .. } => unsupported(&format!("a model so large: {limit}")),
    }
}
