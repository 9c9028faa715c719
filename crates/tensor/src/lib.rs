//! Tensors as plain data: dtype, shape, little-endian bytes; trees of values; and how two of them differ.
#![forbid(unsafe_code)]

mod block;
pub mod compare;
mod dtype;
mod element;
mod tensor;
mod value;

pub use block::BlockType;
pub use dtype::{DType, UnknownDType};
pub use element::Elements;
pub use tensor::{Tensor, TensorError, TensorView, byte_length, element_count};
pub use value::{Key, Leaf, StringTensor, Value};
