//! Cases, goldens and how outputs are judged.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DataRecord;
use crate::{CaseClass, Name, Real, Threshold};

/// One canonical input; its values lie in `suite/<name>/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseRecord {
    /// Its name and folder.
    pub name: Name,
    /// What it stands for.
    pub class: CaseClass,
    /// Where its values come from.
    pub origin: CaseOrigin,
    /// What it tries, in a sentence.
    pub note: String,
    /// What other engines may rightly do otherwise with these inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub open: Vec<OpenPoint>,
    /// What a scan found in a user's own data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataRecord>,
}

/// Where a case's values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CaseOrigin {
    /// Proposed from the model's signature.
    Proposed,
    /// The user's own data.
    User,
    /// Imported with its outputs from a published suite.
    Imported,
}

/// A point that the operator specification leaves open, so that engines may differ without fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OpenPoint {
    /// Whether a NaN survives comparisons (Max, Relu, pooling, ArgMax, TopK, Clip).
    NanOrdering,
    /// Whether an intermediate overflows to infinity (evaluation order, wider accumulators).
    Overflow,
    /// Whether denormals are flushed, and the sign of zero.
    Underflow,
}

/// What came out of a case in one environment class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Golden {
    /// The environment class, such as `cpu-x86_64`.
    pub class: String,
    /// The case.
    pub case: Name,
    /// What came out.
    pub expected: Expected,
    /// Whether `referee.json` and `referee.safetensors` lie beside the outputs.
    pub referee: bool,
    /// Outputs whose largest entries lie within rounding of each other for this synthetic input: what they decide is
    /// not judged. Typical cases have none: their decisions always count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<String>,
}

/// What a golden holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Expected {
    /// Outputs, in `goldens/<class>/<case>/`.
    Outputs,
    /// The model refused the input; the refusal is the golden. Messages differ between engines and are not
    /// compared.
    Refusal {
        /// The engine's words when recording.
        message: String,
    },
}

/// How one output is judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutputRule {
    /// A tolerance that passes as `tolerated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Tolerance>,
    /// What the output decides, for score vectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// How far it moved under harmless changes when recording.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub envelope: Option<Envelope>,
}

/// Elementwise tolerance: `|new - golden| <= absolute + relative * |golden|`, the numpy and torch form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tolerance {
    /// The absolute part.
    pub absolute: Threshold,
    /// The relative part.
    pub relative: Threshold,
    /// Who chose it.
    pub origin: ToleranceOrigin,
}

/// Who chose a tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToleranceOrigin {
    /// Nobody: shown for orientation, never passes by itself.
    Default,
    /// The user.
    User,
    /// A published suite that the goldens were imported from.
    Imported,
}

/// What a score vector decides: the largest entries along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// How many of the largest entries, in order, must stay the same.
    pub top: u32,
}

/// How far an output moved under harmless changes of environment, the largest over cases and changes. Run-to-run
/// noise is measured apart and never enters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// The changes that were tried, such as `threads=1`.
    pub perturbations: Vec<String>,
    /// Largest absolute difference over the golden's root mean square.
    pub maximum_over_rms: Real,
    /// L2 norm of the difference over the L2 norm of the golden.
    pub relative_l2: Real,
    /// A difference up to this multiple of both metrics is within the envelope.
    pub factor: Threshold,
}

/// The float64 referee of the goldens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum RefereeRecord {
    /// Outputs of the same definition with every float widened to 64 bits.
    Float64 {
        /// The runner that computed them.
        runner: String,
        /// The engine and version behind it.
        engine: String,
    },
    /// There is none.
    None {
        /// Why, such as the operator that prevented it.
        reason: String,
    },
}

/// How an artifact recorded with `--allow nondeterministic` is judged: `n` outputs per case are kept, a new run is
/// compared with their spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statistics {
    /// Samples per case.
    pub samples: u32,
    /// Per output path: the relative L2 distances of each sample from the mean of the others, sorted.
    pub distances: BTreeMap<String, Vec<Real>>,
}
