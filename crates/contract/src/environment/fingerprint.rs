//! What about fifty operators give here, on fixed inputs.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Digests of what operators give on fixed inputs: which of them differ in another environment names the library
/// that differs, without any model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fingerprint {
    /// The version of the probe; those of two versions do not compare.
    pub probe: u32,
    /// Threads that operators could use.
    pub threads: u32,
    /// Per framework that is installed, by name.
    pub frameworks: BTreeMap<String, FrameworkFingerprint>,
}

/// What the operators of one framework give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FrameworkFingerprint {
    /// Its version.
    pub version: String,
    /// Per operator: SHA-256 over dtype, shape and bytes of its results, or `unavailable: ` and why.
    pub operators: BTreeMap<String, String>,
}
