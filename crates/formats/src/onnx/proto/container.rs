//! Sequences, maps and optionals of tensors, as published test data stores them.

use super::{StoredSparseTensor, StoredTensor};
use crate::onnx::wire::{Field, Message, WireError};

/// A list of values of one kind.
#[derive(Debug, Default)]
pub(crate) struct SequenceValue {
    /// The kind as the schema numbers it: 1 tensor, 2 sparse tensor, 3 sequence, 4 map, 5 optional.
    pub(crate) kind: i32,
    pub(crate) tensors: Vec<StoredTensor>,
    pub(crate) sparses: Vec<StoredSparseTensor>,
    pub(crate) sequences: Vec<SequenceValue>,
    pub(crate) maps: Vec<MapValue>,
    pub(crate) optionals: Vec<OptionalValue>,
}

impl Message for SequenceValue {
    const NAME: &'static str = "SequenceProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            2 => self.kind = field.code()?,
            3 => self.tensors.push(field.message()?),
            4 => self.sparses.push(field.message()?),
            5 => self.sequences.push(field.message()?),
            6 => self.maps.push(field.message()?),
            7 => self.optionals.push(field.message()?),
            _ => {}
        }
        Ok(())
    }
}

/// A dictionary: either kind of keys, and as many values.
#[derive(Debug, Default)]
pub(crate) struct MapValue {
    pub(crate) integer_keys: Vec<i64>,
    pub(crate) text_keys: Vec<String>,
    pub(crate) values: SequenceValue,
}

impl Message for MapValue {
    const NAME: &'static str = "MapProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            3 => field.integers(&mut self.integer_keys)?,
            4 => self.text_keys.push(field.list_text()?),
            5 => field.merge(&mut self.values)?,
            _ => {}
        }
        Ok(())
    }
}

/// A value that may be absent.
#[derive(Debug, Default)]
pub(crate) struct OptionalValue {
    /// The kind, numbered as in [`SequenceValue`].
    pub(crate) kind: i32,
    pub(crate) tensor: Option<Box<StoredTensor>>,
    pub(crate) sparse: Option<Box<StoredSparseTensor>>,
    pub(crate) sequence: Option<Box<SequenceValue>>,
    pub(crate) map: Option<Box<MapValue>>,
    pub(crate) optional: Option<Box<OptionalValue>>,
}

impl Message for OptionalValue {
    const NAME: &'static str = "OptionalProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            2 => self.kind = field.code()?,
            3 => field.merge(&mut **self.tensor.get_or_insert_default())?,
            4 => field.merge(&mut **self.sparse.get_or_insert_default())?,
            5 => field.merge(&mut **self.sequence.get_or_insert_default())?,
            6 => field.merge(&mut **self.map.get_or_insert_default())?,
            7 => field.merge(&mut **self.optional.get_or_insert_default())?,
            _ => {}
        }
        Ok(())
    }
}
