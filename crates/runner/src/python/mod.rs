//! Runs models in the user's own interpreter, through the worker that this binary carries.
//!
//! Requests and answers travel over a socket that the worker finds as its standard input and moves away before any
//! user code runs; what user code prints goes to a file and into the outcome. `docs/worker-protocol.md` is the whole
//! agreement.

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

use reproof_contract::run::{CaseInput, ModelState, Outcome, RunSpec, Status, Taps};
use reproof_formats::values;
use reproof_progress::Progress;

use self::message::{Answer, Greeting, PROTOCOL, Reply, Request};
use self::worker::{Event, Worker};
use crate::child::{Attempt, CaseNote, End, INHERITED, LoadNote, attempts, last_words};
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
        let mut conversation = Conversation {
            spec,
            folder,
            worker: self.start(spec, folder, &printed)?,
            load: None,
            state: None,
            cases: Vec::new(),
            peak: None,
        };
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
    fn name(&self) -> &str {
        "python"
    }

    fn widens(&self) -> bool {
        true
    }

    fn run(&self, spec: &RunSpec, scratch: &Path, progress: &dyn Progress) -> Result<Outcome, RunError> {
        attempts(spec, scratch, progress, |spec, folder| self.attempt(spec, folder, progress))
    }
}

/// One exchange with a worker, and what came of it so far.
struct Conversation<'a> {
    spec: &'a RunSpec,
    folder: &'a Path,
    worker: Worker,
    load: Option<LoadNote>,
    state: Option<ModelState>,
    cases: Vec<CaseNote>,
    /// Peak memory of loading.
    peak: Option<u64>,
}

impl Conversation<'_> {
    /// Asks for everything; returns the worker's end where it came before everything was answered.
    fn hold(&mut self, progress: &dyn Progress) -> std::io::Result<Option<End>> {
        let line = match self.worker.next()? {
            Event::Line(line) => line,
            Event::End(end) => return Ok(Some(end)),
        };
        let speaks = serde_json::from_slice::<Greeting>(&line).map(|greeting| greeting.hello.protocol);
        if speaks.ok() != Some(PROTOCOL) {
            self.refuse("a worker that speaks this protocol", "do not write to the worker's channel");
            return Ok(None);
        }
        if let Some(problem) = lacking(self.spec) {
            self.load = Some(LoadNote { status: problem, seconds: 0.0, environment: None });
            return Ok(None);
        }
        self.worker.send(&Request::load(self.spec));
        let reply = match self.reply(0)? {
            Ok(reply) => reply,
            Err(end) => return Ok(end),
        };
        self.peak = self.worker.peak.take();
        let status = reply.status.status;
        let loaded = status.is_done();
        let environment = reply.environment.map(|facts| facts.environment(self.spec));
        self.state = reply.state;
        self.load = Some(LoadNote { status, seconds: reply.seconds, environment });
        if !loaded {
            return Ok(None);
        }
        let spec = self.spec;
        for (index, case) in spec.cases.iter().enumerate() {
            let folder = self.folder.join(format!("case-{index}"));
            if let Some(problem) = unreadable(case) {
                self.cases.push(CaseNote { status: problem, seconds: 0.0, outputs: Vec::new() });
                progress.advance(1);
                continue;
            }
            self.worker.send(&Request::Run {
                id: index + 1,
                inputs: &case.folder,
                outputs: &folder,
                repeats: spec.repeats,
                // Once, after the last: a pass over every tensor is not free.
                state: spec.loading.state && index + 1 == spec.cases.len(),
            });
            let reply = match self.reply(index + 1)? {
                Ok(reply) => reply,
                Err(end) => return Ok(end),
            };
            self.compare(reply.state.as_ref());
            self.cases.push(taken(reply, &folder));
            progress.advance(1);
        }
        Ok(None)
    }

    /// The answer to a request; else the worker's end, or nothing where it said something else.
    fn reply(&mut self, id: usize) -> std::io::Result<Result<Reply, Option<End>>> {
        let line = match self.worker.next()? {
            Event::Line(line) => line,
            Event::End(end) => return Ok(Err(Some(end))),
        };
        match serde_json::from_slice::<Answer>(&line) {
            Ok(answer) if answer.id == id => Ok(Ok(answer.reply)),
            _ => {
                self.refuse("an answer of the worker", "the model's code must not write to the worker's channel");
                Ok(Err(None))
            }
        }
    }

    /// Notes that the worker cannot be understood.
    fn refuse(&mut self, what: &str, hint: &str) {
        let status = Status::Unsupported { what: what.to_owned(), hint: hint.to_owned() };
        self.load = Some(LoadNote { status, seconds: 0.0, environment: None });
    }

    /// Notes what changed while cases ran.
    fn compare(&mut self, now: Option<&ModelState>) {
        if let (Some(before), Some(now)) = (&mut self.state, now) {
            let changed = now.tensors.iter().filter(|(name, digest)| before.tensors.get(*name) != Some(digest));
            before.changed = changed.map(|(name, _)| name.clone()).collect();
        }
    }
}

/// What this runner cannot do for a specification.
fn lacking(spec: &RunSpec) -> Option<Status> {
    let (what, hint) = if spec.taps != Taps::None {
        ("taps in this version of the runner".to_owned(), "ask for the outputs alone".to_owned())
    } else if let Some((name, _)) = spec.options.first_key_value() {
        let hint = "set it in the loader (--loader MODULE:FUNCTION)".to_owned();
        (format!("engine option `{name}` in Python"), hint)
    } else {
        return None;
    };
    Some(Status::Unsupported { what, hint })
}

/// Why the inputs of a case cannot be given to a worker, which checks nothing.
fn unreadable(case: &CaseInput) -> Option<Status> {
    let error = values::read(&case.folder, "inputs").err()?;
    Some(Status::Unsupported {
        what: format!("the inputs in {} cannot be read: {}", case.folder.display(), chain(&error)),
        hint: "the case files are part of the contract: restore them".to_owned(),
    })
}

/// The note of a case, with its outputs in place.
fn taken(reply: Reply, folder: &Path) -> CaseNote {
    let mut note = CaseNote { status: reply.status.status, seconds: reply.seconds, outputs: Vec::new() };
    for (repeat, told) in reply.outputs.iter().enumerate() {
        let place = folder.join(format!("repeat-{repeat}"));
        // Only what lies where it was asked for is looked at.
        let inside = told.parent() == Some(folder);
        let result = if inside { outputs::take(told, &place).map_err(|error| chain(&error)) } else { Ok(()) };
        match result {
            Ok(()) if inside => note.outputs.push(place),
            Ok(()) => {}
            Err(problem) => {
                note.status = Status::Unsupported {
                    what: format!("the outputs of the worker: {problem}"),
                    hint: "return plain tensors from the loader".to_owned(),
                };
                break;
            }
        }
    }
    note
}

/// The message of an error and of everything behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
