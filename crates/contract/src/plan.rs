//! Many executions as content-addressed units: plan, execute anywhere in any order, fold.
//!
//! A unit's identity is the digest of its canonical bytes, so that planning again gives the same units,
//! finished ones are found by name, and running one twice is harmless.

use reproof_digest::{Digest, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::run::RunSpec;

/// The schema name of [`Plan`] and [`Unit`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PlanSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.plan/v0")]
    V0,
}

/// Units to execute, in any order, on any machine that can serve them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// The schema of this document.
    pub schema: PlanSchema,
    /// The units; each appears once.
    pub units: Vec<Unit>,
}

/// One run with one runner, for one purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unit {
    /// The runner by name, such as `referee` or `onnxruntime`.
    pub runner: String,
    /// What it is for: how the fold reads the result.
    pub purpose: Purpose,
    /// What to run.
    pub spec: RunSpec,
}

/// What a unit is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// The outputs that are judged, or that become goldens.
    Outputs,
    /// The same again in a fresh process.
    Repeat(u32),
    /// The same under a harmless change, for the envelope.
    Perturbation(String),
    /// The same in float64.
    Referee,
    /// The same in the engine whose bits are defined.
    Canonical,
}

impl Unit {
    /// The `unit-v1` digest: what names the unit and its result everywhere.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        canonical::digest(Kind::Unit, self)
    }
}
