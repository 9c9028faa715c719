//! What a verification found, for people and machines.

mod evidence;
mod matrix;
mod metrics;
mod resume;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use reproof_digest::Digest;

use crate::diagnosis::Diagnosis;
use crate::{Assurance, CaseClass, Relation, Verdict};

pub use evidence::{Basis, DecisionEvidence, EnvelopeEvidence, Evidence, RefereeEvidence, ToleranceEvidence};
pub use matrix::{Matrix, MatrixColumn, MatrixSchema};
pub use metrics::{Heatmap, Histogram, Metrics, WorstElement};
pub use resume::{
    Confidence, Divergence, Mark, ResumeExperiment, ResumeFinding, ResumeReport, SettingDifference,
    StreamReport,
};

/// The schema name of [`Report`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ReportSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.report/v0")]
    V0,
}

/// The result of one verification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The schema of this document.
    pub schema: ReportSchema,
    /// The worst verdict of all phases and cases.
    pub verdict: Verdict,
    /// The verdict that was asked for.
    pub required: Verdict,
    /// How far the verdict reaches.
    pub assurance: Assurance,
    /// One sentence that says why.
    pub summary: String,
    /// What was verified.
    pub artifact: ReportArtifact,
    /// Against what.
    pub contract: ReportContract,
    /// What the artifact is to the contract.
    pub relation: Relation,
    /// The runner and the engine that executed, such as `onnx (tract 0.23.9)`; absent if nothing ran.
    pub runner: Option<String>,
    /// The three phases, in order; a phase that did not run is absent.
    pub phases: Vec<Phase>,
    /// The cases, in the order of the suite.
    pub cases: Vec<CaseReport>,
    /// The environment against the recorded one.
    pub environment: EnvironmentReport,
    /// Whether training went on as recorded, where it was resumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<ResumeReport>,
    /// Why something differs, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagnosis: Option<Box<Diagnosis>>,
    /// When it was verified: RFC 3339, UTC.
    pub verified_at: String,
    /// The version of Reproof that verified.
    pub verified_by: String,
}

/// The artifact of a report; a digest is absent where it could not be computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportArtifact {
    /// Its path as given, home folder shortened.
    pub path: String,
    /// Over all files.
    pub artifact_digest: Option<Digest>,
    /// Over the named tensors of the model.
    pub weights_digest: Option<Digest>,
    /// Over the distinct tensors of the model.
    pub values_digest: Option<Digest>,
    /// Over everything but the weights.
    pub architecture_digest: Option<Digest>,
}

/// The contract of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportContract {
    /// Its digest.
    pub digest: Digest,
    /// Whether a signature over it was checked and holds.
    pub signed: bool,
    /// When it was recorded.
    pub recorded_at: String,
    /// The runner and engine that recorded it.
    pub recorded_with: Option<String>,
}

/// The name of a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PhaseName {
    /// Integrity, architecture, environment, restore.
    Load,
    /// The fixed sequence of cases.
    Execute,
    /// Outputs against goldens.
    Validate,
}

impl Grade {
    /// The words for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Harmless => "harmless",
            Self::MayMoveBits => "may move bits",
            Self::MayChangeResults => "may change results",
        }
    }
}

impl PhaseName {
    /// The word as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Execute => "execute",
            Self::Validate => "validate",
        }
    }
}

/// One phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// Which.
    pub name: PhaseName,
    /// The worst of its checks.
    pub verdict: Verdict,
    /// Wall time in seconds.
    pub seconds: f64,
    /// Peak anonymous memory in bytes of the process that did the work, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// Its checks.
    pub checks: Vec<Check>,
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// As expected.
    Pass,
    /// Worth knowing, not a failure.
    Warn,
    /// Not as expected.
    Fail,
    /// Not done, with the reason in `actual`.
    Skip,
}

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// A fixed dotted word, such as `load.integrity.files`.
    pub id: String,
    /// How it ended.
    pub status: CheckStatus,
    /// The verdict that it contributes.
    pub verdict: Verdict,
    /// The case, for checks of a case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The output path, for checks of an output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What is checked, in a few words.
    pub title: String,
    /// What was promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// What it stands for.
    pub class: CaseClass,
    /// The worst of its outputs, or of its execution.
    pub verdict: Verdict,
    /// Wall time of its execution in seconds.
    pub seconds: f64,
    /// Its outputs, by path.
    pub outputs: Vec<OutputReport>,
}

/// One output of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OutputReport {
    /// Its path: the output's name, then `[i]` and `.key` below it.
    pub name: String,
    /// The verdict.
    pub verdict: Verdict,
    /// How it differs; absent for what is not a tensor of numbers of equal shape.
    pub metrics: Option<Metrics>,
    /// Why the verdict is what it is.
    pub evidence: Evidence,
}

/// The environment against the recorded one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentReport {
    /// The current environment class.
    pub class: String,
    /// The class of the goldens that were used.
    pub golden_class: Option<String>,
    /// What differs.
    pub differences: Vec<EnvironmentDifference>,
    /// Which operators give other bits here, where both sides were asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<FingerprintComparison>,
}

/// Which operators give other bits than in the recorded environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FingerprintComparison {
    /// Operators that both sides have.
    pub compared: u32,
    /// Those that differ, such as `torch.softmax`.
    pub moved: Vec<String>,
    /// What this points to.
    pub reading: String,
}

/// How much a difference of environments can matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Cannot change outputs.
    Harmless,
    /// May change the last bits.
    MayMoveBits,
    /// May change what the model computes.
    MayChangeResults,
}

/// One difference of environments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentDifference {
    /// What differs, such as `engine.version`.
    pub item: String,
    /// The recorded value.
    pub recorded: String,
    /// The current value.
    pub current: String,
    /// How much it can matter.
    pub grade: Grade,
    /// Why it is graded so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Where this rule comes from: a measurement or a document.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
}
