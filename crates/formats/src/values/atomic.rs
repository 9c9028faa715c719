//! Files that appear whole or not at all.
//!
//! Whole for every reader on this machine, also when the writer dies. Lasting through a power failure is for those
//! who keep the folder: most of what is written here lives as long as one run, and syncing each file would cost
//! more than that run.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells apart the writers of one process.
static WRITER: AtomicU64 = AtomicU64::new(0);

/// Writes `bytes` to `folder/name`: beside it, then renamed over whatever is there.
pub(super) fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let writer = WRITER.fetch_add(1, Ordering::Relaxed);
    let beside = folder.join(format!(".{name}.{}-{writer}.partial", std::process::id()));
    let written = write(&beside, bytes).and_then(|()| fs::rename(&beside, folder.join(name)));
    if written.is_err() {
        // The first failure is the one to tell; a leftover is hidden and carries its purpose in its name.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)
}
