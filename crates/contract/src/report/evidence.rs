//! What a verdict of an output stands on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;

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
