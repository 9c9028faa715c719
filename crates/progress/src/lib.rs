//! Progress of long work, told to whoever wants to show it.
//!
//! Libraries report through [`Progress`] and never draw; the command line draws bars, tests stay silent.
#![forbid(unsafe_code)]

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
