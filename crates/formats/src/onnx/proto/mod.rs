//! The messages of the ONNX schema, as far as a reader needs them.
//!
//! Field numbers are those of the published schema (`onnx-ml.proto`). Documentation strings, names of producers'
//! tools and other labels that steer nothing are skipped. Values of tensors stay in the file.

mod attribute;
mod container;
mod entry;
mod function;
mod graph;
mod node;
mod tensor;
mod type_info;

pub use attribute::{Attribute, AttributeValue};
pub(crate) use container::{MapValue, OptionalValue, SequenceValue};
pub(super) use entry::Entry;
pub use function::Function;
pub use graph::Graph;
pub use node::Node;
pub(super) use tensor::TypedField;
pub use tensor::{StoredSparseTensor, StoredTensor};
pub use type_info::{Dim, TypeInfo, ValueInfo};
