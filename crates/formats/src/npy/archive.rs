//! Archives of arrays: zip files whose members end in `.npy`.

use std::io::{Cursor, Read, Seek};
use std::path::Path;

use reproof_tensor::Value;
use zip::ZipArchive;

use super::{NpyError, array};
use crate::{FormatError, file};

/// The most members of an archive.
pub(super) const MEMBERS: usize = 65_536;

/// Reads the archive at `path`: each array with its name without `.npy`, in the order of the directory. A file of
/// more than `limit` bytes, or arrays that together need more, are refused.
pub fn read_archive(path: &Path, limit: u64) -> Result<Vec<(String, Value)>, FormatError> {
    let bytes = file::read(path, limit)?;
    parse_archive(&bytes, limit).map_err(|error| FormatError::new(path, error))
}

/// Reads an archive from the bytes of its file, as [`read_archive`] does.
pub fn parse_archive(bytes: &[u8], limit: u64) -> Result<Vec<(String, Value)>, NpyError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(NpyError::Zip)?;
    check(&mut archive)?;
    let mut left = limit;
    let mut values = Vec::new();
    for index in 0..archive.len() {
        let (member, bytes) = expand(&mut archive, index, left, limit)?;
        left -= bytes.len() as u64;
        let Some(name) = member.strip_suffix(".npy") else {
            return Err(NpyError::NotAnArray { member });
        };
        let value = array::parse(&bytes, left.max(bytes.len() as u64))
            .map_err(|problem| NpyError::Member { member: member.clone(), problem: Box::new(problem) })?;
        values.push((name.to_owned(), value));
    }
    Ok(values)
}

/// Checks that an archive is one for every reader: no name twice, no member on another, both directories alike.
pub(super) fn check<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<(), NpyError> {
    if archive.len() > MEMBERS {
        return Err(NpyError::TooManyMembers { limit: MEMBERS, actual: archive.len() });
    }
    if archive.has_duplicate_names() {
        return Err(NpyError::DuplicateMember);
    }
    if archive.has_overlapping_entries().map_err(NpyError::Zip)? {
        return Err(NpyError::OverlappingMembers);
    }
    archive.validate_header_consistency().map_err(NpyError::Zip)
}

/// The name and bytes of one member, which must have the declared size and fit into `left`.
fn expand(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    left: u64,
    limit: u64,
) -> Result<(String, Vec<u8>), NpyError> {
    let raw = archive.by_index_raw(index).map_err(NpyError::Zip)?;
    let member = raw.name().map_err(NpyError::Zip)?.into_owned();
    if raw.encrypted() {
        return Err(NpyError::Encrypted { member });
    }
    let expected = raw.size();
    drop(raw);
    if expected > left {
        return Err(NpyError::Bomb { member, limit });
    }
    let file = archive.by_index(index).map_err(NpyError::Zip)?;
    let mut bytes = Vec::new();
    // One byte more than declared is enough to notice a member that lies.
    match file.take(expected + 1).read_to_end(&mut bytes) {
        Ok(_) if bytes.len() as u64 == expected => Ok((member, bytes)),
        Ok(_) => Err(NpyError::MemberSize { member, expected, actual: bytes.len() as u64 }),
        Err(source) => Err(NpyError::Expand { member, source }),
    }
}
