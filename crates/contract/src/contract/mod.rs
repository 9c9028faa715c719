//! What an artifact promised when it was recorded.
//!
//! A contract is immutable. It lists the digest of every file beside it, except what grows later (evidence,
//! trajectories, history); the next contract names the digest of the one before, who accepted it and why.

mod artifact;
mod context;
mod frozen;
mod privacy;
mod suite;

use std::collections::BTreeMap;

use reproof_digest::{Digest, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use artifact::{ArtifactIdentity, ArtifactKind, FileRecord, Interface, Port, TensorRecord};
pub use context::{Context, DatasetReference, Governance, Revision};
pub use frozen::{FrozenRecord, GraphForm};
pub use privacy::{DataClass, DataRecord, PrivateSuite};
pub use suite::{
    CaseOrigin, CaseRecord, Decision, Envelope, Expected, Golden, OpenPoint, OutputRule, RefereeRecord,
    Statistics, Tolerance, ToleranceOrigin,
};

use crate::canonical::{self, CanonicalError};
use crate::environment::Environment;

/// The schema name of [`Contract`]. Documents of every version are read for ever; the newest is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContractSchema {
    /// Version 0: version 1 without `frozen`, `private` and `data`.
    #[serde(rename = "reproof.contract/v0")]
    V0,
    /// Version 1.
    #[default]
    #[serde(rename = "reproof.contract/v1")]
    V1,
}

impl ContractSchema {
    /// The names of all versions.
    pub const ALL: [&'static str; 2] = ["reproof.contract/v0", "reproof.contract/v1"];
}

/// The promise of an artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contract {
    /// The schema of this document.
    pub schema: ContractSchema,
    /// The version of Reproof that recorded it.
    pub recorded_by: String,
    /// When it was recorded: RFC 3339, UTC, in seconds.
    pub recorded_at: String,
    /// What was recorded: files, tensors, digests.
    pub artifact: ArtifactIdentity,
    /// The model's inputs and outputs.
    pub interface: Interface,
    /// The runner that made the goldens, absent for imported ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<String>,
    /// How a framework of Python loads the artifact, where that is the runner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loading: Option<LoadingRecord>,
    /// The environment that the goldens were made in, absent for imported ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Environment>,
    /// The canonical inputs.
    pub suite: Vec<CaseRecord>,
    /// What came out, per environment class and case.
    pub goldens: Vec<Golden>,
    /// How each output is judged, by its path.
    pub outputs: BTreeMap<String, OutputRule>,
    /// The float64 referee.
    pub referee: RefereeRecord,
    /// The graph of the model, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<FrozenRecord>,
    /// Set when the artifact is recorded as nondeterministic: its verdicts never rise above `tolerated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<Statistics>,
    /// The checks that were passed, or allowed to fail, before recording.
    pub honesty: Vec<HonestyCheck>,
    /// Seeds, code, data, preprocessing: what the user told.
    pub context: Context,
    /// Owner and classification.
    pub governance: Governance,
    /// Every file beside `contract.json` that this contract vouches for, by POSIX path.
    pub files: BTreeMap<String, ContractFile>,
    /// Inputs and goldens that lie elsewhere, where the suite is private.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private: Option<PrivateSuite>,
    /// The contract before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Previous>,
}

/// How the artifact was loaded in Python: what another machine needs to do the same. The interpreter is not part of it,
/// and neither is trust, which each user gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadingRecord {
    /// The adapter by name, such as `torchscript`.
    pub adapter: String,
    /// The function that makes the model: `package.module:function`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loader: Option<String>,
}

/// A file of the contract's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ContractFile {
    /// Bytes.
    pub size: u64,
    /// `blob-v1` digest.
    pub digest: Digest,
}

/// A check that a model deserves a golden.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HonestyCheck {
    /// A fixed word: `inference-mode`, `kept-state`, `fresh-loads`, `repeated-forwards`, `finite-outputs`,
    /// `varied-outputs`, `live-model`.
    pub id: String,
    /// Whether it passed; a failed one was allowed by name when recording.
    pub passed: bool,
    /// What was seen.
    pub seen: String,
}

/// The contract before this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Previous {
    /// Its digest.
    pub digest: Digest,
    /// Who accepted the change.
    pub accepted_by: String,
    /// Why.
    pub reason: String,
}

impl Contract {
    /// The `contract-v1` digest over the canonical bytes.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        canonical::digest(Kind::Contract, self)
    }
}
