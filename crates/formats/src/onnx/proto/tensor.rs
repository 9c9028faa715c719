//! Tensors as stored: what they are, and where in the file their values lie.

use std::ops::Range;

use super::Entry;
use crate::onnx::Element;
use crate::onnx::wire::{Encoding, Field, Message, WireError};

/// A field of the schema that holds values of a tensor one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::onnx) enum TypedField {
    Float,
    Int32,
    Text,
    Int64,
    Double,
    Uint64,
}

impl TypedField {
    /// Its name in the schema.
    pub(in crate::onnx) const fn name(self) -> &'static str {
        match self {
            Self::Float => "float_data",
            Self::Int32 => "int32_data",
            Self::Text => "string_data",
            Self::Int64 => "int64_data",
            Self::Double => "double_data",
            Self::Uint64 => "uint64_data",
        }
    }
}

/// Values of one typed field.
#[derive(Clone, Debug)]
pub(in crate::onnx) struct TypedData {
    /// The field.
    pub(in crate::onnx) field: TypedField,
    /// Where the encoded values are, in order: one range per packed list or single value.
    pub(in crate::onnx) ranges: Vec<Range<u64>>,
}

/// A tensor whose values are still in the file.
#[derive(Clone, Debug, Default)]
pub struct StoredTensor {
    /// Its name.
    pub name: String,
    /// Its dims, outermost first; a negative one is refused when its values are wanted.
    pub dims: Vec<i64>,
    pub(in crate::onnx) element_code: i32,
    pub(in crate::onnx) raw: Option<Range<u64>>,
    pub(in crate::onnx) typed: Vec<TypedData>,
    pub(in crate::onnx) external: Vec<Entry>,
    pub(in crate::onnx) location: i32,
    pub(in crate::onnx) segmented: bool,
    pub(in crate::onnx) offset: u64,
}

impl StoredTensor {
    /// The type of its elements.
    pub fn element(&self) -> Element {
        Element::from_code(self.element_code)
    }

    fn typed(&mut self, field: TypedField, range: Range<u64>) {
        match self.typed.iter_mut().find(|data| data.field == field) {
            Some(data) => data.ranges.push(range),
            None => self.typed.push(TypedData { field, ranges: vec![range] }),
        }
    }
}

impl Message for StoredTensor {
    const NAME: &'static str = "TensorProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        if self.offset == 0 {
            self.offset = field.offset();
        }
        match field.number() {
            1 => field.integers(&mut self.dims)?,
            2 => self.element_code = field.code()?,
            3 => self.segmented = true,
            4 => self.typed(TypedField::Float, field.numbers(Encoding::Fixed32)?),
            5 => self.typed(TypedField::Int32, field.numbers(Encoding::Varint)?),
            6 => self.typed(TypedField::Text, field.list_range()?),
            7 => self.typed(TypedField::Int64, field.numbers(Encoding::Varint)?),
            8 => self.name = field.text()?,
            9 => self.raw = Some(field.range()?),
            10 => self.typed(TypedField::Double, field.numbers(Encoding::Fixed64)?),
            11 => self.typed(TypedField::Uint64, field.numbers(Encoding::Varint)?),
            13 => self.external.push(field.message()?),
            14 => self.location = field.code()?,
            _ => {}
        }
        Ok(())
    }
}

/// A sparse tensor: its values that are not zero, and where they stand.
#[derive(Clone, Debug, Default)]
pub struct StoredSparseTensor {
    /// The values; their name is the name of the whole.
    pub values: StoredTensor,
    /// Linear positions, or one row of indices per value.
    pub indices: StoredTensor,
    /// Dims of the dense tensor, outermost first.
    pub dims: Vec<i64>,
}

impl StoredSparseTensor {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.values.name
    }
}

impl Message for StoredSparseTensor {
    const NAME: &'static str = "SparseTensorProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => field.merge(&mut self.values)?,
            2 => field.merge(&mut self.indices)?,
            3 => field.integers(&mut self.dims)?,
            _ => {}
        }
        Ok(())
    }
}
