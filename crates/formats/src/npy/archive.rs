//! Archives of arrays: zip files whose members end in `.npy`.

use std::path::Path;

use reproof_tensor::Value;

use super::{NpyError, array, member};
use crate::{FormatError, file, zip};

/// Reads the archive at `path`: each array with its name without `.npy`, in the order of the directory. A file of
/// more than `limit` bytes, or arrays that together need more, are refused.
pub fn read_archive(path: &Path, limit: u64) -> Result<Vec<(String, Value)>, FormatError> {
    let bytes = file::read(path, limit)?;
    parse_archive(&bytes, limit).map_err(|error| FormatError::new(path, error))
}

/// Reads an archive from the bytes of its file, as [`read_archive`] does.
pub fn parse_archive(bytes: &[u8], limit: u64) -> Result<Vec<(String, Value)>, NpyError> {
    let archive = zip::open(&bytes).map_err(NpyError::Zip)?;
    member::check(&archive)?;
    let mut left = limit;
    let mut values = Vec::new();
    for member in &archive.members {
        let bytes = member::expand(member, &bytes, left, |member| NpyError::Bomb { member, limit })?;
        left -= bytes.len() as u64;
        let Some(name) = member.name.strip_suffix(".npy") else {
            return Err(NpyError::NotAnArray { member: member.name.clone() });
        };
        let value = array::parse(&bytes, left.max(bytes.len() as u64)).map_err(|problem| {
            NpyError::Member { member: member.name.clone(), problem: Box::new(problem) }
        })?;
        values.push((name.to_owned(), value));
    }
    Ok(values)
}
