//! Runs artifacts: always in a child process, behind one trait.
//!
//! Engines that live in this binary (the referee, and ONNX Runtime through the user's library) run in a child that is
//! this same binary, started again with [`serve`]. Frameworks of Python run in the user's interpreter, through a worker
//! that this binary carries. So a crash, a limit and peak memory belong to one run.

mod child;
mod engine;
mod environment;
mod file;
mod freeze;
mod onnxruntime;
#[cfg(unix)]
mod python;
mod referee;
mod scratch;
mod training;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reproof_contract::environment::{Environment, Fingerprint};
use reproof_contract::run::{Outcome, RunSpec, Status};
use reproof_progress::Progress;

pub use child::{ChildRunner, Keep, serve, step_digest};
pub use environment::{
    Check, Index, Rebuild, RebuildError, Resolution, Survey, environment_class, machine_environment,
};
pub use freeze::{FreezeOrder, Frozen, GraphChoice};
pub use onnxruntime::{LocateError, Located, locate};
#[cfg(unix)]
pub use python::{PythonRunner, TakeError, WORKER, told_values};
pub use scratch::Scratch;
pub use training::{Supervisor, Trained, Training};

/// Executes run specifications.
///
/// A run is synchronous. It does not change the artifact, and what it leaves lies below the scratch folder that
/// the caller gave and removes.
pub trait Runner: Send + Sync {
    /// The name that plans and contracts use, such as `referee`.
    fn name(&self) -> &str;

    /// Whether the runner can execute in [`reproof_contract::run::Precision::Float64`].
    fn widens(&self) -> bool;

    /// Runs every case of `spec`.
    ///
    /// A model that fails, dies or exceeds a limit is an [`Outcome`], never an error: an error means that the
    /// runner itself could not work (no scratch folder, no child process). `progress` advances by 1 per case.
    fn run(&self, spec: &RunSpec, scratch: &Path, progress: &dyn Progress) -> Result<Outcome, RunError>;

    /// The same runner for many runs that differ in a little, such as experiments: what takes long to start is started once,
    /// where that moves no bit. Nothing where every start is quick.
    fn warm(&self) -> Option<Arc<dyn Runner>> {
        None
    }

    /// Writes the graph that computes the cases of `spec`; a model without one gives the status that says why.
    fn freeze(&self, spec: &RunSpec, order: &FreezeOrder<'_>) -> Result<Result<Frozen, Status>, RunError> {
        let _ = (spec, order);
        let what = format!("a graph to freeze: what the runner {} runs is one already", self.name());
        Ok(Err(Status::Unsupported { what, hint: "leave out --freeze".to_owned() }))
    }

    /// What about fifty operators of these frameworks give here; nothing for runners whose engine is one library, whose
    /// version says as much. With an environment, the answer of an earlier call in the very same one will do.
    fn fingerprint(
        &self,
        frameworks: &[String],
        spec: &RunSpec,
        remembered: Option<&Environment>,
    ) -> Result<Option<Fingerprint>, RunError> {
        let _ = (frameworks, spec, remembered);
        Ok(None)
    }
}

/// Why a runner could not work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file of the exchange with the child could not be written or read.
    #[error("could not {action} {}", path.display())]
    Exchange {
        /// `write`, `read` or `create`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file of the exchange is not what the protocol says.
    #[error("the child wrote an unreadable {}", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The interpreter did not answer a question about itself.
    #[error("{} did not tell {asked}: {what}", program.display())]
    Silent {
        /// The interpreter.
        program: PathBuf,
        /// What it was asked for.
        asked: &'static str,
        /// What happened instead.
        what: String,
    },
    /// The child could not be started.
    #[error("could not start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The message of an error and of everything behind it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// Bytes as hexadecimal digits.
fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).expect("four bits are one digit");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
