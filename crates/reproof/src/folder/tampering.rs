//! The files that a contract vouches for against what lies in its folder.

use std::collections::BTreeMap;
use std::path::Path;

use rayon::prelude::*;
use reproof_contract::contract::ContractFile;
use reproof_digest::blob;

use super::{CONTRACT_FILE, FolderError, GROWING, StoredContract};

/// The largest file that a contract may vouch for, in bytes.
const LARGEST_FILE: u64 = 1 << 30;

/// A file of the folder that is not as the contract says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tampering {
    /// Its POSIX path below the folder.
    pub path: String,
    /// What the contract says.
    pub expected: String,
    /// What was found.
    pub actual: String,
}

impl StoredContract {
    /// Compares every file of the folder with what the contract says of it; files that it does not know are named
    /// too, except where the folder grows.
    pub fn tampering(&self) -> Result<Vec<Tampering>, FolderError> {
        let mut found = compare(&self.folder, &self.contract.files)?;
        // Private values that are not on this machine are not changed ones.
        if let Some(private) = self.contract.private.as_ref().filter(|_| self.values.is_dir()) {
            found.extend(compare(&self.values, &private.files)?);
        }
        self.strays(&self.folder, &mut found)?;
        Ok(found)
    }

    /// Whether inputs and goldens are private and not on this machine.
    pub fn withheld(&self) -> bool {
        self.contract.private.is_some() && !self.values.is_dir()
    }

    /// Files below `folder` that the contract does not know.
    fn strays(&self, folder: &Path, found: &mut Vec<Tampering>) -> Result<(), FolderError> {
        let failed = |source| FolderError::Read { path: folder.to_owned(), source };
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let path = entry.path();
            let relative =
                path.strip_prefix(&self.folder).expect("entries lie below the folder they were read from");
            let name = relative.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
            if GROWING.contains(&name.as_str()) || name == CONTRACT_FILE {
                continue;
            }
            // A link is never followed: it could lead out or in circles.
            if entry.file_type().map_err(failed)?.is_dir() {
                self.strays(&path, found)?;
            } else if !self.contract.files.contains_key(&name) {
                let expected = "no such file".to_owned();
                found.push(Tampering {
                    path: name,
                    expected,
                    actual: "a file that was not recorded".to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// Every file of a list against what lies in `folder`.
fn compare(folder: &Path, files: &BTreeMap<String, ContractFile>) -> Result<Vec<Tampering>, FolderError> {
    let listed: Vec<_> = files.iter().collect();
    let compared: Vec<Option<Tampering>> = listed
        .into_par_iter()
        .map(|(name, expected)| {
            let tampered = |actual: String| Tampering {
                path: name.clone(),
                expected: format!("{} bytes, {}", expected.size, expected.digest.short()),
                actual,
            };
            let path = folder.join(name);
            let is_link = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_symlink());
            match std::fs::metadata(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Ok(Some(tampered("missing".to_owned())));
                }
                Err(source) => return Err(FolderError::Read { path, source }),
                Ok(metadata) if !metadata.is_file() => {
                    return Ok(Some(tampered("not a file".to_owned())));
                }
                Ok(_) if is_link || !holds(folder, &path) => {
                    return Ok(Some(tampered("a symbolic link".to_owned())));
                }
                Ok(metadata) if metadata.len() != expected.size || metadata.len() > LARGEST_FILE => {
                    return Ok(Some(tampered(format!("{} bytes", metadata.len()))));
                }
                Ok(_) => {}
            }
            let bytes = std::fs::read(&path).map_err(|source| FolderError::Read { path, source })?;
            let actual = blob(&bytes);
            Ok((actual != expected.digest)
                .then(|| tampered(format!("{} bytes, {}", bytes.len(), actual.short()))))
        })
        .collect::<Result<_, _>>()?;
    Ok(compared.into_iter().flatten().collect())
}

/// Whether a file really lies below a folder, links in the middle of its path followed.
fn holds(folder: &Path, path: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    real(path).zip(real(folder)).is_some_and(|(path, folder)| path.starts_with(folder))
}
