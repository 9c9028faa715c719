//! Runs cases of the public ONNX suite through the product's own path: a [`Runner`] in a child process.
//!
//! `suite PROGRAM PYTHON` reads the list of cases that `tests/python/suite_oracle.py --list` prints from the standard
//! input, and prints one JSON line per case and engine: `{case, category, engine, status, reason, outputs}` with the status
//! `passed`, `failed` or `unsupported`. PROGRAM is the built binary, PYTHON an interpreter that has ONNX Runtime.
//! `cargo xtask show suite` calls this.

#![expect(clippy::print_stdout, reason = "its lines are what it is for")]

mod compare;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use reproof_contract::Name;
use reproof_contract::run::{CaseInput, Device, Limits, Outcome, Precision, RunSpec, Status, Taps};
use reproof_formats::onnx::{self, test_data};
use reproof_formats::values;
use reproof_progress::Silent;
use reproof_runner::{ChildRunner, Runner};
use serde::{Deserialize, Serialize};

/// Milliseconds for one model: no case of the suite needs more than a few hundred.
const PATIENCE: u64 = 120_000;

/// Words of the child when an engine panicked, which is a bug here and never a gap of the engine.
const PANIC: &str = "the engine broke off";

/// One case of the suite.
#[derive(Debug, Deserialize)]
struct Case {
    #[serde(rename = "case")]
    name: String,
    category: String,
    path: PathBuf,
}

/// How one case ended with one engine.
#[derive(Debug, Serialize)]
struct Line<'a> {
    case: &'a str,
    category: &'a str,
    engine: &'a str,
    status: &'static str,
    reason: String,
    /// Of the outputs: names, types, shapes and bits.
    outputs: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let program = arguments.next().ok_or("expected the built binary as the first argument")?;
    let python = arguments.next().ok_or("expected a Python interpreter as the second argument")?;
    let library = reproof_runner::locate(None, None, Some(&python))?.library;
    let child = vec!["run-unit".into()];
    let runners = [
        ChildRunner::referee(program.clone(), child.clone()),
        ChildRunner::onnxruntime(program, child, library),
    ];
    let cases: Vec<Case> = serde_json::from_reader(std::io::stdin().lock())?;
    let (cases, runners) = (cases.as_slice(), &runners);
    let next = AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let work = || {
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                for runner in runners {
                    let (status, reason, outputs) = judge(runner, &case.path);
                    let Case { name, category, .. } = case;
                    let line = Line { case: name, category, engine: runner.name(), status, reason, outputs };
                    println!("{}", serde_json::to_string(&line).expect("a line is plain data"));
                }
            }
        };
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    Ok(())
}

/// Status and reason of one case, and the digest of its outputs if it passed.
fn judge(runner: &dyn Runner, case: &Path) -> (&'static str, String, Option<String>) {
    match run(runner, case) {
        Ok(Verdict::Passed(outputs)) => ("passed", String::new(), Some(outputs)),
        Ok(Verdict::Failed(reason)) => ("failed", reason, None),
        Ok(Verdict::Unsupported(what)) if what.starts_with(PANIC) => ("failed", what, None),
        Ok(Verdict::Unsupported(what)) => ("unsupported", what, None),
        Err(error) => ("failed", format!("the case cannot be run: {error}"), None),
    }
}

enum Verdict {
    Passed(String),
    Failed(String),
    Unsupported(String),
}

fn run(runner: &dyn Runner, case: &Path) -> Result<Verdict, Box<dyn Error>> {
    let artifact = case.join("model.onnx");
    let data = test_data::read(&onnx::read(&artifact)?, &case.join("test_data_set_0"))?;
    let folder = tempfile::tempdir()?;
    values::write(folder.path(), "inputs", &data.inputs)?;
    let name: Name = "stored".parse()?;
    let spec = RunSpec {
        artifact,
        cases: vec![CaseInput { name, folder: folder.path().to_owned() }],
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
        limits: Limits { milliseconds: Some(PATIENCE), memory_bytes: None },
        repeats: 1,
    };
    let outcome = runner.run(&spec, &folder.path().join("scratch"), &Silent)?;
    let [ran] = outcome.cases.as_slice() else { return Err("expected one case in the outcome".into()) };
    match worst(&outcome) {
        Status::Done => {}
        Status::Unsupported { what, .. } => return Ok(Verdict::Unsupported(what.clone())),
        Status::Refused { message } => return Ok(Verdict::Failed(format!("refused: {message}"))),
        other => return Ok(Verdict::Failed(format!("{other:?}"))),
    }
    let [outputs] = ran.outputs.as_slice() else { return Err("expected one repeat".into()) };
    let produced = values::read(outputs, "outputs")?;
    if produced.len() != data.outputs.len() {
        let (expected, got) = (data.outputs.len(), produced.len());
        return Ok(Verdict::Failed(format!("expected {expected} outputs, got {got}")));
    }
    for ((name, stored), (_, value)) in data.outputs.iter().zip(&produced) {
        if let Some(difference) = compare::difference(stored, value) {
            return Ok(Verdict::Failed(format!("output {name}: {difference}")));
        }
    }
    // The tree with the digest of every tensor.
    let tree = std::fs::read(outputs.join("outputs.json"))?;
    Ok(Verdict::Passed(reproof_digest::blob(&tree).to_hex()))
}

/// The status of the step that ended the run.
fn worst(outcome: &Outcome) -> &Status {
    let ran = outcome.cases.iter().map(|case| &case.step.status);
    std::iter::once(&outcome.load.status).chain(ran).find(|status| !status.is_done()).unwrap_or(&Status::Done)
}
