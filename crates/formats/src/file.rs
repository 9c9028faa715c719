//! Opening files that strangers made.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use reproof_digest::{OpenFile, ReadAt as _};

use crate::{FormatError, Problem};

/// Opens a regular file that has bytes. Pipes and devices are refused before they are opened, because opening
/// them may block or act.
pub(crate) fn open(path: &Path) -> Result<OpenFile, FormatError> {
    let refuse = |problem: Problem| FormatError::new(path, problem);
    let metadata = fs::metadata(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => refuse(Problem::Missing),
        _ => refuse(Problem::Io { action: "look it up", source }),
    })?;
    if metadata.is_dir() {
        return Err(refuse(Problem::Folder));
    }
    if !metadata.is_file() {
        return Err(refuse(Problem::NotRegular));
    }
    if metadata.len() == 0 {
        return Err(refuse(Problem::Empty));
    }
    let opened = File::open(path).and_then(OpenFile::new);
    opened.map_err(|source| refuse(Problem::Io { action: "open it", source }))
}

/// Reads a whole file of at most `limit` bytes.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FormatError> {
    let file = open(path)?;
    let actual = file.size();
    if actual > limit {
        return Err(FormatError::new(path, Problem::TooLarge { limit, actual }));
    }
    file.read_range(0, actual as usize)
        .map_err(|source| FormatError::new(path, Problem::Io { action: "read it", source }))
}
