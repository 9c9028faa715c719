//! Stored tensors as values, for whoever executes a model.

use std::path::Path;

use reproof_tensor::Value;

use super::proto::StoredTensor;
use super::storage::Locator;
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
        self.value(stored).map_err(|error| FormatError::new(self.path, error))
    }

    fn value(&mut self, stored: &StoredTensor) -> Result<Value, OnnxError> {
        if stored.element() == Element::Text {
            return self.locator.strings(stored).map(Value::Strings);
        }
        let located = self.locator.locate(stored)?;
        self.locator.load(stored, located).map(Value::Tensor)
    }
}
