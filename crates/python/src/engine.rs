//! What runs a model, as Python tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use reproof::engines::{Engines, modules, most_of_free_memory, named};
use reproof::execution::{PYTHON, Settings};
use reproof::record::Recorded;
use reproof::trust::{Memory, Trust};
use reproof_contract::Report;
use reproof_contract::run::{Device, Limits, Loading};

use crate::failure;

/// The options that recording and verifying share: an object with these attributes.
#[derive(FromPyObject, Debug, Clone)]
pub(crate) struct Engine {
    /// The `reproof` command, which serves in-process engines.
    command: PathBuf,
    /// The interpreter that runs Python's frameworks.
    python: PathBuf,
    onnxruntime: Option<PathBuf>,
    runner: Option<String>,
    adapter: Option<String>,
    loader: Option<String>,
    trust: bool,
    network: bool,
    device: String,
    threads: Option<u32>,
    options: BTreeMap<String, String>,
    /// Seconds that a run may take.
    timeout: f64,
    /// Bytes that a run may take.
    memory_limit: Option<u64>,
    /// The folder for things that are slow to make and safe to delete.
    cache: Option<PathBuf>,
    /// Where the user keeps what programs remember.
    configuration: Option<PathBuf>,
    /// The current folder, where a loader's module is looked for.
    folder: PathBuf,
}

impl Engine {
    /// The runner that was asked for, by its name or by what only one runner takes.
    pub(crate) fn wanted(&self) -> Option<&str> {
        let python = self.adapter.is_some() || self.loader.is_some();
        self.runner.as_deref().map(named).or_else(|| python.then_some(PYTHON))
    }

    /// The interpreter that runs Python's frameworks.
    pub(crate) fn interpreter(&self) -> &Path {
        &self.python
    }

    /// Where engines are.
    pub(crate) fn engines(&self) -> Engines {
        Engines {
            program: self.command.clone(),
            arguments: vec!["run-unit".into()],
            interpreter: self.python.clone(),
            onnxruntime: self.onnxruntime.clone(),
            cache: self.cache.clone(),
        }
    }

    /// How each run of the artifact is set up.
    pub(crate) fn settings(&self, py: Python<'_>, artifact: &Path) -> PyResult<Settings> {
        let device: Device =
            self.device.parse().map_err(|error| failure::usage(py, &format!("{error}"), None))?;
        let loading = Loading {
            adapter: self.adapter.clone(),
            loader: self.loader.clone(),
            trust: self.trust,
            network: self.network,
            modules: modules(&self.folder, artifact),
            ..Loading::default()
        };
        let remembered = match self.memory() {
            Some(memory) if !self.trust => {
                memory.read().map_err(|error| failure::raise(py, &error, artifact))?
            }
            _ => BTreeSet::new(),
        };
        let trust = Trust { remembered, ..Trust::default() };
        Ok(Settings { threads: self.threads, options: self.options.clone(), device, loading, trust })
    }

    /// Where trust is remembered.
    fn memory(&self) -> Option<Memory> {
        self.configuration.as_deref().map(Memory::below)
    }

    /// Remembers what a recording says of the user's trust. Where that cannot be kept, the user is asked again.
    pub(crate) fn keep_recording(&self, recorded: &Recorded) {
        let _ = self.memory().map(|memory| memory.keep_recording(self.trust, recorded));
    }

    /// Remembers what a verification says of it.
    pub(crate) fn keep_verification(&self, report: &Report) {
        let _ = self.memory().map(|memory| memory.keep_verification(self.trust, report));
    }

    /// The limits of each run.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            milliseconds: Some((self.timeout * 1000.0).max(1.0) as u64),
            memory_bytes: self.memory_limit.or_else(most_of_free_memory),
        }
    }
}
