//! Folders for values that are needed for a while.

use std::io;
use std::path::Path;

use tempfile::{Builder, TempDir};

/// A folder for temporary files, which nobody but its owner can look into: it holds inputs and outputs of models.
pub fn scratch() -> io::Result<TempDir> {
    owned("reproof-", &std::env::temp_dir())
}

/// A new folder in `parent` for its owner alone. The default is what the umask leaves to others.
pub(crate) fn owned(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(parent)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nobody_else_can_look_into_it() {
        let folder = super::scratch().unwrap();
        assert_eq!(folder.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
