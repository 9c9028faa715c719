//! What a drill of faults showed: which mistakes a suite would catch.

use reproof_digest::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Confidence;
use crate::{Real, Verdict};

/// The schema name of [`FaultDrill`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FaultDrillSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.fault-drill/v0")]
    V0,
}

/// The result of one drill: a mutation score of the suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FaultDrill {
    /// The schema of this document.
    pub schema: FaultDrillSchema,
    /// The artifact's path as given, home folder shortened.
    pub path: String,
    /// Digest of its contract.
    pub contract: Digest,
    /// The runner with engine and version.
    pub runner: Option<String>,
    /// What the outputs are with nothing planted.
    pub untouched: Verdict,
    /// One line for each fault that was planted.
    pub faults: Vec<PlantedFault>,
    /// Faults that were left out for want of time.
    pub left_out: u64,
    /// What cases would catch what slipped through.
    pub advice: Vec<String>,
}

impl FaultDrill {
    /// How many faults came to this.
    pub fn count(&self, outcome: FaultOutcome) -> u64 {
        self.faults.iter().filter(|fault| fault.outcome == outcome).count() as u64
    }

    /// Faults that were planted.
    pub fn planted(&self) -> u64 {
        self.faults.len() as u64 - self.count(FaultOutcome::Failed)
    }
}

/// One planted fault, and what the outputs said of it. Bytes are not looked at: that a file has changed is seen without.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlantedFault {
    /// The fault, such as `epsilon=LayerNorm:0.001`.
    pub fault: String,
    /// What came of it.
    pub outcome: FaultOutcome,
    /// The verdict over all outputs; nothing where it could not be planted.
    pub verdict: Option<Verdict>,
    /// The largest relative L2 difference of an output.
    pub distance: Option<Real>,
    /// Cases that catch it.
    pub cases: Vec<String>,
    /// What a diagnosis makes of it, where one was asked for.
    pub named: Option<NamedFault>,
    /// Why it could not be planted.
    pub note: Option<String>,
}

/// What came of planting a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FaultOutcome {
    /// The suite fails.
    Caught,
    /// Outputs differ, and by no more than the contract accepts.
    Accepted,
    /// No bit of any output differs.
    Unseen,
    /// It could not be planted, or nothing could be judged.
    Failed,
}

impl FaultOutcome {
    /// What it is, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Accepted => "accepted",
            Self::Unseen => "unseen",
            Self::Failed => "not planted",
        }
    }
}

/// What a diagnosis makes of a fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedFault {
    /// Whether the cause that it names is the fault.
    pub answer: Answer,
    /// The first cause, if one was named.
    pub cause: Option<String>,
    /// How sure it is.
    pub confidence: Option<Confidence>,
    /// The answer in one sentence.
    pub summary: String,
    /// The step at which the difference starts.
    pub start: Option<String>,
    /// Wall time of verification and diagnosis together.
    pub milliseconds: u64,
}

/// Whether a diagnosis names what was planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The planted cause, confirmed.
    Right,
    /// The planted cause, as likely.
    Likely,
    /// No cause.
    Unresolved,
    /// Another cause.
    Wrong,
}

impl Answer {
    /// The word in tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Likely => "likely",
            Self::Unresolved => "unresolved",
            Self::Wrong => "wrong",
        }
    }
}
