//! Where the values of private suites lie: in a folder of the user's, outside every artifact and every repository.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::contract::PrivateSuite;

use super::{Draft, VALUES, WriteError};

/// `$REPROOF_PRIVATE`, else `reproof/private` below `$XDG_DATA_HOME` or `~/.local/share`; nothing where none is known.
pub fn private_root() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(told) = set("REPROOF_PRIVATE") {
        return Some(std::path::absolute(&told).unwrap_or(told));
    }
    // The standard says that a relative path is to be ignored.
    let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data = data.or_else(|| set("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("reproof/private"))
}

/// The folder of a private suite below the root of all.
pub(super) fn folder_of(suite: &PrivateSuite, root: &Path) -> PathBuf {
    root.join(suite.id.to_hex())
}

impl Draft {
    /// Moves the values of the draft into a folder of their own below `root`, whole or not at all.
    pub(crate) fn withdraw(&self, root: &Path) -> Result<PrivateSuite, WriteError> {
        let failed = |action: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| WriteError::Write { action, path, source }
        };
        let is_value = |name: &str| VALUES.iter().any(|folder| name.split('/').next() == Some(folder));
        let files: BTreeMap<_, _> = self.files()?.into_iter().filter(|(name, _)| is_value(name)).collect();
        let suite = PrivateSuite::new(files).map_err(|source| WriteError::Canonical { source })?;
        let place = folder_of(&suite, root);
        // The name is the content: what is there already is the same.
        if !place.is_dir() {
            // As private as its maker can have it: temporary folders are for their owner alone.
            let copy = Self::new(&place)?;
            for folder in VALUES {
                copy.copy_folder(&self.path().join(folder), Path::new(folder))?;
            }
            copy.files()?;
            match fs::rename(copy.path(), &place) {
                Ok(()) => copy.keep(),
                // Somebody else put the same there meanwhile.
                Err(_) if place.is_dir() => {}
                Err(source) => return Err(failed("rename", &place)(source)),
            }
        }
        for folder in VALUES.map(Path::new) {
            if self.path().join(folder).is_dir() {
                self.remove(folder)?;
            }
        }
        Ok(suite)
    }
}
