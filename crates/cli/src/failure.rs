//! From errors to exit codes and hints.

use std::path::Path;
use std::process::ExitCode;

use reproof::artifact::OpenError;
use reproof::cases::{ImportError, ProposeError};
use reproof::diff::DiffError;
use reproof::execution::ExecuteError;
use reproof::folder::FolderError;
use reproof::record::RecordError;
use reproof::verify::VerifyError;
use reproof_contract::Verdict;
use reproof_runner::{LocateError, RunError};

use crate::output;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It reached what was asked: 0.
    Reached,
    /// A negative answer: 1.
    Negative,
    /// The command line makes no sense: 2.
    Usage,
    /// No answer: 3.
    Undecided,
}

impl Exit {
    /// The exit of a verdict against the rung that was asked for.
    pub(crate) fn of(verdict: Verdict, required: Verdict) -> Self {
        if verdict.reaches(required) {
            Self::Reached
        } else if verdict == Verdict::Undecided {
            Self::Undecided
        } else {
            Self::Negative
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Reached => 0,
            Exit::Negative => 1,
            Exit::Usage => 2,
            Exit::Undecided => 3,
        })
    }
}

/// An error of the command line itself.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl std::fmt::Display for UsageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// Refuses the path of an artifact where there is nothing.
pub(crate) fn there(artifact: &Path) -> Result<(), UsageError> {
    if artifact.exists() { Ok(()) } else { Err(UsageError(format!("no artifact at {}", artifact.display()))) }
}

/// Prints an error with its causes and what to do, and chooses the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    let mut messages: Vec<String> = Vec::new();
    for cause in error.chain() {
        let message = cause.to_string();
        // Transparent errors repeat the message of what they wrap.
        if messages.last() != Some(&message) {
            messages.push(message);
        }
    }
    output::note(&format!("error: {}", messages.join("\n  because: ")));
    if let Some(hint) = error.chain().find_map(hint) {
        output::note(&format!("hint: {hint}"));
    }
    exit(error).into()
}

/// The exit code of an error: what could not be read or decided is 3; what the model itself did wrong is 1.
fn exit(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if cause.is::<UsageError>() {
            return Exit::Usage;
        }
        match cause.downcast_ref::<RecordError>() {
            Some(
                RecordError::Exists { .. }
                | RecordError::NoCases
                | RecordError::ContextFile { .. }
                | RecordError::ContextTwice { .. },
            ) => {
                return Exit::Usage;
            }
            Some(
                RecordError::Unloadable { .. }
                | RecordError::NoTypical { refused: true, .. }
                | RecordError::Dishonest { .. },
            ) => return Exit::Negative,
            _ => {}
        }
        if let Some(VerifyError::Unexpected { .. }) = cause.downcast_ref::<VerifyError>() {
            return Exit::Negative;
        }
        if let Some(DiffError::NoPart { .. }) = cause.downcast_ref::<DiffError>() {
            return Exit::Usage;
        }
        if let Some(VerifyError::NoArtifact { .. }) = cause.downcast_ref::<VerifyError>() {
            return Exit::Usage;
        }
        if let Some(ImportError::Names { .. } | ImportError::Nothing { .. }) =
            cause.downcast_ref::<ImportError>()
        {
            return Exit::Usage;
        }
    }
    Exit::Undecided
}

/// What to do about an error, where there is something.
fn hint(cause: &(dyn std::error::Error + 'static)) -> Option<String> {
    // A transparent error stands in the chain in place of what it wraps, which the chain then leaves out.
    match cause.downcast_ref::<VerifyError>() {
        Some(VerifyError::Contract(wrapped)) => return hint(wrapped),
        Some(VerifyError::Execute(wrapped)) => return hint(wrapped),
        _ => {}
    }
    if let Some(error) = cause.downcast_ref::<RecordError>() {
        return match error {
            RecordError::Open(wrapped) => hint(wrapped),
            RecordError::Execute(wrapped) => hint(wrapped),
            RecordError::Exists { .. } => Some(
                "record never overwrites: make the next contract with `reproof accept PATH --reason TEXT`"
                    .to_owned(),
            ),
            RecordError::Undecided { hint, .. } | RecordError::NoTypical { hint, .. } => Some(hint.clone()),
            RecordError::Dishonest { fix, .. } => Some(fix.clone()),
            RecordError::NoCases => Some("give inputs with --cases FILE".to_owned()),
            RecordError::ContextTwice { .. } => Some("rename one of them".to_owned()),
            _ => None,
        };
    }
    if let Some(error) = cause.downcast_ref::<FolderError>() {
        return match error {
            FolderError::Missing { .. } => {
                Some("make one with `reproof record PATH`, or name its folder with --contract DIR".to_owned())
            }
            FolderError::NewerSchema { .. } => Some("use a newer reproof".to_owned()),
            _ => Some("restore the contract's folder from where it was recorded".to_owned()),
        };
    }
    if let Some(error) = cause.downcast_ref::<reproof_formats::FormatError>() {
        return error.hint().map(ToString::to_string);
    }
    match cause.downcast_ref::<LocateError>() {
        Some(LocateError::Nowhere) => return Some(
            "install it with `pip install onnxruntime`, name the library with --onnxruntime PATH, or use the built-in \
             engine with --runner onnx"
                .to_owned(),
        ),
        Some(LocateError::Missing { .. }) => return Some("check the path; it may also be the folder of the library".to_owned()),
        None => {}
    }
    if cause.is::<ProposeError>() {
        return Some("one file per case: .npy, .npz, .safetensors or a test_data_set_N folder".to_owned());
    }
    if let Some(OpenError::Ambiguous { found, .. }) = cause.downcast_ref::<OpenError>() {
        // DeepSpeed's pieces of ranks are joined by a script that it puts beside them.
        if found.iter().any(|name| name.ends_with("_model_states.pt")) {
            return Some("this is a DeepSpeed checkpoint: join it with `python zero_to_fp32.py . joined`, which lies beside it, and name what that writes".to_owned());
        }
        return Some("an artifact is a model file, or a folder with exactly one".to_owned());
    }
    if let Some(ExecuteError::Run { source: RunError::Start { program, .. }, .. }) = cause.downcast_ref() {
        let program = program.display();
        return Some(format!("check that {program} is there and starts; --python INTERPRETER names another"));
    }
    if let Some(ExecuteError::NoRunner { .. }) = cause.downcast_ref::<ExecuteError>() {
        return Some("choose one of them with --runner".to_owned());
    }
    None
}
