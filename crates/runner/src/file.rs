//! Files by what they hold: their hash, and what tells without reading them that they are as they were.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

use sha2::Digest as _;

/// What is read at once, in bytes.
const PIECE: usize = 1 << 20;

/// What tells that a file is the one that it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    pub(crate) modified: i128,
    pub(crate) inode: u64,
}

impl Mark {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self { size: metadata.len(), modified, inode: metadata.ino() }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let since = |at: std::time::SystemTime| at.duration_since(std::time::UNIX_EPOCH).ok();
        let modified = metadata.modified().ok().and_then(since).map_or(0, |since| since.as_nanos() as i128);
        Self { size: metadata.len(), modified, inode: 0 }
    }
}

/// SHA-256 of a file.
pub(crate) fn sha256(path: &Path) -> io::Result<[u8; 32]> {
    let (mut file, mut running, mut piece) = (File::open(path)?, sha2::Sha256::new(), vec![0; PIECE]);
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(running.finalize().into());
        }
        running.update(piece.get(..read).unwrap_or_default());
    }
}
