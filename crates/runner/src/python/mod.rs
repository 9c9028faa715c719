//! Runs models in the user's own interpreter, through the worker that this binary carries.
//!
//! Requests and answers travel over a socket that the worker finds as its standard input and moves away before any
//! user code runs; what user code prints goes to a file and into the outcome. `docs/worker-protocol.md` is the whole
//! agreement.

mod conversation;
mod copies;
mod freeze;
mod message;
mod outputs;
mod probe;
mod process;
mod program;
mod remembered;
mod taps;
mod warm;
mod worker;

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use reproof_contract::environment::{Environment, Fingerprint};
use reproof_contract::run::{Outcome, RunSpec, Status};
use reproof_environment::VARIABLES;
use reproof_progress::Progress;

use self::conversation::Conversation;
use self::copies::Copies;
pub use self::outputs::{TakeError, told_values};
pub use self::program::FILES as WORKER;
use self::remembered::Place;
use self::warm::Warm;
use self::worker::Worker;
use crate::child::{Attempt, INHERITED, attempts, last_words};
use crate::environment::Check;
use crate::{FreezeOrder, Frozen, RunError, Runner};

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
    cache: Option<PathBuf>,
    warm: Option<Arc<Warm>>,
}

impl PythonRunner {
    /// `interpreter` is a program or the name of one on the `PATH`, of Python 3.9 or newer.
    pub fn new(interpreter: PathBuf) -> Self {
        Self { interpreter, cache: None, warm: None }
    }

    /// Keeps hashes of installed files and fingerprints of environments in `folder`, so that they are computed once.
    #[must_use]
    pub fn with_cache(mut self, folder: Option<PathBuf>) -> Self {
        self.cache = folder;
        self
    }

