//! What a diagnosis found: causes with what proves them, and the experiments that were made.

mod errors;
mod start;

use reproof_digest::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::Confidence;
use crate::{Real, Verdict};

pub use errors::{Apart, EngineErrors, EngineErrorsSchema, ErrorBudget, NodeError};
pub use start::{PROFILE, Place, STAGES, Stage, Start};

/// The schema name of [`Diagnosis`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DiagnosisSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.diagnosis/v0")]
    V0,
}

/// The result of one diagnosis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// The schema of this document.
    pub schema: DiagnosisSchema,
    /// The artifact's path as given, home folder shortened.
    pub path: String,
    /// Digest of its contract.
    pub contract: Digest,
    /// The runner with engine and version.
    pub runner: Option<String>,
    /// What the verification gave that is explained here.
    pub verdict: Verdict,
    /// The answer in one sentence.
    pub summary: String,
    /// Causes, the surest first; none where nothing differs or nothing could be named.
    pub causes: Vec<Cause>,
    /// Where the difference starts; nothing where nothing differs or the runner shows no steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// Whether the difference can be accepted, and what to do.
    pub acceptable: Option<Acceptable>,
    /// What would tell more, where no cause is confirmed.
    pub unresolved: Option<String>,
    /// What was tried, in its order.
    pub experiments: Vec<Experiment>,
}

/// One cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// A fixed dotted word of `docs/causes.md`, such as `weights.bit-flip`.
    pub id: String,
    /// How sure it is.
    pub confidence: Confidence,
    /// One sentence.
    pub statement: String,
    /// What it stands on.
    pub evidence: Vec<String>,
    /// What to do: a setting or a version.
    pub fix: String,
}

/// One run, or one comparison, that tells causes apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Experiment {
    /// The cause that it tests.
    pub cause: String,
    /// What was changed.
    pub title: String,
    /// What came of it.
    pub finding: Finding,
    /// How far its outputs are from the goldens: the largest relative L2 difference. Nothing where they cannot be compared.
    pub distance: Option<Real>,
    /// Why it failed, or what else there is to say.
    pub note: Option<String>,
    /// Wall time in seconds of the run that it was part of, divided among all parts.
    pub seconds: Real,
}

/// What an experiment gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Finding {
    /// Every bit is the recorded one: the change undoes the difference.
    Recorded,
    /// Every bit is that of the run without the change: it has no part in the difference.
    Unchanged,
    /// At most a tenth of the difference is left.
    Nearer,
    /// Other bits, and no nearer.
    Other,
    /// It could not be made.
    Failed,
}

impl Finding {
    /// What a table says of it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Recorded => "the recorded bits",
            Self::Unchanged => "no change",
            Self::Nearer => "nearer",
            Self::Other => "other bits",
            Self::Failed => "not made",
        }
    }
}

/// Whether a difference can be accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Acceptable {
    /// Whether the model computes the same function, as float64 shows; nothing where nobody could tell.
    pub same_function: Option<bool>,
    /// Decisions (classes, tokens) that were compared, and those that changed.
    pub decisions: Option<(u64, u64)>,
    /// One sentence.
    pub statement: String,
    /// What to do.
    pub recommendation: String,
}
