//! Runs models in the user's own interpreter, through the worker that this binary carries.
//!
//! Requests and answers travel over a socket that the worker finds as its standard input and moves away before any
//! user code runs; what user code prints goes to a file and into the outcome. `docs/worker-protocol.md` is the whole
//! agreement.

mod conversation;
mod message;
mod outputs;
mod program;
mod worker;

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use reproof_contract::run::{Outcome, RunSpec};
use reproof_progress::Progress;

use self::conversation::Conversation;
pub use self::outputs::{TakeError, told_values};
pub use self::program::FILES as WORKER;
use self::worker::Worker;
use crate::child::{Attempt, INHERITED, attempts, last_words};
use crate::{RunError, Runner};

/// What an interpreter needs beyond the programs of this binary: where its packages are, which devices it may see.
const INTERPRETERS: [&str; 6] =
    ["HOME", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "CUDA_VISIBLE_DEVICES"];

/// How Python and its libraries are told to behave, in every run.
const MANNERS: [(&str, &str); 5] = [
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("PYTHONUNBUFFERED", "1"),
    ("PYTHONUTF8", "1"),
    ("TOKENIZERS_PARALLELISM", "false"),
    ("HF_HUB_DISABLE_TELEMETRY", "1"),
];

/// What keeps libraries from asking their hubs, where the network is denied.
const OFFLINE: [(&str, &str); 3] =
    [("HF_HUB_OFFLINE", "1"), ("TRANSFORMERS_OFFLINE", "1"), ("HF_DATASETS_OFFLINE", "1")];

/// The variables by which numeric libraries take their number of threads.
const THREADS: [&str; 3] = ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"];

/// Runs models in a Python interpreter.
#[derive(Clone, Debug)]
pub struct PythonRunner {
    interpreter: PathBuf,
}

impl PythonRunner {
    /// `interpreter` is a program or the name of one on the `PATH`, of Python 3.9 or newer.
    pub fn new(interpreter: PathBuf) -> Self {
        Self { interpreter }
    }

    fn start(&self, spec: &RunSpec, folder: &Path, printed: &Path) -> Result<Worker, RunError> {
        let program = folder.join("worker");
        program::unpack(&program)?;
        let create = |source| RunError::Exchange { action: "create", path: printed.to_owned(), source };
        let output = File::create(printed).map_err(create)?;
        let errors = output.try_clone().map_err(create)?;
        let failed = |source| RunError::Start { program: self.interpreter.clone(), source };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let child = self.spawn(spec, folder, &program, theirs, output, errors).map_err(failed)?;
        Worker::new(child, ours, spec.limits, printed).map_err(failed)
    }

    fn spawn(
        &self,
        spec: &RunSpec,
        folder: &Path,
        program: &Path,
        channel: UnixStream,
        output: File,
        errors: File,
    ) -> std::io::Result<Child> {
        let inherited = INHERITED.iter().chain(&INTERPRETERS);
        let offline = OFFLINE.iter().filter(|_| !spec.loading.network);
        let threads = spec.threads.unwrap_or(1).to_string();
        Command::new(&self.interpreter)
            .arg(program)
            .env_clear()
            .envs(inherited.filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(MANNERS)
            .envs(offline.copied())
            .envs(THREADS.map(|name| (name, &threads)))
            .env("TMPDIR", folder)
            .envs(&spec.variables)
            .stdin(Stdio::from(OwnedFd::from(channel)))
            .stdout(output)
            .stderr(errors)
            // What it starts can be ended with it.
            .process_group(0)
            .spawn()
    }

    /// One worker: serves the cases of `spec` from the first on, in an empty folder.
    fn attempt(&self, spec: &RunSpec, folder: &Path, progress: &dyn Progress) -> Result<Attempt, RunError> {
        let created = std::fs::create_dir_all(folder);
        created.map_err(|source| RunError::Exchange { action: "create", path: folder.to_owned(), source })?;
        let printed = folder.join("printed.txt");
        let failed = |source| RunError::Start { program: self.interpreter.clone(), source };
        let mut conversation = Conversation::new(spec, folder, self.start(spec, folder, &printed)?);
        let early = conversation.hold(progress).map_err(failed)?;
        let Conversation { worker, load, state, cases, peak, .. } = conversation;
        let after = worker.peak;
        let end = match early {
            Some(end) => end,
            None => worker.farewell().map_err(failed)?,
        };
        Ok(Attempt { load, cases, state, printed: last_words(&printed), end, peaks: (peak, after.or(peak)) })
    }
}

impl Runner for PythonRunner {
    fn name(&self) -> &'static str {
        "python"
    }

    fn widens(&self) -> bool {
        true
    }

    fn run(&self, spec: &RunSpec, scratch: &Path, progress: &dyn Progress) -> Result<Outcome, RunError> {
        attempts(spec, scratch, progress, |spec, folder| self.attempt(spec, folder, progress))
    }
}
