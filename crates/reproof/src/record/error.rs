//! Why an artifact could not be recorded.

use std::path::PathBuf;

use reproof_contract::Name;
use reproof_contract::canonical::CanonicalError;
use reproof_formats::FormatError;

use crate::artifact::{IdentifyError, OpenError};
use crate::cases::GatherError;
use crate::execution::ExecuteError;
use crate::folder::WriteError;

/// Why an artifact could not be recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// There is a contract already.
    #[error("{} already holds a contract", folder.display())]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// The artifact could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its digests could not be computed.
    #[error(transparent)]
    Identify(#[from] IdentifyError),
    /// There are no inputs.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// The contract could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A unit could not be executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The contract has no canonical form.
    #[error("the contract has no canonical form")]
    Canonical(#[source] CanonicalError),
    /// There is no folder for temporary files.
    #[error("could not make a folder for temporary files")]
    Scratch {
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A context file has no name.
    #[error("{} is not a file that can be copied", path.display())]
    ContextFile {
        /// The path.
        path: PathBuf,
    },
    /// Two context files have the same name.
    #[error("two files to copy are called {name}")]
    ContextTwice {
        /// The name.
        name: String,
    },
    /// There are no cases to record.
    #[error("there are no cases to record")]
    NoCases,
    /// The model does not load.
    #[error("the model does not load: {message}")]
    Unloadable {
        /// The engine's words.
        message: String,
    },
    /// The engine lacks something, or a limit was reached: nothing is said about the model.
    #[error("{what}")]
    Undecided {
        /// What happened.
        what: String,
        /// What to do.
        hint: String,
    },
    /// No typical case ran.
    #[error("no typical case ran: {message}")]
    NoTypical {
        /// The engine's words about the last one.
        message: String,
        /// Whether the model refused it; else the engine lacks something for it.
        refused: bool,
        /// What to do.
        hint: String,
    },
    /// The model does not deserve a golden.
    #[error("honesty check `{check}` failed: {seen}")]
    Dishonest {
        /// The check.
        check: String,
        /// What was seen.
        seen: String,
        /// The fix.
        fix: String,
    },
    /// A case of the user's holds what should not lie beside an artifact.
    #[error("the case {case} holds {}", found.join(", "))]
    Delicate {
        /// The case.
        case: Name,
        /// What was found.
        found: Vec<String>,
    },
    /// There is no place for private values.
    #[error("there is no folder for private values: neither HOME nor REPROOF_PRIVATE is set")]
    NoPrivatePlace,
    /// Outputs that the child wrote could not be read.
    #[error("the outputs in {} could not be read", path.display())]
    Outputs {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: FormatError,
    },
}
