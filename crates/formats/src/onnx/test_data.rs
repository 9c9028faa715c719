//! Published test data: a folder `test_data_set_N` with `input_K.pb` and `output_K.pb`.
//!
//! Which message a file holds follows from the type that the model declares for the port: a tensor, a sequence, a
//! map or an optional.

use std::fs;
use std::path::Path;

use reproof_tensor::{DType, Key, Tensor, Value};

use super::proto::{MapValue, OptionalValue, SequenceValue, StoredTensor, TypeInfo, ValueInfo};
use super::storage::Locator;
use super::wire::{Window, decode};
use super::{Element, MEMORY, Model, OnnxError};
use crate::{FormatError, file};

/// The inputs of a model and the outputs that it should give, in the order of its ports.
#[derive(Clone, Debug, PartialEq)]
pub struct TestData {
    /// Inputs by name. Trailing inputs that the folder leaves out are absent here.
    pub inputs: Vec<(String, Value)>,
    /// Expected outputs by name. Trailing outputs that the folder leaves out are absent here.
    pub outputs: Vec<(String, Value)>,
}

/// Reads a test data folder of `model`.
pub fn read(model: &Model, folder: &Path) -> Result<TestData, FormatError> {
    Ok(TestData {
        inputs: ports(folder, "input", &model.inputs())?,
        outputs: ports(folder, "output", &model.outputs().iter().collect::<Vec<_>>())?,
    })
}

fn ports(folder: &Path, word: &str, ports: &[&ValueInfo]) -> Result<Vec<(String, Value)>, FormatError> {
    let mut values = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let path = folder.join(format!("{word}_{index}.pb"));
        // Only trailing ports may be left out, so that a file missing in the middle is noticed by its successor.
        let last = (index + 1..ports.len()).all(|next| !folder.join(format!("{word}_{next}.pb")).exists());
        if last && index > 0 && !path.exists() {
            break;
        }
        values.push((port.name.clone(), read_value(&path, &port.kind)?));
    }
    Ok(values)
}

/// Reads one value of the given type.
pub fn read_value(path: &Path, kind: &TypeInfo) -> Result<Value, FormatError> {
    // An empty file is a message without fields: a scalar without a value cannot be, an absent optional can.
    let empty = fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0);
    if empty && matches!(kind, TypeInfo::Optional(_)) {
        return Ok(Value::Optional(None));
    }
    let source = file::open(path)?;
    let window = Window::new(&source, MEMORY);
    let mut reader = Reader { locator: Locator::new(&window, path) };
    reader.root(kind).map_err(|error| FormatError::new(path, error))
}

struct Reader<'a> {
    locator: Locator<'a>,
}

impl Reader<'_> {
    fn root(&mut self, kind: &TypeInfo) -> Result<Value, OnnxError> {
        match kind {
            TypeInfo::Sequence(_) => {
                let sequence = decode(self.locator.window)?;
                self.sequence(&sequence)
            }
            TypeInfo::Map { .. } => {
                let map = decode(self.locator.window)?;
                self.map(&map)
            }
            TypeInfo::Optional(_) => {
                let optional = decode(self.locator.window)?;
                self.optional(&optional)
            }
            TypeInfo::Tensor { element, .. } => {
                let tensor: StoredTensor = decode(self.locator.window)?;
                match (*element, tensor.element()) {
                    // The published suite holds bfloat16 as its bits in 16-bit integers, because NumPy lacks it.
                    (Element::Number(DType::BF16), Element::Number(DType::U16)) => {
                        let bits = self.locator.read(&tensor)?;
                        let shape = bits.shape().to_vec();
                        let tensor = Tensor::new(DType::BF16, shape, bits.into_bytes());
                        Ok(Value::Tensor(tensor.expect("both types have 16 bits")))
                    }
                    (Element::Number(expected), Element::Number(actual)) if expected != actual => {
                        Err(OnnxError::TestType { expected, actual })
                    }
                    _ => self.tensor(&tensor),
                }
            }
            _ => {
                let tensor = decode(self.locator.window)?;
                self.tensor(&tensor)
            }
        }
    }

    fn tensor(&mut self, tensor: &StoredTensor) -> Result<Value, OnnxError> {
        if tensor.element() != Element::Text {
            return Ok(Value::Tensor(self.locator.read(tensor)?));
        }
        self.locator.strings(tensor).map(Value::Strings)
    }

    fn sequence(&mut self, sequence: &SequenceValue) -> Result<Value, OnnxError> {
        let values: Result<Vec<Value>, OnnxError> = match sequence.kind {
            0 | 1 => sequence.tensors.iter().map(|tensor| self.tensor(tensor)).collect(),
            3 => sequence.sequences.iter().map(|inner| self.sequence(inner)).collect(),
            4 => sequence.maps.iter().map(|map| self.map(map)).collect(),
            5 => sequence.optionals.iter().map(|optional| self.optional(optional)).collect(),
            kind => Err(OnnxError::ValueKind { kind }),
        };
        Ok(Value::Sequence(values?))
    }

    fn map(&mut self, map: &MapValue) -> Result<Value, OnnxError> {
        let integers = map.integer_keys.iter().map(|key| Key::Integer(*key));
        let keys: Vec<Key> = integers.chain(map.text_keys.iter().cloned().map(Key::Text)).collect();
        let Value::Sequence(values) = self.sequence(&map.values)? else {
            unreachable!("a sequence is read as one");
        };
        if keys.len() != values.len() {
            return Err(OnnxError::MapSize { keys: keys.len(), values: values.len() });
        }
        Ok(Value::Map(keys.into_iter().zip(values).collect()))
    }

    fn optional(&mut self, optional: &OptionalValue) -> Result<Value, OnnxError> {
        let value = match optional.kind {
            0 => None,
            1 => optional.tensor.as_deref().map(|tensor| self.tensor(tensor)),
            3 => optional.sequence.as_deref().map(|sequence| self.sequence(sequence)),
            4 => optional.map.as_deref().map(|map| self.map(map)),
            5 => optional.optional.as_deref().map(|inner| self.optional(inner)),
            kind => return Err(OnnxError::ValueKind { kind }),
        };
        Ok(Value::Optional(value.transpose()?.map(Box::new)))
    }
}
