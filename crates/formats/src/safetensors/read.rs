//! Small files as tensors in memory.

use std::path::Path;

use reproof_digest::ReadAt;
use reproof_tensor::Tensor;

use super::{SafetensorsError, header};
use crate::{FormatError, Problem, file};

/// Loads every tensor of the file at `path`, in the order of their bytes; a file of more than `limit` bytes is
/// refused.
pub fn read_tensors(path: &Path, limit: u64) -> Result<Vec<(String, Tensor)>, FormatError> {
    let file = file::open(path)?;
    let actual = file.size();
    if actual > limit {
        return Err(FormatError::new(path, Problem::TooLarge { limit, actual }));
    }
    parse_tensors(&file).map_err(|error| FormatError::new(path, error))
}

/// Loads every tensor of `source`, in the order of their bytes. The caller has bounded its size.
pub fn parse_tensors(source: &dyn ReadAt) -> Result<Vec<(String, Tensor)>, SafetensorsError> {
    let header = header::read(source)?;
    let tensors = header.tensors.into_iter().map(|entry| {
        let bytes = source
            .read_range(entry.offset, entry.length as usize)
            .map_err(|source| SafetensorsError::Io { action: "read a tensor", source })?;
        let tensor = Tensor::new(entry.dtype, entry.shape, bytes)
            .map_err(|source| SafetensorsError::Tensor { tensor: entry.name.clone(), source })?;
        Ok((entry.name, tensor))
    });
    tensors.collect()
}
