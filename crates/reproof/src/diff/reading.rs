//! Both artifacts, opened for reading.

use std::io;

use reproof_digest::{Digest, ReadAt as _, identity, ranges};
use reproof_formats::{Description, Sources, Storage, StorageError, TensorBytes, TensorDescription};
use reproof_progress::Progress;
use reproof_tensor::byte_length;

use super::DiffError;
use crate::artifact::Artifact;

/// One artifact with its files opened.
pub(super) struct Side<'a> {
    pub(super) description: &'a Description,
    pub(super) shown: &'a str,
    /// The tensors that are compared.
    pub(super) tensors: Vec<&'a TensorDescription>,
    sources: Sources<'a>,
}

/// What every comparison needs.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) a: &'a Side<'a>,
    pub(super) b: &'a Side<'a>,
    /// Whether bits are all that is asked for.
    pub(super) bits: bool,
    pub(super) progress: &'a dyn Progress,
}

impl<'a> Side<'a> {
    pub(super) fn open(
        artifact: &'a Artifact,
        shown: &'a str,
        part: Option<&str>,
    ) -> Result<Self, DiffError> {
        let description = &artifact.description;
        let wanted = |tensor: &&TensorDescription| part.is_none_or(|part| tensor.part == part);
        Ok(Self {
            description,
            shown,
            tensors: description.tensors.iter().filter(wanted).collect(),
            sources: Sources::open(description)?,
        })
    }

    /// Bytes of the values of a tensor.
    pub(super) fn bytes_of(&self, index: usize) -> u64 {
        let tensor = self.tensors[index];
        byte_length(tensor.dtype, &tensor.shape).unwrap_or(0)
    }

    /// Whether a tensor has no values at all.
    pub(super) fn is_absent(&self, index: usize) -> bool {
        matches!(self.tensors[index].storage, Storage::Absent { .. })
    }

    /// The canonical bytes of a tensor.
    pub(super) fn bytes(&self, index: usize) -> Result<TensorBytes<'_>, DiffError> {
        let tensor = self.tensors[index];
        self.sources.bytes(tensor).map_err(|source: StorageError| DiffError::Storage {
            artifact: self.shown.to_owned(),
            tensor: tensor.name.clone(),
            source: Box::new(source),
        })
    }

    pub(super) fn failed(&self, index: usize, source: io::Error) -> DiffError {
        let tensor = self.tensors[index].name.clone();
        DiffError::Read { artifact: self.shown.to_owned(), tensor, source }
    }

    /// The digest of a tensor.
    pub(super) fn digest(&self, index: usize) -> Result<Digest, DiffError> {
        let tensor = self.tensors[index];
        let bytes = self.bytes(index)?;
        let blobs = ranges::blobs(&bytes, std::slice::from_ref(&(0..bytes.size())), &|_| ())
            .map_err(|error| self.failed(index, io::Error::other(error)))?;
        Ok(identity::tensor(tensor.dtype.name(), &tensor.shape, &blobs[0]))
    }

    /// Bytes of a tensor from an offset.
    pub(super) fn read(&self, index: usize, offset: u64, length: usize) -> Result<Vec<u8>, DiffError> {
        self.bytes(index)?.read_range(offset, length).map_err(|error| self.failed(index, error))
    }
}
