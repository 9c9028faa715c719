//! One training that resumes from a copy, and what its recorder saw.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::run::Limits;
use reproof_contract::trajectory::{MomentKind, ResumeRequest, ResumeRequestSchema, Trajectory};
use reproof_runner::{Supervisor, Trained, Training};

use super::stored::read;
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
    /// Why what was written is no trajectory.
    pub(crate) garbled: Option<String>,
}

/// Trainings of one checkpoint.
pub(crate) struct Attempts<'a> {
    pub(crate) checkpoint: &'a Path,
    pub(crate) golden: &'a Trajectory,
    pub(crate) command: &'a ResumeCommand,
    pub(crate) limits: Limits,
    pub(crate) supervisor: Option<&'a Supervisor>,
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
        let trained = match self.supervisor {
            Some(supervisor) => supervisor.run(&training),
            None => training.run(),
        };
        // The next attempt has a copy of its own, and checkpoints are large.
        let _ = fs::remove_dir_all(folder.join("checkpoint"));
        let trained = trained?;
        let seen = told.join("seen.json").exists();
        let (observed, garbled) = match observed(&told.join("observed.json")) {
            Ok(observed) => (observed, None),
            Err(problem) => (None, Some(problem)),
        };
        Ok(Attempt { trained, seen, observed, garbled })
    }
}

/// What the recorder wrote; nothing if it wrote nothing. It is a process of the user's, so anything can be there.
fn observed(path: &Path) -> Result<Option<Trajectory>, String> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if !metadata.is_file() => return Err(format!("{} is no file", path.display())),
        _ => {}
    }
    let bytes = read(path).map_err(|error| crate::chain(&error))?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| error.to_string())
}

/// Copies a checkpoint: a file, or a folder without its contract.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    if from.is_dir() {
        return copy_folder(from, to, true);
    }
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::copy(from, to).map(drop)
}

fn copy_folder(from: &Path, to: &Path, outermost: bool) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if outermost && entry.file_name() == CONTRACT_FOLDER {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_folder(&path, &target, false)?;
        } else if path.is_file() {
            // Links to files are followed, as caches of models consist of them.
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}

impl ResumeCommand {
    /// The program and its arguments, with the checkpoint and a folder for outputs in their places.
    fn words(&self, checkpoint: &Path, output: &Path) -> Vec<String> {
        match self {
            Self::Shell(text) => {
                let text = placed(&placed(text, "{checkpoint}", checkpoint), "{output}", output);
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

/// A command with a path in its place, whether or not that is in quotes already.
fn placed(command: &str, place: &str, path: &Path) -> String {
    let word = quoted(path);
    command
        .replace(&format!("\"{place}\""), &word)
        .replace(&format!("'{place}'"), &word)
        .replace(place, &word)
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    if cfg!(windows) { format!("\"{text}\"") } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
