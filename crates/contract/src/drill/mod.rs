//! What a drill showed: which losses would be noticed.

mod faults;

use reproof_digest::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use faults::{Answer, FaultDrill, FaultDrillSchema, FaultOutcome, NamedFault, PlantedFault};

use crate::{Real, Verdict};

/// The schema name of [`Drill`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DrillSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.drill/v0")]
    V0,
}

/// The result of one drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Drill {
    /// The schema of this document.
    pub schema: DrillSchema,
    /// The artifact's path as given, home folder shortened.
    pub path: String,
    /// Digest of its contract.
    pub contract: Digest,
    /// The command that resumed, as told.
    pub command: String,
    /// Steps that were recorded after the checkpoint.
    pub steps: u64,
    /// The verdict when nothing is lost: what the others are to be compared with.
    pub untouched: Verdict,
    /// Whether two trainings with nothing lost do the same to the bit; where not, differences may be noise.
    pub repeats: bool,
    /// One line for each piece of state.
    pub lost: Vec<Lost>,
}

/// One piece of state, and what follows when it is lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Lost {
    /// The piece, such as `first-moments`.
    pub piece: String,
    /// What came of it.
    pub outcome: LostOutcome,
    /// The first step, counted from 1, whose loss differs.
    pub step: Option<u64>,
    /// Largest relative difference of a loss over all steps.
    pub distance: Option<Real>,
    /// Whether what the model gives in evaluation after the last step differs; nothing where nobody evaluates.
    pub evaluation: Option<bool>,
    /// The causes that are named.
    pub named: Vec<String>,
}

/// What came of losing a piece of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LostOutcome {
    /// A loss of training differs: whoever compares losses notices.
    Loss,
    /// No loss differs in these steps, but something else does: only who compares states or evaluations notices.
    Silent,
    /// Nothing differs.
    Unnoticed,
    /// The training has no such state.
    Absent,
    /// The training failed.
    Failed,
}

impl LostOutcome {
    /// What it is, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Loss => "it differs",
            Self::Silent => "never",
            Self::Unnoticed => "nothing does",
            Self::Absent => "has none",
            Self::Failed => "it fails",
        }
    }
}
