//! Whether training goes on from a checkpoint as it did in the run that saved it.
//!
//! That run went on after saving; a recorder wrote down what it did. Verifying resumes in a fresh process from a copy,
//! compares what the same recorder sees there, and names the piece of state that is missing.

mod attempt;
mod cause;
mod compare;
mod distance;
mod drill;
mod experiments;
mod judge;
mod stored;

use std::path::PathBuf;

use reproof_runner::RunError;

pub(crate) use attempt::Attempts;
pub use attempt::VARIABLE;
pub use drill::{DrillError, DrillOptions, drill};
pub use judge::explain;
pub(crate) use judge::{Answer, End, compared, judge};
pub use stored::{StoredError, keep, stored};

/// How a training is resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResumeCommand {
    /// A line for the shell. `{checkpoint}` stands for the copy to resume from, `{output}` for an empty folder.
    Shell(String),
    /// A function of a Python module, called with the path of the copy.
    Entry {
        /// The interpreter.
        interpreter: PathBuf,
        /// `package.module:function`.
        function: String,
    },
}

impl std::fmt::Display for ResumeCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shell(text) => f.write_str(text),
            Self::Entry { function, .. } => f.write_str(function),
        }
    }
}

/// Why resuming could not be tried. How a training ends is an answer, never an error.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// The checkpoint could not be copied, or a folder could not be made.
    #[error("could not prepare {}", path.display())]
    Scratch {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The process could not be started.
    #[error(transparent)]
    Run(#[from] RunError),
}
