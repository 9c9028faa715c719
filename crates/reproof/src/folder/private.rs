//! Where the values of private suites lie: in a folder of the user's, outside every artifact and every repository.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::contract::PrivateSuite;

use super::write::{collected, exchange};
use super::{Draft, StoredContract, WriteError};
use crate::durable::{settle, settle_name};

/// The root of all private suites of a user, by what `variable` says of the process environment: `$REPROOF_PRIVATE`, else
/// `reproof/private` below `$XDG_DATA_HOME` or `~/.local/share`; nothing where none is known.
pub fn private_root(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(told) = set("REPROOF_PRIVATE") {
        return Some(std::path::absolute(&told).unwrap_or(told));
    }
    // The standard says that a relative path is to be ignored.
    let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data = data.or_else(|| set("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("reproof/private"))
}

impl StoredContract {
    /// Looks for the values of a private suite below the root of all; other values lie in the contract.
    #[must_use]
    pub fn look_below(mut self, root: Option<&Path>) -> Self {
        if let (Some(private), Some(root)) = (&self.contract.private, root) {
            self.values = folder_of(private, root);
        }
        self
    }
}

/// The folder of a private suite below the root of all.
fn folder_of(suite: &PrivateSuite, root: &Path) -> PathBuf {
    root.join(suite.id.to_hex())
}

impl Draft {
    /// Puts the values of a private suite where they belong below `root`, whole or not at all.
    pub(crate) fn withdraw(&mut self, root: &Path) -> Result<Option<PrivateSuite>, WriteError> {
        let Some(values) = self.private.take() else { return Ok(None) };
        let suite = PrivateSuite::new(collected(values.path())?);
        let suite = suite.map_err(|source| WriteError::Canonical { source })?;
        let place = folder_of(&suite, root);
        settle(values.path())?;
        match fs::rename(values.path(), &place) {
            Ok(()) => {
                let _ = values.keep();
            }
            // The same values were recorded before. What lies there may have been damaged since.
            Err(_) if place.is_dir() => exchange(values.path(), &place)?,
            Err(source) => return Err(WriteError::Write { action: "rename", path: place, source }),
        }
        settle_name(&place)?;
        Ok(Some(suite))
    }
}
