//! Trajectories: what a training run did in the steps after it saved a checkpoint.
//!
//! The run that goes on after saving shows what a resumed one must do. Both are written by the same recorder in the same
//! form, so that resuming is verified by comparing two of these documents, moment by moment and stream by stream.

mod moment;

use std::collections::BTreeMap;

use reproof_digest::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use moment::{Fact, Moment, MomentKind, Stream};

/// The schema name of [`Trajectory`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TrajectorySchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.trajectory/v0")]
    V0,
}

/// What one process of a training run did in the steps after a checkpoint: `trajectory.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trajectory {
    /// The schema of this document.
    pub schema: TrajectorySchema,
    /// The recorder with its version, such as `reproof 0.1.0`.
    pub recorded_by: String,
    /// What drove the training: `torch`, `transformers`, `lightning`, `accelerate`.
    pub trainer: String,
    /// The framework with its version, such as `torch 2.15.0`.
    pub framework: String,
    /// Steps of the optimizer that were done when the checkpoint was saved.
    pub step: u64,
    /// What the training ran with and what may differ harmlessly elsewhere: world size, device, threads, workers.
    pub setting: BTreeMap<String, String>,
    /// What was told and is not compared: seeds, the digest of the initialisation, regularisation, the data's schema.
    pub context: BTreeMap<String, String>,
    /// `begin`, one `step` per step, `end`; a run that ended early has fewer steps.
    pub moments: Vec<Moment>,
}

/// The schema name of [`TrajectoryManifest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TrajectoryManifestSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.trajectory-manifest/v0")]
    V0,
}

/// What vouches for a stored trajectory: `manifest.json` beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrajectoryManifest {
    /// The schema of this document.
    pub schema: TrajectoryManifestSchema,
    /// The artifact after whose saving the trajectory was recorded.
    pub artifact_digest: Digest,
    /// Digest of the bytes of `trajectory.json`.
    pub trajectory: Digest,
    /// Their number.
    pub size: u64,
}

/// The schema name of [`ResumeRequest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ResumeRequestSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.resume-request/v0")]
    V0,
}

/// What a recorder is asked for in a process that resumes: `request.json` in the folder that `REPROOF_RESUME` names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResumeRequest {
    /// The schema of this document.
    pub schema: ResumeRequestSchema,
    /// Steps after which the recorder writes what it saw and ends the process.
    pub steps: u64,
    /// Streams of the recorded `begin`, as one that holds nothing is not written unless it is asked for.
    pub begin: Vec<Stream>,
    /// Threads that the framework is set to when training begins: an experiment. Otherwise as the training sets it.
    #[serde(default)]
    pub threads: Option<u64>,
    /// A piece of state that is lost before training begins: a drill. One of those that the context of the trajectory lists under
    /// `can-lose`.
    #[serde(default)]
    pub lose: Option<String>,
}
