//! Long runs on disk: one that was ended before its time is gone on with by the next of the same model and inputs.
//!
//! After some minutes, and again and again after that, what later nodes take is written to a folder, with digests of its files;
//! the last state that is whole counts. Nothing depends on it: what cannot be written or read is computed again.

mod identity;
mod state;
#[cfg(test)]
mod tests;

use std::cell::{Cell, RefCell};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use reproof_referee::graph::Node;
use reproof_referee::{Failure, Halt, Model, Observer, Options, Value as Held};

use self::identity::Stamp;
use crate::child::Keep;

/// Writing takes at most this part of the time.
const SHARE: u32 = 10;

/// A state that nobody went on with for so long is of no use, nor is one that was not written to its end for some hours.
const FORGOTTEN: Duration = Duration::from_hours(24 * 7);
const CUT: Duration = Duration::from_hours(4);

/// What is kept of the runs of one loaded model. States go when it does: a child that was killed leaves them.
pub(super) struct Kept {
    keep: Keep,
    /// The folder for all runs of the model at this place: whether it is there is known without a look at the model.
    folder: PathBuf,
    /// The model's file as it was before it was read.
    stamp: Stamp,
    /// Runs of which there are states.
    keys: RefCell<Vec<String>>,
}

impl Kept {
    /// Before the model at `artifact` is read.
    pub(super) fn new(keep: Keep, artifact: &Path) -> Option<Self> {
        let folder = keep.folder.join(identity::place(artifact));
        Some(Self { keep, folder, stamp: Stamp::of(artifact)?, keys: RefCell::default() })
    }

    /// Runs a model, from where an earlier run of the same stood.
    pub(super) fn run(
        &self,
        model: &Model,
        inputs: &[(String, Held)],
        options: Options,
        mode: &str,
    ) -> Result<Vec<(String, Held)>, Failure> {
        let one = One {
            kept: self,
            identity: &|| identity::identity(&self.stamp, model, inputs, mode),
            key: Cell::new(None),
            next: Cell::new(Instant::now() + self.keep.every),
        };
        let from_state = one.last().map(|halt| model.go_on(inputs, options, &one, Some(&halt)));
        let outputs = match from_state {
            Some(Ok(outputs)) => outputs,
            // Whatever is wrong with the state, nothing is said of the model.
            Some(Err(_)) => {
                one.forget(None);
                model.run(inputs, options, &one)?
            }
            None => model.run(inputs, options, &one)?,
        };
        one.end(model, &outputs);
        Ok(outputs)
    }

    /// Removes what was forgotten, of whatever model.
    fn sweep(&self) {
        for model in entries(&self.keep.folder) {
            for path in entries(&model) {
                let changed = fs::metadata(&path).and_then(|found| found.modified()).ok();
                let age =
                    changed.and_then(|at| SystemTime::now().duration_since(at).ok()).unwrap_or_default();
                let is_draft =
                    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(state::DRAFT));
                if age > if is_draft { CUT } else { FORGOTTEN } {
                    let _ = fs::remove_dir_all(path);
                }
            }
            // It goes with the last state.
            let _ = fs::remove_dir(model);
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        for key in self.keys.take() {
            for (_, folder) in state::states(&self.folder, &key) {
                let _ = fs::remove_dir_all(folder);
            }
        }
        let _ = fs::remove_dir(&self.folder);
    }
}

/// One run.
struct One<'a> {
    kept: &'a Kept,
    /// Tells the model and all that its outputs depend on; it is asked only where something is kept.
    identity: &'a dyn Fn() -> Option<String>,
    key: Cell<Option<String>>,
    /// When the next state is written.
    next: Cell<Instant>,
}

impl One<'_> {
    /// Where an earlier run stood; what cannot be read goes.
    fn last(&self) -> Option<Halt> {
        if !self.kept.folder.exists() {
            return None;
        }
        self.kept.sweep();
        let mut states = state::states(&self.kept.folder, &self.key()?);
        states.sort_by_key(|(done, _)| std::cmp::Reverse(*done));
        states.iter().find_map(|(_, folder)| {
            let read = state::read(folder);
            if read.is_none() {
                let _ = fs::remove_dir_all(folder);
            }
            read
        })
    }

    /// The run came to its end. If it was long, that is kept too, until all runs of this process have: a limit of time is for
    /// all of them.
    fn end(&self, model: &Model, outputs: &[(String, Held)]) {
        if let Some(key) = self.key.take() {
            self.key.set(Some(key));
            let done = model.graph.nodes.len();
            let _ = self.write(&Halt { done, counted: done as u64, values: outputs.to_vec() });
        }
    }

    fn key(&self) -> Option<String> {
        let known = self.key.take();
        let is_new = known.is_none();
        let key = known.or_else(|| (self.identity)())?;
        if is_new {
            self.kept.keys.borrow_mut().push(key.clone());
        }
        self.key.set(Some(key.clone()));
        Some(key)
    }

    /// Removes states of this run but one.
    fn forget(&self, but: Option<&Path>) {
        let states = self.key().map(|key| state::states(&self.kept.folder, &key)).unwrap_or_default();
        for (_, folder) in states.into_iter().filter(|(_, folder)| Some(folder.as_path()) != but) {
            let _ = fs::remove_dir_all(folder);
        }
    }

    fn write(&self, halt: &Halt) -> std::io::Result<()> {
        let key = self.key().ok_or(std::io::ErrorKind::NotFound)?;
        let written = state::write(&self.kept.folder, &key, halt)?;
        self.forget(Some(&written));
        Ok(())
    }
}

impl Observer for One<'_> {
    fn step(&self, _: &Node, _: &[Option<Held>], outputs: Vec<Held>) -> Vec<Held> {
        outputs
    }

    fn between(&self, halt: &dyn Fn() -> Halt) {
        let started = Instant::now();
        if started < self.next.get() {
            return;
        }
        let _ = self.write(&halt());
        self.next.set(Instant::now() + self.kept.keep.every.max(started.elapsed() * SHARE));
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
