//! Getting a version back, byte for byte.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use reproof_digest::Digest;
use reproof_progress::Progress;
use reproof_registry::{State, Version};
use reproof_store::{Manifest, StoredFile};

use super::{Reference, Registry, RegistryError};
use crate::artifact::{Artifact, digests};
use crate::durable::{make_folders, settle, settle_name};
use crate::folder;

/// How a version is pulled.
#[derive(Clone, Debug, Default)]
pub struct PullOptions {
    /// Where the artifact goes: itself, or an existing folder to put it into. The artifact's own name where not told.
    pub destination: Option<PathBuf>,
    /// The artifact digest that it must have.
    pub expect: Option<Digest>,
    /// Whether it goes again soon, as in a scratch folder: nothing then waits for the disk.
    pub passing: bool,
}

/// What was pulled.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The version.
    pub version: Version,
    /// Where the artifact is.
    pub path: PathBuf,
    /// Where its contract is, where it has one.
    pub contract: Option<PathBuf>,
    /// Bytes that were restored.
    pub size: u64,
}

impl Registry {
    /// Restores a version with its contract, and checks that it has the version's digest before it appears in its place.
    /// Interrupted and done again, it goes on. A power failure leaves it in its place whole, or not at all.
    pub fn pull(
        &self,
        reference: &Reference,
        options: &PullOptions,
        progress: &dyn Progress,
    ) -> Result<Pulled, RegistryError> {
        let pulled = self.pull_if(reference, options, progress, &mut |_| true)?;
        Ok(pulled.expect("it was let pass"))
    }

    /// Does as [`Self::pull`], but asks before the artifact appears: `proven` gets its path, with its contract beside or in
    /// it as it will be. What does not pass is removed, and nothing is returned.
    pub fn pull_if(
        &self,
        reference: &Reference,
        options: &PullOptions,
        progress: &dyn Progress,
        proven: &mut dyn FnMut(&Path) -> bool,
    ) -> Result<Option<Pulled>, RegistryError> {
        let version = self.resolve(reference)?;
        if version.state == State::Deleted {
            return Err(RegistryError::Reference {
                text: reference.to_string(),
                problem: format!("it was deleted by {} at {}", version.since.who, version.since.at),
            });
        }
        if let Some(expected) = options.expect.filter(|expected| *expected != version.artifact) {
            let what = format!("{}@{}", version.model, version.number);
            return Err(RegistryError::Unexpected { what, expected, found: version.artifact });
        }
        let manifest = self.store.manifest(&version.manifest)?;
        let path = place(&manifest, options.destination.as_deref())?;
        let contract = folder_of_contract(&path, manifest.folder);
        let (own, beside) = parts(&manifest);
        // Both are built in one folder beside their place, so that renaming them is no copy.
        let draft = draft(&path, &version.artifact);
        let held = hold(&draft, &path)?;
        let inner = draft.join(path.file_name().unwrap_or_default());
        let kept = folder_of_contract(&inner, manifest.folder);
        // An earlier pull may have ended between its two renames: then the contract stays where it is.
        let placed = inner.exists() && !path.exists() && !kept.exists() && is_contract(&contract, &version);
        for target in [&path, &contract] {
            if target.exists() && !(placed && target == &contract) {
                held.leave();
                return Err(RegistryError::Occupied { path: target.clone() });
            }
        }
        let data = match self.places(beside, &path, &contract) {
            Ok(data) => data,
            Err(error) => {
                held.leave();
                return Err(error);
            }
        };
        self.store.restore(own, &inner, progress)?;
        self.store.restore(beside, &draft, progress)?;
        if manifest.folder && manifest.files.is_empty() {
            make(&inner)?;
        }
        let found = digests(&Artifact::open(&inner)?, progress)?.artifact;
        if found != version.artifact {
            // Which object is at fault, where one is.
            self.store.check_restored(own, &inner)?;
            self.store.check_restored(beside, &draft)?;
            let what = format!("what the store has for {}@{}", version.model, version.number);
            return Err(RegistryError::Unexpected { what, expected: version.artifact, found });
        }
        if !manifest.contract.is_empty() {
            self.store.restore(&manifest.contract, &kept, progress)?;
            self.store.check_restored(&manifest.contract, &kept)?;
            // One of a newer version of reproof cannot be read here, and is for others to judge.
            if let (Ok(stored), Some(expected)) = (folder::read(&kept), version.contract)
                && stored.digest != expected
            {
                let what =
                    format!("the contract that the store has for {}@{}", version.model, version.number);
                return Err(RegistryError::Unexpected { what, expected, found: stored.digest });
            }
            self.lay_signatures(&version, &kept)?;
        }
        if !proven(&inner) {
            let _ = fs::remove_dir_all(&draft);
            return Ok(None);
        }
        if !options.passing {
            settle(&draft)?;
        }
        if !manifest.contract.is_empty() && !manifest.folder && !placed {
            rename(&kept, &contract)?;
        }
        for (file, place) in beside.iter().zip(&data) {
            if let Some(parent) = place.parent().filter(|parent| !parent.as_os_str().is_empty()) {
                make(parent)?;
            }
            rename(&draft.join(&file.path), place)?;
            if !options.passing {
                settle_name(place)?;
            }
        }
        // The artifact last: where it is, everything is.
        rename(&inner, &path)?;
        if !options.passing {
            settle_name(&path)?;
        }
        let _ = fs::remove_dir_all(&draft);
        let contract = (!manifest.contract.is_empty()).then_some(contract);
        Ok(Some(Pulled { version, path, contract, size: manifest.size() }))
    }

