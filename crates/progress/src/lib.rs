//! Progress of long work, told to whoever wants to show it, and the wish to stop.
//!
//! Libraries report through [`Progress`] and never draw; the command line draws bars, tests stay silent.
#![forbid(unsafe_code)]

use std::sync::atomic::{AtomicBool, Ordering};

/// What the amounts of a task count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes read, hashed or written.
    Bytes,
    /// Runs of a model, cases, files: things one can count.
    Items,
}

/// Receives the progress of one task at a time; calls may come from any thread.
pub trait Progress: Sync {
    /// A task starts: what it does, in the present participle (`hashing model.onnx`), and how much there is.
    fn begin(&self, task: &str, total: Option<u64>, unit: Unit);
    /// So much more of the current task is done.
    fn advance(&self, amount: u64);
    /// The current task is over.
    fn end(&self);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _task: &str, _total: Option<u64>, _unit: Unit) {}
    fn advance(&self, _amount: u64) {}
    fn end(&self) {}
}

/// A wish to stop, set once from anywhere and asked between steps of long work.
#[derive(Debug, Default)]
pub struct Cancel(AtomicBool);

impl Cancel {
    /// Nobody wishes to stop yet.
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Wishes that the work stops at its next step.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody wishes it.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
