//! Between our values and the runtime's.

use ort::memory::Allocator;
use ort::value::{
    DynMap, DynMapValueType, DynSequence, DynSequenceValueType, DynTensor, DynTensorValueType, DynValue, Sequence,
    Tensor, TensorElementType, ValueType,
};
use reproof_tensor::{DType, Key, StringTensor, Value};

use super::{failure, unsupported};
use crate::engine::Failure;

/// Element types of both sides; sub-byte ones are packed alike.
const TYPES: [(DType, TensorElementType); 23] = [
    (DType::Bool, TensorElementType::Bool),
    (DType::U2, TensorElementType::Uint2),
    (DType::I2, TensorElementType::Int2),
    (DType::U4, TensorElementType::Uint4),
    (DType::I4, TensorElementType::Int4),
    (DType::F4, TensorElementType::Float4E2M1),
    (DType::U8, TensorElementType::Uint8),
    (DType::I8, TensorElementType::Int8),
    (DType::F8E5M2, TensorElementType::Float8E5M2),
    (DType::F8E4M3, TensorElementType::Float8E4M3FN),
    (DType::F8E5M2Fnuz, TensorElementType::Float8E5M2FNUZ),
    (DType::F8E4M3Fnuz, TensorElementType::Float8E4M3FNUZ),
    (DType::F8E8M0, TensorElementType::Float8E8M0),
    (DType::I16, TensorElementType::Int16),
    (DType::U16, TensorElementType::Uint16),
    (DType::F16, TensorElementType::Float16),
    (DType::BF16, TensorElementType::Bfloat16),
    (DType::I32, TensorElementType::Int32),
    (DType::U32, TensorElementType::Uint32),
    (DType::F32, TensorElementType::Float32),
    (DType::I64, TensorElementType::Int64),
    (DType::U64, TensorElementType::Uint64),
    (DType::F64, TensorElementType::Float64),
];

/// An input.
pub(super) fn to_runtime(name: &str, value: &Value) -> Result<DynValue, Failure> {
    match value {
        Value::Tensor(tensor) => Ok(to_tensor(tensor)?.into_dyn()),
        Value::Strings(strings) => {
            let shape: Vec<i64> = strings.shape.iter().map(|dim| *dim as i64).collect();
            let tensor = Tensor::from_string_array((shape, strings.values.as_slice())).map_err(failure)?;
            Ok(tensor.into_dyn())
        }
        Value::Optional(Some(value)) => to_runtime(name, value),
        Value::Sequence(values) if !values.is_empty() => {
            let tensors: Result<Vec<DynTensor>, Failure> = values
                .iter()
                .map(|value| match value {
                    Value::Tensor(tensor) => to_tensor(tensor),
                    _ => Err(unsupported("sequences of anything but tensors as inputs", "give tensors")),
                })
                .collect();
            let sequence = Sequence::<DynTensorValueType>::new(tensors?).map_err(failure)?;
            Ok(sequence.into_dyn())
        }
        _ => Err(unsupported(
            &format!("inputs like `{name}` (empty sequences, maps, scalars)"),
            "give a tensor or a sequence of tensors",
        )),
    }
}

fn to_tensor(tensor: &reproof_tensor::Tensor) -> Result<DynTensor, Failure> {
    let known = TYPES.iter().find(|(ours, _)| *ours == tensor.dtype());
    let (_, theirs) =
        known.ok_or_else(|| unsupported(&format!("inputs of {}", tensor.dtype()), "cast them first"))?;
    let shape: Vec<i64> = tensor.shape().iter().map(|dim| *dim as i64).collect();
    let mut made = DynTensor::new(&Allocator::default(), *theirs, shape).map_err(failure)?;
    let pointer = made.data_ptr_mut().cast::<u8>();
    if !pointer.is_null() {
        let bytes = tensor.bytes();
        #[expect(unsafe_code, reason = "the library hands out a pointer and nothing else")]
        // SAFETY: the runtime allocated `made` for exactly this dtype and shape, whose packed size is
        // `bytes.len()` (checked when the tensor was made), and nobody else holds the new allocation.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), pointer, bytes.len());
        }
    }
    Ok(made)
}

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
            from_tensor(name, *ty, shape, &tensor)
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

fn from_tensor(name: &str, ty: TensorElementType, shape: Vec<u64>, tensor: &DynTensor) -> Result<Value, Failure> {
    let known = TYPES.iter().find(|(_, theirs)| *theirs == ty);
    let (dtype, _) = known.ok_or_else(|| unsupported(&format!("outputs of {ty}"), "cast them first"))?;
    let refused = |error: String| Failure::Refused(format!("output `{name}`: {error}"));
    let length = reproof_tensor::byte_length(*dtype, &shape).ok_or_else(|| refused("impossible shape".to_owned()))?;
    let length = length as usize;
    let pointer = tensor.data_ptr().cast::<u8>();
    let bytes = if pointer.is_null() || length == 0 {
        Vec::new()
    } else {
        #[expect(unsafe_code, reason = "the library hands out a pointer and nothing else")]
        // SAFETY: the runtime owns at least `length` initialised bytes for this dtype and shape, and they live as
        // long as `tensor`, which outlives this copy.
        unsafe {
            std::slice::from_raw_parts(pointer, length).to_vec()
        }
    };
    let tensor = reproof_tensor::Tensor::new(*dtype, shape, bytes);
    tensor.map(Value::Tensor).map_err(|error| refused(error.to_string()))
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

fn from_map(name: &str, key: TensorElementType, element: TensorElementType, map: &DynMap) -> Result<Value, Failure> {
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
        (TensorElementType::Int64, TensorElementType::Float64) => entries!(i64, f64, Key::Integer, Value::Real),
        (TensorElementType::Int64, TensorElementType::Int64) => entries!(i64, i64, Key::Integer, Value::Integer),
        (TensorElementType::String, TensorElementType::Float32) => entries!(String, f32, Key::Text, real),
        (TensorElementType::String, TensorElementType::Float64) => entries!(String, f64, Key::Text, Value::Real),
        (TensorElementType::String, TensorElementType::Int64) => entries!(String, i64, Key::Text, Value::Integer),
        _ => Err(unsupported(&format!("a way to read the output `{name}`, a map of {key} to {element}"), "leave it out")),
    }
}
