//! Pairs of texts, and imported operator sets.

use crate::Opset;
use crate::onnx::wire::{Field, Message, WireError};

/// A key with its value.
#[derive(Clone, Debug, Default)]
pub(in crate::onnx) struct Entry {
    pub(in crate::onnx) key: String,
    pub(in crate::onnx) value: String,
}

impl Message for Entry {
    const NAME: &'static str = "StringStringEntryProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.key = field.text()?,
            2 => self.value = field.text()?,
            _ => {}
        }
        Ok(())
    }
}

impl Message for Opset {
    const NAME: &'static str = "OperatorSetIdProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.domain = field.text()?,
            2 => self.version = field.integer()?,
            _ => {}
        }
        Ok(())
    }
}
