//! The engine under test, and one run of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reproof_contract::run::{CaseInput, Device, Limits, Outcome, Precision, RunSpec, Status, Taps};
use reproof_formats::values;
use reproof_progress::{Progress, Unit};
use reproof_runner::{ChildRunner, Runner};
use reproof_tensor::Value;
use tempfile::TempDir;

/// What the doomed child prints before it dies.
pub(crate) const LAST_WORDS: &str = "assertion failed in the kernel";

/// Named values.
pub(crate) type Named = Vec<(String, Value)>;

/// An engine under test.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) engine: &'static str,
    /// The engine's library, or the interpreter.
    pub(crate) library: Option<PathBuf>,
}

/// What an engine did with a promise.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It kept it.
    Kept,
    /// It said that it lacks something, and what.
    Lacks(String),
}

/// One run of a model that lies in a folder of its own.
pub(crate) struct Trial {
    pub(crate) folder: TempDir,
    pub(crate) spec: RunSpec,
    /// The hidden command of the child.
    command: &'static str,
}

/// What came of a trial; the folder of its outputs lives as long.
pub(crate) struct Ran {
    _folder: TempDir,
    pub(crate) outcome: Outcome,
    pub(crate) advanced: u64,
}

impl Trial {
    /// A run of the model in these bytes.
    pub(crate) fn of(model: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let artifact = folder.path().join("model.onnx");
        std::fs::write(&artifact, model).expect("a temporary file can be written");
        let spec = RunSpec {
            artifact,
            cases: Vec::new(),
            device: Device::Cpu,
            precision: Precision::Stored,
            threads: Some(1),
            options: BTreeMap::new(),
            variables: BTreeMap::new(),
            packages: Vec::new(),
            loading: reproof_contract::run::Loading::default(),
            taps: Taps::None,
            given: BTreeMap::new(),
            trials: Vec::new(),
            limits: Limits::default(),
            repeats: 1,
        };
        Self { folder, spec, command: "run-unit" }
    }

    /// With one more case.
    pub(crate) fn case(mut self, inputs: &[(&str, Value)]) -> Self {
        let name = format!("case-{}", self.spec.cases.len());
        let folder = self.folder.path().join(&name);
        let inputs: Named = inputs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        std::fs::create_dir(&folder).expect("a temporary folder can be made");
        values::write(&folder, "inputs", &inputs).expect("inputs can be written");
        self.spec.cases.push(CaseInput { name: name.parse().expect("a valid name"), folder });
        self
    }

    /// With a changed specification.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut RunSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// In a child whose first attempt ends by itself after its first case.
    pub(crate) fn doomed(mut self) -> Self {
        self.command = "run-unit-and-die";
        self
    }

    /// Runs it.
    pub(crate) fn run(self, subject: &Subject) -> Ran {
        let counter = Counter(AtomicU64::new(0));
        let runner = subject.runner(self.command);
        #[cfg(unix)]
        let _folder = (subject.engine == "copies").then(|| crate::copies::warm_up(&*runner));
        let outcome = runner.run(&self.spec, &self.folder.path().join("scratch"), &counter);
        let outcome = outcome.expect("the runner itself works");
        assert_eq!(outcome.cases.len(), self.spec.cases.len(), "one outcome per case");
        Ran { _folder: self.folder, outcome, advanced: counter.0.into_inner() }
    }
}

impl Ran {
    /// How a case ended; a case that was never reached ends as loading did.
    pub(crate) fn status(&self, case: usize) -> &Status {
        &self.outcome.cases[case].step.status
    }

    /// The outputs of a repeat of a case.
    pub(crate) fn outputs(&self, case: usize, repeat: usize) -> Named {
        values::read(&self.outcome.cases[case].outputs[repeat], "outputs").expect("outputs can be read")
    }

    /// Asserts that the only case gave these outputs, unless the engine said that it lacks something.
    pub(crate) fn gives(&self, expected: &[(&str, Value)]) -> Answer {
        match self.status(0) {
            Status::Unsupported { what, .. } => Answer::Lacks(what.clone()),
            Status::Done => {
                let expected: Named =
                    expected.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
                assert_eq!(self.outputs(0, 0), expected);
                Answer::Kept
            }
            other => panic!("expected outputs, got {other:?}"),
        }
    }
}

impl Subject {
    /// The runner; the child of an engine is this test program, that of Python the interpreter.
    pub(crate) fn runner(&self, command: &str) -> Arc<dyn Runner> {
        let program = std::env::current_exe().expect("this program knows its own file");
        let arguments = vec![OsString::from(command)];
        match (self.engine, &self.library) {
            #[cfg(unix)]
            ("python", Some(interpreter)) => Arc::new(reproof_runner::PythonRunner::new(interpreter.clone())),
            #[cfg(unix)]
            ("copies", Some(interpreter)) => {
                reproof_runner::PythonRunner::new(interpreter.clone()).warm().expect("Python has copies")
            }
            (_, None) => Arc::new(ChildRunner::referee(program, arguments)),
            (_, Some(library)) => Arc::new(ChildRunner::onnxruntime(program, arguments, library.clone())),
        }
    }
}

/// Counts finished cases.
struct Counter(AtomicU64);

impl Progress for Counter {
    fn begin(&self, _task: &str, _total: Option<u64>, _unit: Unit) {}

    fn advance(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }

    fn end(&self) {}
}

/// The child that is killed in the middle: its first attempt dies once its first case is done.
pub(crate) fn die_after_first_case(folder: &Path) {
    if !folder.ends_with("attempt-0") {
        return;
    }
    let note = folder.join("case-0.json");
    std::thread::spawn(move || {
        while !note.exists() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        // What a native library does before it takes its process down.
        let _ = writeln!(std::io::stderr(), "{LAST_WORDS}");
        std::process::abort();
    });
}
