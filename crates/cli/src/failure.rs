//! From errors to exit codes and hints.

use std::path::Path;
use std::process::ExitCode;

use reproof::failure::{self, Failure};
use reproof_contract::Verdict;

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
    if let Some(hint) = failure::hint(error.as_ref()) {
        output::note(&format!("hint: {hint}"));
    }
    exit(error).into()
}

/// The exit code of an error: what could not be read or decided is 3; what the model itself did wrong is 1.
fn exit(error: &anyhow::Error) -> Exit {
    if error.chain().any(<dyn std::error::Error>::is::<UsageError>) {
        return Exit::Usage;
    }
    match failure::classify(error.as_ref()) {
        Failure::Usage => Exit::Usage,
        Failure::Negative => Exit::Negative,
        Failure::Unanswered => Exit::Undecided,
    }
}
