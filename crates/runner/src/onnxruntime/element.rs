//! Element types of both sides, and the bytes of tensors.

use ort::memory::Allocator;
use ort::value::{DynTensor, TensorElementType};
use reproof_tensor::{DType, Tensor};

use super::failure::{failure, unsupported};
use crate::engine::Failure;

/// Types that both sides store in the same bytes; elements of less than a byte are packed alike.
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

/// A shape as the runtime wants it.
pub(super) fn shape(dims: &[u64]) -> Vec<i64> {
    dims.iter().map(|dim| *dim as i64).collect()
}

/// A copy of our tensor in the runtime's memory.
pub(super) fn to_runtime(tensor: &Tensor) -> Result<DynTensor, Failure> {
    let known = TYPES.iter().find(|(ours, _)| *ours == tensor.dtype());
    let (_, theirs) =
        known.ok_or_else(|| unsupported(&format!("inputs of {}", tensor.dtype()), "cast them first"))?;
    let mut made = DynTensor::new(&Allocator::default(), *theirs, shape(tensor.shape())).map_err(failure)?;
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

/// A copy of the runtime's tensor; `name` is for messages.
pub(super) fn from_runtime(
    name: &str,
    element: TensorElementType,
    shape: Vec<u64>,
    tensor: &DynTensor,
) -> Result<Tensor, Failure> {
    let known = TYPES.iter().find(|(_, theirs)| *theirs == element);
    let (dtype, _) = known.ok_or_else(|| unsupported(&format!("outputs of {element}"), "cast them first"))?;
    let refused = |error: String| Failure::Refused(format!("output `{name}`: {error}"));
    let length = reproof_tensor::byte_length(*dtype, &shape);
    let length = length.ok_or_else(|| refused(format!("impossible shape {shape:?}")))? as usize;
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
    Tensor::new(*dtype, shape, bytes).map_err(|error| refused(error.to_string()))
}
