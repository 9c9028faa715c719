//! What a verification found, for people and machines.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use reproof_digest::Digest;

use crate::{Assurance, CaseClass, Real, Relation, Verdict};

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

/// How a tensor differs from its golden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metrics {
    /// Elements.
    pub elements: u64,
    /// Elements whose bits differ.
    pub differing: u64,
    /// Largest absolute difference over finite elements.
    pub maximum_absolute: Real,
    /// Largest relative difference over finite elements that are not 0 in the golden.
    pub maximum_relative: Real,
    /// Largest absolute difference over the golden's root mean square.
    pub maximum_over_rms: Real,
    /// L2 norm of the difference over that of the golden.
    pub relative_l2: Real,
    /// Cosine of the angle between the two, in float64.
    pub cosine: Real,
    /// Median distance in units in the last place, over differing and equal elements alike; elements below
    /// 2^-10 of the golden's root mean square are measured in units of that floor.
    pub ulp_median: Option<Real>,
    /// 99th percentile of the same.
    pub ulp_p99: Option<Real>,
    /// Positions where exactly one of the two is NaN, or infinities differ.
    pub special_mismatches: u64,
    /// The element with the largest difference.
    pub worst: Option<WorstElement>,
    /// Distribution of the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// Where the differences lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heatmap: Option<Heatmap>,
}

/// The element with the largest difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorstElement {
    /// Its index along each dim.
    pub index: Vec<u64>,
    /// The golden's value.
    pub expected: Real,
    /// The produced value.
    pub actual: Real,
}

/// Distribution of `|difference| / rms(golden)` over the elements, in decades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    /// Elements without any difference.
    pub equal: u64,
    /// The exponent of ten at the lower edge of the first bin: bin `i` counts `10^(first+i) <= x < 10^(first+i+1)`;
    /// smaller differences are in the first bin, larger ones in the last.
    pub first_exponent: i32,
    /// Elements per bin.
    pub counts: Vec<u64>,
}

/// Largest `|difference| / rms(golden)` on a grid over the last two dims, other dims folded together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heatmap {
    /// Rows of the grid (at most 32).
    pub rows: u32,
    /// Columns of the grid (at most 32).
    pub columns: u32,
    /// Row-major values.
    pub values: Vec<Real>,
}

/// What a verdict of an output stands on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// A fixed word: what decided.
    pub basis: Basis,
    /// One sentence for people.
    pub statement: String,
    /// The float64 referee's findings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referee: Option<RefereeEvidence>,
    /// Why there is no referee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referee_none: Option<String>,
    /// The difference against the recorded envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envelope: Option<EnvelopeEvidence>,
    /// Whether what the output decides has changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<DecisionEvidence>,
    /// The tolerance that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<ToleranceEvidence>,
}

/// What decided a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Every bit is equal.
    Bits,
    /// The same function in float64, and a difference within the envelope.
    RefereeEnvelope,
    /// The same function in float64, and rounding no worse than the golden's.
    RefereeRounding,
    /// The envelope alone: there is no referee to tell a harmless change from a small real one.
    Envelope,
    /// The specification leaves open what differs.
    SpecificationOpen,
    /// A tolerance.
    Tolerance,
    /// The recorded spread of a nondeterministic model.
    Statistics,
    /// The recorded refusal.
    Refusal,
    /// Nothing holds.
    Nothing,
}

/// The float64 referee's findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RefereeEvidence {
    /// Largest difference between the current definition in float64 and the stored referee, over the referee's
    /// root mean square.
    pub definition_difference: Real,
    /// The limit of that.
    pub definition_limit: Real,
    /// Whether the function is the same.
    pub same_function: bool,
    /// `||new - f64|| / max(||golden - f64||, eps/2 ||f64||)`.
    pub rounding_ratio: Real,
    /// The limit of that.
    pub rounding_limit: Real,
    /// The largest single error over the golden's largest, both floored at eps times the root mean square.
    pub element_ratio: Real,
    /// The limit of that.
    pub element_limit: Real,
}

/// The difference against the recorded envelope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnvelopeEvidence {
    /// Limit of the largest difference over the root mean square: recorded value times factor.
    pub maximum_limit: Real,
    /// Limit of the relative L2 difference.
    pub l2_limit: Real,
    /// Whether both hold.
    pub within: bool,
}

/// Whether what the output decides has changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionEvidence {
    /// Score vectors.
    pub total: u64,
    /// Those whose largest entries changed.
    pub changed: u64,
    /// The first that changed: its position among the vectors.
    pub first_changed: Option<u64>,
    /// The smallest distance in the golden between the last entry that counts and the next.
    pub smallest_margin: Real,
}

/// A tolerance and how far it was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToleranceEvidence {
    /// The absolute part.
    pub absolute: String,
    /// The relative part.
    pub relative: String,
    /// Who chose it.
    pub origin: String,
    /// Elements beyond it.
    pub beyond: u64,
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
}
