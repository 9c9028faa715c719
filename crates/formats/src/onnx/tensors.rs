//! Stored tensors as values, for whoever executes a model.

use std::path::Path;

use reproof_tensor::{StringTensor, Tensor, Value};

use super::proto::StoredTensor;
use super::storage::{Locator, Place, shape, texts};
use super::wire::Window;
use super::{Element, MEMORY, Model, OnnxError, decode};
use crate::{FormatError, file};

/// Reads stored tensors of one model, external files included.
pub struct Tensors<'a> {
    locator: Locator<'a>,
    path: &'a Path,
}

impl std::fmt::Debug for Tensors<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tensors").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Gives the model at `path` to `take`, with what reads its tensors.
pub fn with_tensors<T>(
    path: &Path,
    take: impl FnOnce(&Model, &mut Tensors<'_>) -> T,
) -> Result<T, FormatError> {
    let source = file::open(path)?;
    let window = Window::new(&source, MEMORY);
    let model = decode(&window).map_err(|error| FormatError::new(path, error))?;
    Ok(take(&model, &mut Tensors { locator: Locator::new(&window, path), path }))
}

impl Tensors<'_> {
    /// A tensor in memory. It takes as much as its values take in the file, or little more where they are packed.
    pub fn read(&mut self, stored: &StoredTensor) -> Result<Value, FormatError> {
        let value = if stored.element() == Element::Text { self.texts(stored) } else { self.numbers(stored) };
        value.map_err(|error| FormatError::new(self.path, error))
    }

    fn numbers(&mut self, stored: &StoredTensor) -> Result<Value, OnnxError> {
        let located = self.locator.locate(stored)?;
        let bytes = match located.storage {
            Place::Gathered(bytes) => bytes,
            Place::Range { file, offset, length } => self
                .locator
                .source(file)
                .read_range(offset, length as usize)
                .map_err(|source| OnnxError::Read { tensor: stored.name.clone(), source })?,
        };
        let tensor = Tensor::new(located.dtype, located.shape, bytes);
        tensor.map(Value::Tensor).map_err(|source| OnnxError::Tensor {
            tensor: stored.name.clone(),
            offset: stored.offset,
            source,
        })
    }

    fn texts(&self, stored: &StoredTensor) -> Result<Value, OnnxError> {
        let text = |bytes| {
            String::from_utf8(bytes)
                .map_err(|_| OnnxError::NotText { tensor: stored.name.clone(), offset: stored.offset })
        };
        let values = texts(self.locator.window, stored)?.into_iter().map(text);
        Ok(Value::Strings(StringTensor { values: values.collect::<Result<_, _>>()?, shape: shape(stored)? }))
    }
}
