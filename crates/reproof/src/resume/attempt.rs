//! One training that resumes from a copy, and what its recorder saw.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::run::Limits;
use reproof_contract::trajectory::{MomentKind, ResumeRequest, ResumeRequestSchema, Trajectory};
use reproof_runner::{RunError, Trained, Training};

use super::stored::{StoredError, read};
use super::{ResumeCommand, ResumeError};
use crate::artifact::CONTRACT_FOLDER;

/// The variable that tells a recorder to record what a resumed training does; its value is a folder.
pub const VARIABLE: &str = "REPROOF_RESUME";

/// What an attempt changes, to tell causes apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Change {
    /// Threads that the recorder sets.
    pub(crate) threads: Option<u64>,
    /// A piece of state that the recorder takes away.
    pub(crate) lose: Option<String>,
    /// Variables of the process.
    pub(crate) variables: BTreeMap<String, String>,
}

/// What came of an attempt.
pub(crate) struct Attempt {
    pub(crate) trained: Trained,
    /// Whether a recorder was made in the process.
    pub(crate) seen: bool,
    /// What it wrote.
    pub(crate) observed: Option<Trajectory>,
}

/// Trainings of one checkpoint.
pub(crate) struct Attempts<'a> {
    pub(crate) checkpoint: &'a Path,
    pub(crate) golden: &'a Trajectory,
    pub(crate) command: &'a ResumeCommand,
    pub(crate) limits: Limits,
    pub(crate) scratch: &'a Path,
}

impl Attempts<'_> {
    /// Copies the checkpoint into a folder of its own and resumes from there.
    pub(crate) fn run(&self, name: &str, change: &Change) -> Result<Attempt, ResumeError> {
        let folder = self.scratch.join(format!("resume-{name}"));
        let told = folder.join("recorder");
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ResumeError::Scratch { path, source }
        };
        fs::create_dir_all(&told).map_err(failed(&told))?;
        let copied = folder.join("checkpoint").join(self.checkpoint.file_name().unwrap_or_default());
        copy(self.checkpoint, &copied).map_err(failed(&copied))?;
        let kinds = |kind: MomentKind| self.golden.moments.iter().filter(move |moment| moment.kind == kind);
        let request = ResumeRequest {
            schema: ResumeRequestSchema::V0,
            steps: kinds(MomentKind::Step).count() as u64,
            begin: kinds(MomentKind::Begin).flat_map(|begin| begin.streams.keys().copied()).collect(),
            threads: change.threads,
            lose: change.lose.clone(),
        };
        let path = told.join("request.json");
        let text = serde_json::to_vec(&request).map_err(|error| failed(&path)(error.into()))?;
        fs::write(&path, text).map_err(failed(&path))?;
        let output = folder.join("output");
        fs::create_dir_all(&output).map_err(failed(&output))?;
        let mut variables = change.variables.clone();
        variables.insert(VARIABLE.to_owned(), told.display().to_string());
        let command = self.command.words(&copied, &output);
        let training = Training { command, variables, scratch: folder.clone(), limits: self.limits };
        let trained = training.run()?;
        Ok(Attempt {
            trained,
            seen: told.join("seen.json").exists(),
            observed: observed(&told.join("observed.json"))?,
        })
    }
}

/// What the recorder wrote; nothing if it wrote nothing.
fn observed(path: &Path) -> Result<Option<Trajectory>, ResumeError> {
    if !path.exists() {
        return Ok(None);
    }
    let garbled = |source| RunError::Garbled { path: path.to_owned(), source };
    let bytes = read(path).map_err(|error: StoredError| ResumeError::Stored(Box::new(error)))?;
    Ok(Some(serde_json::from_slice(&bytes).map_err(garbled)?))
}

/// Copies a file, or a folder without its contract.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if !from.is_dir() {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_name() != CONTRACT_FOLDER {
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

impl ResumeCommand {
    /// The program and its arguments, with the checkpoint and a folder for outputs in their places.
    fn words(&self, checkpoint: &Path, output: &Path) -> Vec<String> {
        match self {
            Self::Shell(text) => {
                let text =
                    text.replace("{checkpoint}", &quoted(checkpoint)).replace("{output}", &quoted(output));
                if cfg!(windows) {
                    vec!["cmd".to_owned(), "/C".to_owned(), text]
                } else {
                    vec!["/bin/sh".to_owned(), "-c".to_owned(), text]
                }
            }
            Self::Entry { interpreter, function } => {
                let program = include_str!("entry.py").to_owned();
                let place = |path: &PathBuf| path.display().to_string();
                let checkpoint = place(&checkpoint.to_owned());
                vec![place(interpreter), "-c".to_owned(), program, function.clone(), checkpoint]
            }
        }
    }
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if cfg!(windows) { format!("\"{text}\"") } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
