//! Runs that start from one interpreter with everything imported.
//!
//! A copy is believed only after it has given the very bits of a new interpreter for the same run; whatever does not, such as
//! a model that depends on the order of a set, keeps to new interpreters.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

use reproof_contract::run::{Device, Outcome, RunSpec};
use reproof_progress::{Progress, Silent};
use sha2::Digest as _;

use super::copies::Copies;
use super::{PythonRunner, program, threads};
use crate::RunError;
use crate::scratch::Scratch;

/// What runs of one interpreter have in common: variables, and whether there is a network.
type Surroundings = (BTreeMap<String, String>, bool);

/// Interpreters by the surroundings of their runs.
#[derive(Default)]
pub(super) struct Warm(Mutex<HashMap<Surroundings, Arc<Mutex<State>>>>);

impl std::fmt::Debug for Warm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Warm")
    }
}

/// What is known of runs in some surroundings.
#[derive(Default)]
enum State {
    /// None was seen.
    #[default]
    New,
    /// One was run in an interpreter of its own.
    Seen(Box<Seen>),
    /// Copies give the same.
    Ready(Copies),
    /// They do not, or there are none.
    Unfit,
}

/// A run, what it imported and what it gave.
struct Seen {
    spec: RunSpec,
    imported: Vec<String>,
    given: [u8; 32],
}

impl Warm {
    fn state(&self, spec: &RunSpec) -> Arc<Mutex<State>> {
        let surroundings = (spec.variables.clone(), spec.loading.network);
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(states.entry(surroundings).or_default())
    }
}

/// Whether a run may start from a copy: with more than one thread or a device, an interpreter holds what cannot be copied.
pub(super) fn may_copy(spec: &RunSpec) -> bool {
    cfg!(target_os = "linux") && threads(spec) == 1 && spec.device == Device::Cpu
}

impl PythonRunner {
    /// Runs in a copy where one can be had, else in an interpreter of its own.
    pub(super) fn run_warm(
        &self,
        warm: &Warm,
        spec: &RunSpec,
        scratch: &Path,
        progress: &dyn Progress,
    ) -> Result<Outcome, RunError> {
        let state = warm.state(spec);
        let mut state = match state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // One copy at a time; who would have to wait is quicker alone.
            Err(TryLockError::WouldBlock) => return self.attempts(spec, scratch, progress, None, None),
        };
        if let State::Seen(seen) = &*state {
            *state = self.copies(seen, scratch).map_or(State::Unfit, State::Ready);
        }
        match &mut *state {
            State::Ready(copies) => {
                let outcome = self.attempts(spec, scratch, progress, Some(copies), None);
                if outcome.is_err() {
                    // The interpreter is gone; runs go on without it.
                    *state = State::Unfit;
                    return self.attempts(spec, &scratch.join("again"), progress, None, None);
                }
                outcome
            }
            State::New => {
                let mut imported = Vec::new();
                let outcome = self.attempts(spec, scratch, progress, None, Some(&mut imported))?;
                if let Some(given) = given(&outcome).filter(|_| !imported.is_empty()) {
                    *state = State::Seen(Box::new(Seen { spec: spec.clone(), imported, given }));
                }
                Ok(outcome)
            }
            State::Seen(_) | State::Unfit => self.attempts(spec, scratch, progress, None, None),
        }
    }

    /// An interpreter whose copies give what a new one gave; none where they do not.
    fn copies(&self, seen: &Seen, scratch: &Path) -> Option<Copies> {
        let program = Scratch::new().ok()?;
        program::unpack(&program.path().join("worker")).ok()?;
        let (ours, theirs) = UnixStream::pair().ok()?;
        let mut command = self.command(&seen.spec, program.path());
        command.arg("copies").stdin(Stdio::from(OwnedFd::from(theirs)));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        // Our copy of the child's end would keep the channel open after its death.
        drop(command);
        let mut copies = Copies::new(child, ours, program, &seen.imported, seen.spec.loading.network).ok()?;
        let trial = tempfile::tempdir_in(scratch.parent()?).ok()?;
        let outcome = self.attempts(&seen.spec, trial.path(), &Silent, Some(&mut copies), None).ok()?;
        (given(&outcome) == Some(seen.given)).then_some(copies)
    }
}

/// A hash over the outputs of a run; none where it gave less than it was asked for, or nothing that could be compared.
fn given(outcome: &Outcome) -> Option<[u8; 32]> {
    let mut hasher = sha2::Sha256::new();
    if !outcome.load.status.is_done() || outcome.cases.iter().all(|case| case.outputs.is_empty()) {
        return None;
    }
    for case in &outcome.cases {
        if !case.step.status.is_done() {
            return None;
        }
        for folder in &case.outputs {
            let entries = std::fs::read_dir(folder).ok()?;
            let mut files = entries.map(|entry| Some(entry.ok()?.path())).collect::<Option<Vec<_>>>()?;
            files.sort();
            for file in files {
                let bytes = std::fs::read(&file).ok()?;
                hasher.update(file.file_name()?.as_encoded_bytes());
                hasher.update(bytes.len().to_le_bytes());
                hasher.update(bytes);
            }
        }
    }
    Some(hasher.finalize().into())
}
