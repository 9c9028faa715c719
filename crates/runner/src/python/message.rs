//! What parent and worker say to each other, as `docs/worker-protocol.md` defines it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reproof_contract::Name;
use reproof_contract::contract::GraphForm;
use reproof_contract::environment::{Engine, Environment, Fingerprint, Library, Python, System};
use reproof_contract::run::{Device, ModelState, Precision, RunSpec, Status, Taps};
use reproof_contract::signature::{Inputs, Source};
use reproof_environment::VARIABLES;
use serde::{Deserialize, Serialize};

use crate::environment;

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
        variables: &'a [&'a str],
        inputs: bool,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        graph: bool,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        planted: &'a [String],
    },
    /// Tell what only the interpreter knows of itself.
    Describe { id: usize, network: bool, memory_bytes: Option<u64>, imported: bool },
    /// Tell what operators give.
    Fingerprint {
        id: usize,
        network: bool,
        memory_bytes: Option<u64>,
        frameworks: &'a [String],
        threads: u32,
    },
    /// Write the graph that computes the cases.
    Freeze { id: usize, form: Option<&'a str>, cases: Vec<&'a Path>, folder: &'a Path, prepared: &'a Path },
    /// Tell which modules of installed packages were imported, in their order.
    Imported { id: usize },
    /// Run a case.
    Run {
        id: usize,
        inputs: &'a Path,
        outputs: &'a Path,
        repeats: u32,
        state: bool,
        taps: Wanted<'a>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        trials: &'a [String],
    },
}

/// Which steps of a case are told.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Wanted<'a> {
    None(()),
    All(&'static str),
    Named(&'a [String]),
}

impl<'a> Wanted<'a> {
    /// Those of one case.
    pub(super) fn of(taps: &'a Taps, case: &Name) -> Self {
        match taps {
            Taps::All => Self::All("all"),
            Taps::Named(names) => Self::Named(names),
            Taps::Cases(_) if taps.want(case) => Self::All("offered"),
            Taps::Cases(_) | Taps::None => Self::None(()),
        }
    }
}

impl<'a> Request<'a> {
    pub(super) fn load(spec: &'a RunSpec, threads: u32) -> Self {
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
            threads: Some(threads),
            memory_bytes: spec.limits.memory_bytes,
            state: loading.state,
            variables: &VARIABLES,
            inputs: loading.inputs,
            graph: loading.graph,
            planted: &loading.planted,
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
    #[serde(default)]
    pub(super) taps: Option<PathBuf>,
    #[serde(default)]
    pub(super) trials: Vec<TriedOut>,
    #[serde(default)]
    pub(super) catalogue: Vec<String>,
    #[serde(default)]
    pub(super) restored: Option<bool>,
    #[serde(default)]
    pub(super) interpreter: Option<Interpreter>,
    #[serde(default)]
    pub(super) fingerprint: Option<Fingerprint>,
    #[serde(default)]
    pub(super) frozen: Option<Graph>,
    #[serde(default)]
    pub(super) imported: Vec<String>,
}

/// One run with an altered model.
#[derive(Debug, Deserialize)]
pub(super) struct TriedOut {
    pub(super) alteration: String,
    #[serde(default)]
    pub(super) status: Option<Status>,
    #[serde(default)]
    pub(super) outputs: Option<PathBuf>,
}

/// A graph that was written.
#[derive(Debug, Deserialize)]
pub(super) struct Graph {
    pub(super) form: GraphForm,
    pub(super) entry: Option<String>,
    pub(super) exporter: String,
    pub(super) cases: Vec<usize>,
}

/// What only the interpreter knows of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Interpreter {
    pub(super) executable: String,
    pub(super) implementation: String,
    pub(super) version: String,
    pub(super) build: String,
    pub(super) platform: String,
    pub(super) abi: String,
    pub(super) libc: String,
    pub(super) prefixes: Vec<PathBuf>,
    pub(super) prefix: PathBuf,
    pub(super) base_prefix: PathBuf,
    pub(super) path: Vec<PathBuf>,
    pub(super) flags: BTreeMap<String, String>,
    pub(super) facts: BTreeMap<String, String>,
    pub(super) problems: Vec<String>,
    pub(super) libraries: Vec<PathBuf>,
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
    /// Native libraries in memory.
    #[serde(default)]
    libraries: Vec<String>,
}

impl Facts {
    /// The environment, with what this process sees of the machine. Of Python it holds the paths of native libraries and
    /// nothing else, until the caller has looked at what is installed.
    pub(super) fn environment(self, threads: u32) -> Environment {
        let (cpu, system) = environment::machine();
        let library = |path| Library { path, distribution: None, sha256: None };
        let libraries = self.libraries.into_iter().map(library).collect();
        Environment {
            class: self.class,
            engine: Engine { name: self.engine, version: self.version, library_sha256: None, build: None },
            cpu,
            system: System { libc: self.libc, ..system },
            threads,
            settings: self.settings,
            variables: environment::told(self.variables),
            accelerators: environment::accelerators(),
            python: Some(Box::new(Python { libraries, ..Python::default() })),
        }
    }
}
