//! A training that ends with whoever wanted it: a process of ours stands between the two and hears when the one that waits is
//! gone, however it went.
//!
//! A training is a tree of processes in groups and sessions of its own; no signal of the system reaches all of it when this
//! program is killed, and a copy of a checkpoint would stay on the disk.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::{Trained, Training};
use crate::RunError;
use crate::child::{read_json, write_json};

/// What is asked, in the folder that the supervisor is started with.
const QUESTION: &str = "training.json";

/// What it says.
const ANSWER: &str = "trained.json";

/// The program that watches a training: started with `arguments` and then a folder, it must call [`crate::serve`] with that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisor {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<OsString>,
}

/// What is asked of the supervisor.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Question {
    training: Training,
    /// The group of processes of whoever wants it, which an interrupt at the terminal reaches.
    group: Option<i32>,
}

/// What became of a training.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    Trained(Trained),
    /// It could not be started.
    Failed {
        program: PathBuf,
        /// The system's number for what it said.
        code: Option<i32>,
        message: String,
    },
}

impl Supervisor {
    /// Runs a training to its end, or until this process is gone; then its scratch folder goes, too.
    ///
    /// An interrupt at the terminal reaches this process and the training, which is in its group. The supervisor is not.
    pub fn run(&self, training: &Training) -> Result<Trained, RunError> {
        let folder = &training.scratch;
        #[cfg(unix)]
        let group = Some(rustix::process::getpgrp().as_raw_pid());
        #[cfg(not(unix))]
        let group = None;
        let question = Question { training: training.clone(), group };
        write_json(&folder.join(QUESTION), &question)?;
        let mut command = Command::new(&self.program);
        // Its standard input closes when this process ends, in whatever way.
        command.args(&self.arguments).arg(folder).stdin(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let failed = |source| RunError::Start { program: self.program.clone(), source };
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(failed)?;
        let held = child.stdin.take();
        let ended = child.wait().map_err(failed)?;
        drop(held);
        match read_json(&folder.join(ANSWER))? {
            Some(Answer::Trained(trained)) => Ok(trained),
            Some(Answer::Failed { program, code, message }) => {
                let source =
                    code.map_or_else(|| std::io::Error::other(message), std::io::Error::from_raw_os_error);
                Err(RunError::Start { program, source })
            }
            None => Err(RunError::Silent {
                program: self.program.clone(),
                asked: "how the training ended",
                what: ended.to_string(),
            }),
        }
    }
}

/// The training that a folder asks for.
pub(crate) fn asked(folder: &Path) -> Result<Option<Question>, RunError> {
    read_json(&folder.join(QUESTION))
}

/// The supervisor's side.
pub(crate) fn serve(folder: &Path, question: &Question) -> Result<(), RunError> {
    let abandoned = Arc::new(AtomicBool::new(false));
    let heard = Arc::clone(&abandoned);
    std::thread::spawn(move || {
        // Nothing is ever sent.
        let _ = std::io::stdin().read(&mut [0]);
        heard.store(true, Ordering::Relaxed);
    });
    let answer = match question.training.run_unless(&abandoned, question.group) {
        Ok(trained) => Answer::Trained(trained),
        Err(RunError::Start { program, source }) => {
            Answer::Failed { program, code: source.raw_os_error(), message: source.to_string() }
        }
        Err(error) => return Err(error),
    };
    if abandoned.load(Ordering::Relaxed) {
        let _ = std::fs::remove_dir_all(folder);
        return Ok(());
    }
    write_json(&folder.join(ANSWER), &answer)
}
