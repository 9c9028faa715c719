//! Finds the engines that a surface asked for and makes runners of them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reproof_formats::Format;
use reproof_runner::{ChildRunner, Keep, LocateError, PythonRunner, Supervisor, locate};

use crate::artifact::Artifact;
use crate::execution::{PYTHON, REFEREE, Runners};
use crate::folder;

/// How long the built-in engine runs before what it has is kept on disk, and between one time and the next.
const KEPT_EVERY: Duration = Duration::from_mins(1);

/// Where engines are.
#[derive(Clone, Debug)]
pub struct Engines {
    /// The program that serves in-process engines, and watches trainings, when it is started with `arguments` and a folder.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<OsString>,
    /// The interpreter with the user's frameworks: a path, or the name of a program.
    pub interpreter: PathBuf,
    /// The ONNX Runtime library, or the folder that holds it, where the user named one.
    pub onnxruntime: Option<PathBuf>,
    /// A folder for things that are slow to make and safe to delete: hashes of installed files.
    pub cache: Option<PathBuf>,
}

impl Engines {
    /// What ends a training when this process is killed.
    pub fn supervisor(&self) -> Supervisor {
        Supervisor { program: self.program.clone(), arguments: self.arguments.clone() }
    }

    /// The built-in engine, ONNX Runtime where it is found, and Python's frameworks where they are wanted.
    ///
    /// A library that was asked for and is missing is an error; one that nobody asked for is simply not there.
    pub fn runners(&self, wanted: Option<&str>) -> Result<Runners, LocateError> {
        let keep = self.cache.as_ref().map(|cache| Keep { folder: cache.join("runs"), every: KEPT_EVERY });
        let referee = ChildRunner::referee(self.program.clone(), self.arguments.clone()).keeping(keep);
        let runners = Runners::default().with(Arc::new(referee));
        if wanted == Some(REFEREE) {
            return Ok(runners);
        }
        if wanted == Some(PYTHON) {
            let python = PythonRunner::new(from_here(&self.interpreter)).with_cache(self.cache.clone());
            return Ok(runners.with(Arc::new(python)));
        }
        let asked = wanted == Some("onnxruntime") || (wanted.is_none() && self.onnxruntime.is_some());
        match locate(self.onnxruntime.as_deref(), None, Some(&self.interpreter)) {
            Ok(located) => {
                let (program, arguments) = (self.program.clone(), self.arguments.clone());
                Ok(runners.with(Arc::new(ChildRunner::onnxruntime(program, arguments, located.library))))
            }
            Err(error) if asked => Err(error),
            Err(_) => Ok(runners),
        }
    }
}

/// A path is one from here; a name is looked for where programs are.
pub fn from_here(interpreter: &Path) -> PathBuf {
    if interpreter.components().count() == 1 {
        return interpreter.to_owned();
    }
    std::path::absolute(interpreter).unwrap_or_else(|_| interpreter.to_owned())
}

/// The runner of a first recording, among those that are there: ONNX Runtime runs more models, the built-in engine
/// needs nothing.
pub fn preferred(runners: &Runners) -> &'static str {
    if runners.get("onnxruntime").is_some() { "onnxruntime" } else { REFEREE }
}

/// The runner that a name means. `onnx` was the built-in engine of earlier versions: contracts and scripts that name it
/// mean whatever is built in.
pub fn named(name: &str) -> &str {
    if name == Format::Onnx.as_str() { REFEREE } else { name }
}

/// The runner that a contract was recorded with, if that one needs no search: looking for a library that is not needed
/// would cost the start of an interpreter. What became ONNX needs no Python.
pub fn recorded(artifact: &Path, contract: Option<&Path>) -> Option<String> {
    let place = contract.map_or_else(|| folder::beside(artifact), Path::to_owned);
    let stored = folder::read(&place).ok()?.contract;
    let recorded = stored.runner?;
    let onnx = Format::Onnx.as_str();
    let became = || Artifact::open(artifact).is_ok_and(|found| found.description.format == Format::Onnx);
    if recorded == PYTHON && contract.is_some() && stored.artifact.format != onnx && became() {
        return None;
    }
    let recorded = named(&recorded);
    matches!(recorded, REFEREE | PYTHON).then(|| recorded.to_owned())
}

/// Where a loader's module is looked for, as Python itself looks: in the current folder, then where the model is.
pub fn modules(current: &Path, artifact: &Path) -> Vec<PathBuf> {
    let beside = if artifact.is_dir() { artifact } else { artifact.parent().unwrap_or(Path::new("")) };
    let beside = beside.join(".");
    vec![current.to_owned(), std::path::absolute(&beside).unwrap_or(beside)]
}

/// 4/5 of the memory that is free now, where the system tells: a model must not take the machine down.
pub fn most_of_free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes / 5 * 4 * 1024)
}
