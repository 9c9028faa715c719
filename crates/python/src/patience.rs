//! Long work: without the interpreter's lock, and not without an ear for Ctrl-C.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// How long to wait between two looks for signals.
const LOOK: Duration = Duration::from_millis(50);

/// Does `work` on a thread of its own. An interrupt returns at once; what was begun then ends by itself or with the
/// interpreter, and what it would have written is never visible half.
pub(crate) fn detached<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let (sender, receiver) = channel();
    let receiver = Mutex::new(receiver);
    let pool = threads_of_a_fork()?;
    std::thread::spawn(move || {
        sender.send(match pool {
            None => work(),
            Some(pool) => pool.install(work),
        })
    });
    loop {
        let waited = py.detach(|| match receiver.lock() {
            Ok(receiver) => receiver.recv_timeout(LOOK),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        });
        match waited {
            Ok(result) => return Ok(result),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("a panic in reproof, which is a bug: please report it"));
            }
        }
    }
}

/// The process that loaded the module.
static LOADED: OnceLock<u32> = OnceLock::new();

/// Notes which process loads the module.
pub(crate) fn loaded() {
    LOADED.get_or_init(std::process::id);
}

/// Threads of its own for a process that was forked from the one that loaded the module: those of the other are not there, and
/// would be waited for for ever.
fn threads_of_a_fork() -> PyResult<Option<ThreadPool>> {
    if *LOADED.get_or_init(std::process::id) == std::process::id() {
        return Ok(None);
    }
    let pool = ThreadPoolBuilder::new().build();
    pool.map(Some).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}
