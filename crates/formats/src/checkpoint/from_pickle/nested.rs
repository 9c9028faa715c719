//! Storages that are whole torch files inside a pickle: how PyTorch pickles a tensor outside of `torch.save`.

use reproof_digest::ReadAt;

use super::super::CheckpointError;
use super::Converter;
use super::storage::{Base, Reference, StorageBytes};
use crate::pickle::{Id, Object};
use crate::section::Section;
use crate::torch;

impl Converter<'_> {
    /// The storage that `torch.storage._load_from_bytes(bytes)` would make; `None` if the object is something else.
    pub(super) fn nested_storage(
        &mut self,
        object: &Object,
        at: Id,
    ) -> Result<Option<(Reference, StorageBytes)>, CheckpointError> {
        let pickle = self.pickle;
        if !pickle.is_global(object.callable, "torch.storage", "_load_from_bytes") {
            return Ok(None);
        }
        if let Some(known) = self.nested.get(&at) {
            return Ok(Some(known.clone()));
        }
        let offset = pickle.offset(at);
        let wrong = || CheckpointError::Constructor { offset, what: "the storage inside the pickle" };
        let bytes = pickle.arguments(object).and_then(|arguments| arguments.first()).copied();
        let bytes = bytes.map(|id| self.bytes(id)).transpose()?.flatten().ok_or_else(wrong)?;
        let nested = |source: &dyn ReadAt| {
            let read = torch::only_storage(source);
            read.map_err(|source| CheckpointError::Nested { offset, source: Box::new(source) })
        };
        let (reference, range, swap) = match &bytes.base {
            Base::Memory(memory) => {
                let section = Section::new(&**memory, bytes.range.clone()).ok_or_else(wrong)?;
                nested(&section)?
            }
            Base::File { .. } => {
                let section = Section::new(self.source, bytes.range.clone()).ok_or_else(wrong)?;
                nested(&section)?
            }
        };
        let start = bytes.range.start;
        let range = start + range.start..start + range.end;
        let found = (reference, StorageBytes { base: bytes.base, range, swap });
        self.nested.insert(at, found.clone());
        Ok(Some(found))
    }
}
