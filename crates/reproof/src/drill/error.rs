//! Why a drill of faults could not be made.

use std::path::PathBuf;

use reproof_contract::Verdict;

use crate::artifact::OpenError;
use crate::diagnose::DiagnoseError;
use crate::execution::ExecuteError;
use crate::folder::FolderError;
use crate::verify::VerifyError;

/// Why a drill of faults could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FaultError {
    /// There is nothing at the path.
    #[error("no artifact at {}", path.display())]
    NoArtifact {
        /// The path.
        path: PathBuf,
    },
    /// The contract could not be read.
    #[error(transparent)]
    Contract(#[from] FolderError),
    /// The artifact could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A verification could not be made.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A diagnosis could not be made.
    #[error(transparent)]
    Diagnose(#[from] DiagnoseError),
    /// A run could not be made.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// Nothing that could be planted has an effect on outputs that are compared.
    #[error("no outputs are compared: {summary}")]
    NoOutputs {
        /// What the verification said.
        summary: String,
    },
    /// The artifact fails as it is.
    #[error("with nothing planted the outputs are {verdict} already: {summary}")]
    Differs {
        /// The verdict over all outputs.
        verdict: Verdict,
        /// What the verification said.
        summary: String,
    },
    /// Nothing can be planted, or nothing of what was asked for.
    #[error("no such fault can be planted in {}", path.display())]
    NoFaults {
        /// The artifact.
        path: PathBuf,
        /// Some of those that can.
        known: Vec<String>,
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
