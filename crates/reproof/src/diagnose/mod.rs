//! Why an artifact gives other outputs, and where that starts.
//!
//! The first experiment: the error budget of a graph, node by node against float64.

mod budget;
mod chunks;
mod graph;

use std::path::{Path, PathBuf};

use reproof_contract::diagnosis::{Diagnosis, DiagnosisSchema};
use reproof_contract::run::Limits;
use reproof_contract::{CaseClass, Name};
use reproof_formats::FormatError;
use reproof_progress::Progress;

use crate::artifact::OpenError;
use crate::engines::named;
use crate::execution::{ExecuteError, PYTHON, REFEREE, Runners, Settings};
use crate::folder::{self, FolderError};

/// What a diagnosis is told.
#[derive(Clone, Debug)]
pub struct DiagnoseOptions {
    /// The contract's folder, if not beside the artifact.
    pub folder: Option<PathBuf>,
    /// The root of all private suites of the user, where there is one.
    pub private_root: Option<PathBuf>,
    /// The engine under test; by default the one that recorded, where it is there.
    pub runner: Option<String>,
    /// The case to run; by default the first typical one.
    pub case: Option<Name>,
    /// Threads and engine options of each run.
    pub settings: Settings,
    /// Limits of each run.
    pub limits: Limits,
    /// The path as reports show it.
    pub shown_path: Option<String>,
}

/// Why a diagnosis could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DiagnoseError {
    /// There is nothing at the path.
    #[error("no artifact at {}", path.display())]
    NoArtifact {
        /// The path.
        path: PathBuf,
    },
    /// The contract could not be read.
    #[error(transparent)]
    Contract(#[from] FolderError),
    /// The contract has no such case.
    #[error("the contract has no case {case}, it has {}", known.join(", "))]
    NoCase {
        /// What was asked for.
        case: String,
        /// The cases there are.
        known: Vec<String>,
    },
    /// The artifact is no graph of ONNX, and its contract holds none.
    #[error("{} is no ONNX graph, and its contract holds none", path.display())]
    NoGraph {
        /// The path.
        path: PathBuf,
    },
    /// The artifact could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The graph could not be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A run could not be made.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// A run did not give what was asked for.
    #[error("{runner} did not run the case: {what}")]
    Failed {
        /// The runner.
        runner: String,
        /// What happened.
        what: String,
        /// What to do.
        hint: String,
    },
    /// There is no folder for temporary files.
    #[error("could not write below {}", path.display())]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Diagnoses the artifact at `path`.
pub fn diagnose(
    path: &Path,
    options: &DiagnoseOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Diagnosis, DiagnoseError> {
    if !path.exists() {
        return Err(DiagnoseError::NoArtifact { path: path.to_owned() });
    }
    let place = options.folder.clone().unwrap_or_else(|| folder::beside(path));
    let stored = folder::read(&place)?.look_below(options.private_root.as_deref());
    let suite = &stored.contract.suite;
    let wanted = |name: &Name| suite.iter().find(|case| case.name == *name);
    let case = match &options.case {
        Some(name) => wanted(name),
        None => suite.iter().find(|case| case.class == CaseClass::Typical).or(suite.first()),
    };
    let case = case.ok_or_else(|| DiagnoseError::NoCase {
        case: options.case.as_ref().map_or_else(|| "to run".to_owned(), ToString::to_string),
        known: suite.iter().map(|case| case.name.to_string()).collect(),
    })?;
    let graph = graph::find(path, &stored)?;
    let recorded = stored.contract.runner.as_deref().map(named);
    // A graph beside a Python model is run by an engine of graphs.
    let usable = recorded.filter(|name| *name != PYTHON && runners.get(name).is_some());
    let any = || if runners.get("onnxruntime").is_some() { "onnxruntime" } else { REFEREE };
    let runner = options.runner.as_deref().unwrap_or_else(|| usable.unwrap_or_else(any));
    let run = budget::Run { graph, stored: &stored, case, runner, options, runners, progress };
    let scratch =
        crate::scratch().map_err(|source| DiagnoseError::Scratch { path: std::env::temp_dir(), source })?;
    Ok(Diagnosis {
        schema: DiagnosisSchema::V0,
        path: options.shown_path.clone().unwrap_or_else(|| path.display().to_string()),
        contract: stored.digest,
        errors: run.errors(scratch.path())?,
    })
}
