//! Building a contract's folder and putting it in place at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::Contract;
use reproof_contract::canonical::CanonicalError;
use reproof_contract::contract::ContractFile;
use reproof_contract::taps::Taps;
use reproof_digest::{Digest, blob};
use reproof_formats::{FormatError, values};
use reproof_tensor::Value;

use super::{CONTRACT_FILE, GROWING, STEPS, VALUES, read};
use crate::durable::{Unsettled, make_folders, settle, settle_name};
use crate::scratch::Scratch;

/// Why a contract's folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A file or folder could not be written.
    #[error("could not {action} {}", path.display())]
    Write {
        /// `create`, `write`, `read`, `sync`, `copy`, `remove` or `rename`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Values could not be written.
    #[error("could not write the values of {}", path.display())]
    Values {
        /// Their folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: FormatError,
    },
    /// The document could not be written as JSON.
    #[error("could not write {}", path.display())]
    Document {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// A list of files has no canonical form.
    #[error("a list of files has no canonical form")]
    Canonical {
        /// Why.
        #[source]
        source: CanonicalError,
    },
    /// Another contract took the place of the one that was to be replaced.
    #[error("{} got another contract meanwhile; look at it, and accept again", path.display())]
    Changed {
        /// The folder.
        path: PathBuf,
    },
    /// There is a contract already: recording never overwrites.
    #[error("{} already holds a contract", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
}

impl From<Unsettled> for WriteError {
    fn from((path, source): Unsettled) -> Self {
        Self::Write { action: "sync", path, source }
    }
}

/// A contract's folder under construction, beside its final place.
pub(crate) struct Draft {
    place: PathBuf,
    building: Scratch,
    /// Inputs and goldens of a private suite, which at no moment lie beside the artifact.
    pub(super) private: Option<Scratch>,
}

impl Draft {
    /// Starts a draft for `place`, on the same file system; values of a private suite are built below the root `private` of
    /// all such suites.
    pub(crate) fn new(place: &Path, private: Option<&Path>) -> Result<Self, WriteError> {
        let parent = match place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let private = private.map(scaffold).transpose()?;
        Ok(Self { place: place.to_owned(), building: scaffold(parent)?, private })
    }

    /// The folder under construction.
    pub(crate) fn path(&self) -> &Path {
        self.building.path()
    }

    /// The folder under construction that holds inputs and goldens.
    pub(crate) fn values_path(&self) -> &Path {
        self.private.as_ref().map_or_else(|| self.path(), Scratch::path)
    }

    /// Where something of the draft lies.
    fn locate(&self, relative: &Path) -> PathBuf {
        let is_value = VALUES.iter().any(|folder| relative.starts_with(folder));
        if is_value { self.values_path() } else { self.path() }.join(relative)
    }

    /// Makes a folder of the draft and returns its path.
    pub(crate) fn folder(&self, relative: &Path) -> Result<PathBuf, WriteError> {
        let path = self.locate(relative);
        let created = fs::create_dir_all(&path);
        created.map_err(|source| WriteError::Write { action: "create", path: path.clone(), source })?;
        Ok(path)
    }

    /// Removes a folder from the draft.
    pub(crate) fn remove(&self, relative: &Path) -> Result<(), WriteError> {
        let path = self.locate(relative);
        fs::remove_dir_all(&path).map_err(|source| WriteError::Write { action: "remove", path, source })
    }

    /// Writes named values below the draft.
    pub(crate) fn values(
        &self,
        relative: &Path,
        stem: &str,
        named: &[(String, Value)],
    ) -> Result<(), WriteError> {
        let folder = self.folder(relative)?;
        values::write(&folder, stem, named).map_err(|source| WriteError::Values { path: folder, source })
    }

    /// Writes a document as readable JSON below the draft.
    pub(crate) fn json(&self, relative: &Path, document: &impl serde::Serialize) -> Result<(), WriteError> {
        if let Some(parent) = relative.parent() {
            self.folder(parent)?;
        }
        let path = self.path().join(relative);
        let text = serde_json::to_string_pretty(document);
        let text = text.map_err(|source| WriteError::Document { path: path.clone(), source })?;
        fs::write(&path, text + "\n").map_err(|source| WriteError::Write { action: "write", path, source })
    }

    /// Writes what a model computed on its way below the draft if that takes at most so many bytes; how many are left.
    pub(crate) fn steps(&self, relative: &Path, taps: &Taps, room: usize) -> Result<usize, WriteError> {
        let path = self.locate(relative).join(STEPS);
        let text = serde_json::to_vec(taps);
        let text = text.map_err(|source| WriteError::Document { path: path.clone(), source })?;
        let Some(left) = room.checked_sub(text.len()) else { return Ok(room) };
        self.folder(relative)?;
        fs::write(&path, text).map_err(|source| WriteError::Write { action: "write", path, source })?;
        Ok(left)
    }

    /// Copies a file into the draft.
    pub(crate) fn copy(&self, from: &Path, relative: &Path) -> Result<(), WriteError> {
        if let Some(parent) = relative.parent() {
            self.folder(parent)?;
        }
        let target = self.path().join(relative);
        let copied = fs::copy(from, &target);
        copied.map_err(|source| WriteError::Write { action: "copy", path: from.to_owned(), source })?;
        Ok(())
    }

    /// Copies a whole folder into the draft, if it exists.
    pub(crate) fn copy_folder(&self, from: &Path, relative: &Path) -> Result<(), WriteError> {
        let failed = |source| WriteError::Write { action: "copy", path: from.to_owned(), source };
        let entries = match fs::read_dir(from) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let (path, target) = (entry.path(), relative.join(entry.file_name()));
            if entry.file_type().map_err(failed)?.is_dir() {
                self.copy_folder(&path, &target)?;
            } else {
                self.copy(&path, &target)?;
            }
        }
        Ok(())
    }

    /// The files of the draft that a contract vouches for.
    pub(crate) fn files(&self) -> Result<BTreeMap<String, ContractFile>, WriteError> {
        collected(self.path())
    }

    /// Writes the document and puts the folder in its place at once. It takes the place of the contract `replaced`, unless
    /// that is no longer there; where it replaces none, a folder that is there is refused.
    pub(crate) fn publish(
        self,
        contract: &Contract,
        replaced: Option<Digest>,
    ) -> Result<PathBuf, WriteError> {
        let path = self.path().join(CONTRACT_FILE);
        let failed = |action: &'static str, path: &Path| {
            let path = path.to_owned();
            move |source| WriteError::Write { action, path, source }
        };
        let text = serde_json::to_string_pretty(contract)
            .map_err(|source| WriteError::Document { path: path.clone(), source })?;
        fs::write(&path, text + "\n").map_err(failed("write", &path))?;
        settle(self.path())?;
        let place = self.place.clone();
        #[cfg(unix)]
        {
            // Temporary folders are private; the contract is as public as the artifact.
            use std::os::unix::fs::PermissionsExt as _;
            let open = fs::Permissions::from_mode(0o755);
            fs::set_permissions(self.path(), open).map_err(failed("create", self.path()))?;
        }
        if let Some(replaced) = replaced {
            // One after the other: who comes later sees what took its place. Where nothing can be locked nobody waits.
            let held = fs::File::open(&place).ok();
            let _ = held.as_ref().map(fs::File::lock);
            if read(&place).is_ok_and(|there| there.digest != replaced) {
                return Err(WriteError::Changed { path: place });
            }
            // The old contract is then removed with the draft that it has become.
            exchange(self.path(), &place)?;
        } else if let Err(source) = fs::rename(self.path(), &place) {
            // Renaming onto a folder that is not empty fails: a contract that appeared meanwhile stays.
            if matches!(
                source.kind(),
                std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists
            ) {
                return Err(WriteError::Exists { path: place });
            }
            return Err(WriteError::Write { action: "rename", path: place, source });
        }
        settle_name(&place)?;
        if replaced.is_none() {
            let _ = self.building.keep();
        }
        Ok(place)
    }
}