    fn start(
        &self,
        mut command: Command,
        spec: &RunSpec,
        folder: &Path,
        printed: &Path,
    ) -> Result<Worker<'static>, RunError> {
        program::unpack(&folder.join("worker"))?;
        let create = |source| RunError::Exchange { action: "create", path: printed.to_owned(), source };
        let output = File::create(printed).map_err(create)?;
        let errors = output.try_clone().map_err(create)?;
        let failed = |source| RunError::Start { program: self.interpreter.clone(), source };
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(output).stderr(errors);
        let child = command.spawn().map_err(failed)?;
        // Our copy of the child's end would keep the channel open after its death.
        drop(command);
        Worker::new(child, ours, spec.limits, printed).map_err(failed)
    }

    /// The interpreter with the worker's program in `folder`, and the environment of a run.
    fn command(&self, spec: &RunSpec, folder: &Path) -> Command {
        let inherited = INHERITED.iter().chain(&INTERPRETERS);
        let offline = OFFLINE.iter().filter(|_| !spec.loading.network);
        let threads = threads(spec).to_string();
        // What the caller set to move bits is part of the environment that is asked about.
        let numeric = VARIABLES.iter().filter(|name| !THREADS.contains(name));
        let mut command = Command::new(&self.interpreter);
        command
            .arg(folder.join("worker"))
            .env_clear()
            .envs(inherited.chain(numeric).filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs(MANNERS)
            .envs(offline.copied())
            .envs(THREADS.map(|name| (name, &threads)))
            .env("TMPDIR", folder)
            .envs(spec.variables.iter().filter(|(_, value)| !value.is_empty()))
            // What it starts can be ended with it.
            .process_group(0);
        for (name, _) in spec.variables.iter().filter(|(_, value)| value.is_empty()) {
            command.env_remove(name);
        }
        command
    }

    /// A worker that is a copy of an interpreter.
    fn copy<'a>(
        &self,
        copies: &'a mut Copies,
        spec: &RunSpec,
        folder: &Path,
        printed: &Path,
    ) -> Result<Worker<'a>, RunError> {
        let failed = |source| RunError::Start { program: self.interpreter.clone(), source };
        let output = File::create(printed).map_err(failed)?;
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let copy = copies.copy(&theirs, &output, folder).map_err(failed)?;
        Worker::new(copy, ours, spec.limits, printed).map_err(failed)
    }

    /// Runs every case, in as many workers as it takes. Workers are copies where there are `copies`; what one has imported
    /// goes into `imported`.
    fn attempts(
        &self,
        spec: &RunSpec,
        scratch: &Path,
        progress: &dyn Progress,
        mut copies: Option<&mut Copies>,
        mut imported: Option<&mut Vec<String>>,
    ) -> Result<Outcome, RunError> {
        attempts(spec, scratch, progress, |spec, folder| {
            self.attempt(spec, folder, progress, copies.as_deref_mut(), imported.as_deref_mut())
        })
    }

    /// One worker: serves the cases of `spec` from the first on, in an empty folder.
    fn attempt(
        &self,
        spec: &RunSpec,
        folder: &Path,
        progress: &dyn Progress,
        copies: Option<&mut Copies>,
        imported: Option<&mut Vec<String>>,
    ) -> Result<Attempt, RunError> {
        let created = std::fs::create_dir_all(folder);
        created.map_err(|source| RunError::Exchange { action: "create", path: folder.to_owned(), source })?;
        let printed = folder.join("printed.txt");
        let failed = |source| RunError::Start { program: self.interpreter.clone(), source };
        let worker = match copies {
            Some(copies) => self.copy(copies, spec, folder, &printed)?,
            None => self.start(self.command(spec, folder), spec, folder, &printed)?,
        };
        let mut conversation = Conversation::new(spec, threads(spec), folder, worker);
        let early = conversation.hold(progress).map_err(failed)?;
        if let (Some(imported), None) = (imported, &early) {
            *imported = conversation.imported().map_err(failed)?;
        }
        let Conversation { worker, load, told, cases, peak, .. } = conversation;
        let after = worker.peak;
        let end = match early {
            Some(end) => end,
            None => worker.farewell().map_err(failed)?,
        };
        Ok(Attempt { load, cases, told, printed: last_words(&printed), end, peaks: (peak, after.or(peak)) })
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
        if !spec.given.is_empty() {
            let what = "a way to give values to the steps of a framework's model".to_owned();
            let hint = "give them to the referee".to_owned();
            return Ok(Outcome::prevented(spec, &Status::Unsupported { what, hint }));
        }
        let run = || match self.warm.as_ref().filter(|_| warm::may_copy(spec)) {
            Some(warm) => self.run_warm(warm, spec, scratch, progress),
            None => self.attempts(spec, scratch, progress, None, None),
        };
        if !spec.loading.installed {
            let mut outcome = run()?;
            if let Some(environment) = &mut outcome.environment {
                environment.python = None;
            }
            return Ok(outcome);
        }
        // While the model loads, there is time to look at what is installed.
        let (outcome, survey) = std::thread::scope(|scope| {
            let survey = scope.spawn(|| self.survey(Check::Changed, false, spec.limits));
            (run(), survey.join())
        });
        let mut outcome = outcome?;
        if let Some(environment) = &mut outcome.environment {
            let libraries = environment.python.take().map(|python| python.libraries).unwrap_or_default();
            // A run that succeeded does not fail because its surroundings cannot be described.
            environment.python = survey.ok().and_then(Result::ok).map(|mut survey| {
                let paths: Vec<PathBuf> = libraries.into_iter().map(|library| library.path.into()).collect();
                survey.python.libraries = survey.libraries(&paths);
                Box::new(survey.python)
            });
        }
        Ok(outcome)
    }

    fn warm(&self) -> Option<Arc<dyn Runner>> {
        let warm = self.warm.clone().unwrap_or_default();
        Some(Arc::new(Self { warm: Some(warm), ..self.clone() }))
    }

    fn freeze(&self, spec: &RunSpec, order: &FreezeOrder<'_>) -> Result<Result<Frozen, Status>, RunError> {
        self.graph(spec, order)
    }

    fn fingerprint(
        &self,
        frameworks: &[String],
        spec: &RunSpec,
        remembered: Option<&Environment>,
    ) -> Result<Option<Fingerprint>, RunError> {
        let place = remembered
            .zip(self.cache.as_deref())
            .and_then(|(environment, folder)| Place::of(folder, frameworks, spec, environment));
        if let Some(known) = place.as_ref().and_then(Place::read) {
            return Ok(Some(known));
        }
        let fingerprint = self.probe(frameworks, spec)?;
        if let Some(place) = place {
            place.write(&fingerprint);
        }
        Ok(Some(fingerprint))
    }
}

/// Threads inside one operator: as the specification says, else as the caller's environment says, else one.
fn threads(spec: &RunSpec) -> u32 {
    let told = || std::env::var("OMP_NUM_THREADS").ok()?.split(',').next()?.trim().parse().ok();
    spec.threads.or_else(told).filter(|threads| (1..=1024).contains(threads)).unwrap_or(1)
}
