//! What ran, where.

mod fingerprint;
mod python;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use fingerprint::{Fingerprint, FrameworkFingerprint};
pub use python::{AlteredFile, Distribution, Library, Origin, OriginKind, Python};

/// The environment class of what is the same bits on every machine, and the name of the engine that gives it.
pub const EVERYWHERE: &str = "referee";

/// The schema name of [`Document`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EnvironmentSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.environment/v0")]
    V0,
}

/// An environment as a document of its own: what `env show --json` prints and `environment/recorded-in.json` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Document {
    /// The schema of this document.
    #[serde(default)]
    pub schema: EnvironmentSchema,
    /// What it describes.
    #[serde(flatten)]
    pub environment: Environment,
}

/// A description of the engine, the machine and the settings of a run. Secrets never enter: environment
/// variables are taken by allow-list, home paths are shortened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// The device kind and architecture that goldens belong to, such as `cpu-x86_64`.
    pub class: String,
    /// The engine that executes.
    pub engine: Engine,
    /// The processor.
    pub cpu: Cpu,
    /// The operating system.
    pub system: System,
    /// Threads that the engine may use; 0 is the engine's own choice.
    pub threads: u32,
    /// Engine settings in force.
    pub settings: BTreeMap<String, String>,
    /// Environment variables of the allow-list that are set.
    pub variables: BTreeMap<String, String>,
    /// Accelerators that the driver knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accelerators: Vec<Accelerator>,
    /// The interpreter and what is installed for it, where a framework of Python computes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<Box<Python>>,
}

/// An accelerator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Accelerator {
    /// Its model, such as `NVIDIA H100 80GB HBM3`.
    pub model: String,
    /// The version of its driver.
    pub driver: String,
}

/// An inference engine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Engine {
    /// Its name, such as `tract` or `onnxruntime`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its library (64 hexadecimal digits) where it is a file of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library_sha256: Option<String>,
    /// What it says of its own build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<String>,
}

/// A processor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cpu {
    /// Architecture, such as `x86_64`.
    pub architecture: String,
    /// Model name as the system tells it.
    pub model: String,
    /// Instruction-set features that numeric libraries choose kernels by, sorted.
    pub features: Vec<String>,
    /// Logical cores.
    pub cores: u32,
}

/// An operating system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct System {
    /// Its name, such as `linux`.
    pub name: String,
    /// Kernel release.
    pub kernel: String,
    /// Distribution and its version.
    pub distribution: String,
    /// C library and its version, where known.
    pub libc: String,
    /// The kind of container that it runs in, such as `docker`, where it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
}
