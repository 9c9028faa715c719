//! Trajectories beside their contract: `trajectory/` with a manifest that vouches for them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use reproof_contract::trajectory::{Trajectory, TrajectoryManifest, TrajectoryManifestSchema};
use reproof_digest::{Digest, blob};

use crate::folder::{self, DRAFT_PREFIX, FolderError};
use crate::scratch::Scratch;

/// The folder below that of the contract.
const FOLDER: &str = "trajectory";
const DOCUMENT: &str = "trajectory.json";
const MANIFEST: &str = "manifest.json";

/// The largest document that is read: 1 GiB. Facts of a model of a million tensors need a quarter of it.
const LARGEST: u64 = 1 << 30;

/// Why a trajectory could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// There is no contract to which it could belong.
    #[error(transparent)]
    Contract(#[from] FolderError),
    /// A file could not be read or written.
    #[error("could not {action} {}", path.display())]
    File {
        /// `read`, `write` or `rename`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what its manifest says, or not a document at all.
    #[error("{} is not what was recorded: {problem}", path.display())]
    Corrupt {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Keeps a trajectory with the contract in `contract`; one that is there already is replaced at once.
pub fn keep(contract: &Path, trajectory: &Trajectory) -> Result<PathBuf, StoredError> {
    let artifact_digest = folder::read(contract)?.contract.artifact.artifact_digest;
    let place = contract.join(FOLDER);
    let failed = |action: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| StoredError::File { action, path, source }
    };
    let building = Scratch::new(DRAFT_PREFIX, contract).map_err(failed("write", contract))?;
    let document = serde_json::to_vec(trajectory).map_err(|error| corrupt(&place.join(DOCUMENT), &error))?;
    let manifest = TrajectoryManifest {
        schema: TrajectoryManifestSchema::V0,
        artifact_digest,
        trajectory: blob(&document),
        size: document.len() as u64,
    };
    let vouching =
        serde_json::to_vec_pretty(&manifest).map_err(|error| corrupt(&place.join(MANIFEST), &error))?;
    for (name, bytes) in [(DOCUMENT, document), (MANIFEST, vouching)] {
        let path = building.path().join(name);
        fs::write(&path, bytes).map_err(failed("write", &path))?;
        File::open(&path).and_then(|file| file.sync_all()).map_err(failed("write", &path))?;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(building.path(), open).map_err(failed("write", &place))?;
    }
    if place.exists() {
        // What was there is removed with the draft that it has become.
        folder::exchange(building.path(), &place).map_err(|error| match error {
            folder::WriteError::Write { path, source, .. } => {
                StoredError::File { action: "rename", path, source }
            }
            other => corrupt(&place, &other),
        })?;
    } else {
        fs::rename(building.path(), &place).map_err(failed("rename", &place))?;
        let _ = building.keep();
    }
    Ok(place)
}

/// The trajectory that is kept with the contract in `contract`, or nothing where none is; `artifact` is the digest for
/// which the contract was recorded.
pub fn stored(contract: &Path, artifact: Digest) -> Result<Option<Trajectory>, StoredError> {
    let place = contract.join(FOLDER);
    if !place.exists() {
        return Ok(None);
    }
    let path = place.join(MANIFEST);
    let manifest: TrajectoryManifest =
        serde_json::from_slice(&read(&path)?).map_err(|error| corrupt(&path, &error))?;
    if manifest.artifact_digest != artifact {
        let problem = format!("it belongs to the artifact {}, not to {artifact}", manifest.artifact_digest);
        return Err(StoredError::Corrupt { path, problem });
    }
    let path = place.join(DOCUMENT);
    let document = read(&path)?;
    if document.len() as u64 != manifest.size {
        let problem = format!("{} bytes, expected {}", document.len(), manifest.size);
        return Err(StoredError::Corrupt { path, problem });
    }
    let actual = blob(&document);
    if actual != manifest.trajectory {
        let problem = format!("digest {actual}, expected {}", manifest.trajectory);
        return Err(StoredError::Corrupt { path, problem });
    }
    let trajectory = serde_json::from_slice(&document).map_err(|error| corrupt(&path, &error))?;
    Ok(Some(trajectory))
}

/// The bytes of a file that is no larger than anything we wrote.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, StoredError> {
    let failed = |source| StoredError::File { action: "read", path: path.to_owned(), source };
    let size = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(StoredError::Corrupt { path: path.to_owned(), problem: "it is missing".to_owned() });
        }
        Err(error) => return Err(failed(error)),
    };
    if size > LARGEST {
        let problem = format!("{size} bytes are more than any trajectory has");
        return Err(StoredError::Corrupt { path: path.to_owned(), problem });
    }
    fs::read(path).map_err(failed)
}

fn corrupt(path: &Path, problem: &dyn std::fmt::Display) -> StoredError {
    StoredError::Corrupt { path: path.to_owned(), problem: problem.to_string() }
}
