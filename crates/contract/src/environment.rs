//! What ran, where.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
}