/// Makes a folder in which something is built, for its owner alone.
fn scaffold(parent: &Path) -> Result<Scratch, WriteError> {
    let failed = |source| WriteError::Write { action: "create", path: parent.to_owned(), source };
    make_folders(parent).map_err(|(path, source)| WriteError::Write { action: "create", path, source })?;
    Scratch::new(super::DRAFT_PREFIX, parent).map_err(failed)
}

/// Every file below `root` that a contract vouches for.
pub(super) fn collected(root: &Path) -> Result<BTreeMap<String, ContractFile>, WriteError> {
    let mut found = BTreeMap::new();
    collect(root, root, &mut found)?;
    Ok(found)
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, ContractFile>) -> Result<(), WriteError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError::Write { action: "read", path, source }
    };
    for entry in fs::read_dir(folder).map_err(failed(folder))? {
        let path = entry.map_err(failed(folder))?.path();
        let relative =
            path.strip_prefix(root).expect("entries lie below the folder that they were read from");
        let name = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
        if GROWING.contains(&name.as_str()) || name == CONTRACT_FILE {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found)?;
        } else {
            let bytes = fs::read(&path).map_err(failed(&path))?;
            found.insert(name, ContractFile { size: bytes.len() as u64, digest: blob(&bytes) });
        }
    }
    Ok(())
}

/// Puts a finished folder in the place of another in one step: at every moment there is the one or the other.
pub(crate) fn exchange(new: &Path, place: &Path) -> Result<(), WriteError> {
    let here = rustix::fs::CWD;
    let swapped = rustix::fs::renameat_with(here, new, here, place, rustix::fs::RenameFlags::EXCHANGE);
    swapped.map_err(|error| WriteError::Write {
        action: "rename",
        path: place.to_owned(),
        source: error.into(),
    })
}