    /// Where files go that lie beside an artifact which is a file. One that is there already and the same may be there.
    fn places(
        &self,
        beside: &[StoredFile],
        path: &Path,
        contract: &Path,
    ) -> Result<Vec<PathBuf>, RegistryError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut places = Vec::with_capacity(beside.len());
        for file in beside {
            let place = folder.join(&file.path);
            if place.starts_with(path) || place.starts_with(contract) {
                return Err(RegistryError::Occupied { path: place });
            }
            let there = fs::symlink_metadata(&place).is_ok();
            if there && self.store.check_restored(std::slice::from_ref(file), folder).is_err() {
                return Err(RegistryError::Occupied { path: place });
            }
            places.push(place);
        }
        Ok(places)
    }
}

/// The files of the artifact itself, and those that lie beside it where it is a file that names them.
fn parts(manifest: &Manifest) -> (&[StoredFile], &[StoredFile]) {
    let own = if manifest.folder { manifest.files.len() } else { manifest.files.len().min(1) };
    manifest.files.split_at(own)
}

fn folder_of_contract(path: &Path, is_folder: bool) -> PathBuf {
    if is_folder {
        return path.join(crate::artifact::CONTRACT_FOLDER);
    }
    folder::beside(path)
}

/// Where the artifact goes.
fn place(manifest: &Manifest, destination: Option<&Path>) -> Result<PathBuf, RegistryError> {
    let name = Path::new(&manifest.name);
    let plain = name.components().count() == 1 && name.file_name().is_some();
    let named = |folder: &Path| if plain { folder.join(name) } else { folder.join("artifact") };
    let path = match destination {
        None => named(Path::new("")),
        Some(folder) if folder.is_dir() => named(folder),
        Some(path) => path.to_owned(),
    };
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        make(parent)?;
    }
    Ok(path)
}

/// Whether the folder holds the contract that the version was pushed with.
fn is_contract(folder: &Path, version: &Version) -> bool {
    folder::read(folder).is_ok_and(|stored| Some(stored.digest) == version.contract)
}

fn rename(from: &Path, to: &Path) -> Result<(), RegistryError> {
    fs::rename(from, to).map_err(|source| RegistryError::Write { path: to.to_owned(), source })
}

fn make(folder: &Path) -> Result<(), RegistryError> {
    Ok(make_folders(folder)?)
}

/// A draft that one pull works on.
struct Held {
    _file: fs::File,
    path: PathBuf,
}

impl Held {
    /// Leaves a draft to which nothing was added.
    fn leave(self) {
        let _ = fs::remove_file(&self.path);
        // Only where it is empty.
        let _ = self.path.parent().map(fs::remove_dir);
    }
}

/// Waits until no other pull works on the draft, if there is one at this moment: what both would write is the same, but one
/// would take it away from the other.
fn hold(draft: &Path, path: &Path) -> Result<Held, RegistryError> {
    // Beside the artifact, whose contract has another ending.
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let place = draft.join(name);
    loop {
        make(draft)?;
        let file = match fs::File::create(&place) {
            Ok(file) => file,
            Err(source) if source.kind() == ErrorKind::NotFound => continue,
            Err(source) => return Err(RegistryError::Write { path: place, source }),
        };
        // Where files cannot be locked nobody is kept out.
        let _ = file.lock();
        // The one that was waited for has taken the draft with it, and this file.
        if place.exists() {
            return Ok(Held { _file: file, path: place });
        }
    }
}

/// The folder in which an artifact is built before it appears; what another artifact left is not taken for this one's.
fn draft(path: &Path, artifact: &Digest) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.reproof-pull", &artifact.to_hex()[..12]));
    path.with_file_name(name)
}
