//! What parent and worker say to each other, as `docs/worker-protocol.md` defines it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reproof_contract::environment::{Engine, Environment};
use reproof_contract::run::{Device, ModelState, Precision, RunSpec, Status};
use reproof_contract::signature::{Inputs, Source};
use serde::{Deserialize, Serialize};

use crate::probe;

/// The version of the protocol that this parent speaks.
pub(super) const PROTOCOL: u32 = 1;

/// The worker's first line.
#[derive(Debug, Deserialize)]
pub(super) struct Greeting {
    pub(super) hello: Hello,
}

/// Who the worker is.
#[derive(Debug, Deserialize)]
pub(super) struct Hello {
    pub(super) protocol: u32,
}

/// A request of the parent.
#[derive(Debug, Serialize)]
#[serde(tag = "do", rename_all = "lowercase")]
pub(super) enum Request<'a> {
    /// Load the artifact.
    Load {
        id: usize,
        artifact: &'a Path,
        adapter: Option<&'a str>,
        loader: Option<&'a str>,
        modules: &'a [PathBuf],
        trust: bool,
        network: bool,
        device: String,
        precision: Precision,
        threads: Option<u32>,
        memory_bytes: Option<u64>,
        state: bool,
        inputs: bool,
    },
    /// Run a case.
    Run { id: usize, inputs: &'a Path, outputs: &'a Path, repeats: u32, state: bool },
}

impl<'a> Request<'a> {
    pub(super) fn load(spec: &'a RunSpec) -> Self {
        let loading = &spec.loading;
        Self::Load {
            id: 0,
            artifact: &spec.artifact,
            adapter: loading.adapter.as_deref(),
            loader: loading.loader.as_deref(),
            modules: &loading.modules,
            trust: loading.trust,
            network: loading.network,
            device: match &spec.device {
                Device::Cpu => "cpu".to_owned(),
                Device::Cuda(index) => format!("cuda:{index}"),
                Device::Other(name) => name.clone(),
            },
            precision: spec.precision,
            threads: spec.threads,
            memory_bytes: spec.limits.memory_bytes,
            state: loading.state,
            inputs: loading.inputs,
        }
    }
}

/// An answer of the worker.
#[derive(Debug, Deserialize)]
pub(super) struct Answer {
    pub(super) id: usize,
    pub(super) reply: Reply,
}

/// What came of a request.
#[derive(Debug, Deserialize)]
pub(super) struct Reply {
    #[serde(flatten)]
    pub(super) status: Ended,
    pub(super) seconds: f64,
    #[serde(default)]
    pub(super) environment: Option<Facts>,
    #[serde(default)]
    pub(super) state: Option<ModelState>,
    #[serde(default)]
    pub(super) inputs: Option<Inputs>,
    #[serde(default)]
    pub(super) sources: Vec<Source>,
    #[serde(default)]
    pub(super) outputs: Vec<PathBuf>,
}

/// How a request ended.
#[derive(Debug, Deserialize)]
pub(super) struct Ended {
    pub(super) status: Status,
}

/// The interpreter's part of an environment.
#[derive(Debug, Deserialize)]
pub(super) struct Facts {
    engine: String,
    version: String,
    class: String,
    libc: String,
    settings: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

impl Facts {
    /// The environment, with what this process sees of the machine.
    pub(super) fn environment(self, spec: &RunSpec) -> Environment {
        let (cpu, system) = probe::machine();
        Environment {
            class: self.class,
            engine: Engine { name: self.engine, version: self.version, library_sha256: None, build: None },
            cpu,
            system: reproof_contract::environment::System { libc: self.libc, ..system },
            threads: spec.threads.unwrap_or(1),
            settings: self.settings,
            variables: self.variables,
        }
    }
}
