//! Where an engine's errors are made, node by node.

use reproof_digest::Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;

/// The schema name of [`EngineErrors`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EngineErrorsSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.engine-errors/v0")]
    V0,
}

/// The errors of an engine in one case of a graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EngineErrors {
    /// The schema of this document.
    pub schema: EngineErrorsSchema,
    /// The artifact's path as given, home folder shortened.
    pub path: String,
    /// Digest of its contract.
    pub contract: Digest,
    /// Where an engine's errors are made.
    pub errors: ErrorBudget,
}

/// How far each node of a graph, as an engine computes it, is from the same node in float64.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBudget {
    /// The case that was run.
    pub case: String,
    /// The runner with engine and version.
    pub engine: String,
    /// Whether looking changed the engine's outputs: it fuses fewer operators where their values are asked for.
    pub disturbed: bool,
    /// The nodes, in the order of the graph.
    pub nodes: Vec<NodeError>,
}

/// One value of the graph, with the node that makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NodeError {
    /// The name of the value.
    pub name: String,
    /// The node's operator.
    pub operator: String,
    /// How far it is from float64 when both take what the engine gave so far: what the node does by itself. Nothing for
    /// values that are no floats.
    pub own: Option<Apart>,
    /// How far it is from float64 from the inputs on: what all nodes did so far.
    pub total: Option<Apart>,
    /// Whether values that are no floats, or places of NaN and infinity, are others than those that float64 gives from the
    /// same inputs.
    pub changed: bool,
}

/// A distance from float64.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Apart {
    /// L2 norm of the difference over that of the float64 value.
    pub l2: Real,
    /// Largest difference over the root mean square of the float64 value.
    pub maximum: Real,
    /// `l2` in units of the value's own type: its distance between 1 and the next number.
    pub units: Real,
}
