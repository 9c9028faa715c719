//! The child process of in-process engines, and the files that it and its parent exchange.
//!
//! The parent writes `request.json` into an empty folder and starts the child with that folder as its argument.
//! The child writes `load.json`, then per case the folders of outputs and `case-<index>.json`; every JSON file
//! appears whole, by rename. Nothing travels over standard output, which belongs to whatever the engine prints.

mod attempts;
mod parent;
mod supervise;
mod taps;
mod worker;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reproof_contract::environment::Environment;
use reproof_contract::run::{RunSpec, Status, Trial};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub(crate) use attempts::{Attempt, Told, attempts, cause, last_words};
pub use parent::ChildRunner;
pub(crate) use parent::INHERITED;
pub(crate) use supervise::{End, anonymous_memory};
pub use taps::step_digest;
pub(crate) use taps::{Collector, digests};
pub use worker::serve;

use crate::RunError;

/// What the parent asks of the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Request {
    /// The engine by runner name.
    pub(crate) runner: String,
    /// The engine's library, for engines that are not part of the binary.
    pub(crate) library: Option<PathBuf>,
    /// Where the built-in engine keeps long runs.
    pub(crate) keep: Option<Keep>,
    /// What to run.
    pub(crate) spec: RunSpec,
}

/// Where long runs are kept, so that the next one of the same model and inputs goes on with one that was ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Keep {
    /// The folder.
    pub folder: PathBuf,
    /// How long a run takes before it is kept, and between one time and the next.
    pub every: Duration,
}

/// What the child tells of loading.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadNote {
    pub(crate) status: Status,
    pub(crate) seconds: f64,
    pub(crate) environment: Option<Environment>,
}

/// What the child tells of one case.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CaseNote {
    pub(crate) status: Status,
    pub(crate) seconds: f64,
    pub(crate) outputs: Vec<PathBuf>,
    /// The folder of the taps, where they were asked for.
    #[serde(default)]
    pub(crate) taps: Option<PathBuf>,
    /// What altered models gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) trials: Vec<Trial>,
    /// Alterations that would change something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) catalogue: Vec<String>,
}

impl CaseNote {
    /// A case of which nothing but its end is known.
    pub(crate) fn of(status: Status) -> Self {
        Self {
            status,
            seconds: 0.0,
            outputs: Vec::new(),
            taps: None,
            trials: Vec::new(),
            catalogue: Vec::new(),
        }
    }
}

fn load_note(folder: &Path) -> PathBuf {
    folder.join("load.json")
}

fn case_note(folder: &Path, index: usize) -> PathBuf {
    folder.join(format!("case-{index}.json"))
}

/// Writes a JSON file so that it appears whole.
pub(crate) fn write_json(path: &Path, document: &impl Serialize) -> Result<(), RunError> {
    let failed = |source| RunError::Exchange { action: "write", path: path.to_owned(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    let bytes = serde_json::to_vec(document).map_err(|error| failed(error.into()))?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(&bytes).map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// Reads a JSON file, `None` if it is not there (yet).
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, RunError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(RunError::Exchange { action: "read", path: path.to_owned(), source }),
    };
    let document = serde_json::from_slice(&bytes);
    document.map(Some).map_err(|source| RunError::Garbled { path: path.to_owned(), source })
}
