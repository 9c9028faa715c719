//! Folders that become something else, or go.

use std::io;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// A new folder in `parent` for its owner alone. The default is what the umask leaves to others.
pub(crate) fn owned(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent)
}
