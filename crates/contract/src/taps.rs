//! Taps: what a model computed on its way from inputs to outputs, step by step.
//!
//! Two runs of the same steps tell where a difference starts: at the first step that gave something else although what
//! it took was the same.

use reproof_tensor::DType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;

/// The steps of one case, in the order in which they ended: `taps.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Taps {
    /// Whether looking changed the outputs: an engine that shows every step may fuse fewer of them. Steps then tell
    /// where a difference starts up to rounding.
    pub disturbed: bool,
    /// The steps.
    pub steps: Vec<Step>,
}

/// One step: a module, a layer, a node of a graph, an operator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its name in the framework's own words, such as `encoder.layer.0.attention`; an operator inside of a module is
    /// `MODULE:OPERATOR`.
    pub name: String,
    /// How often a step of this name had ended before, as one module can run several times.
    pub call: u32,
    /// What it is, such as `Linear` or `aten.addmm.default`.
    pub kind: String,
    /// Digests of the tensors that it took, without weights; only equality within one framework means something.
    pub inputs: Vec<String>,
    /// The tensors that it gave.
    pub outputs: Vec<Tapped>,
}

/// One tensor that a step gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tapped {
    /// Its place in what the step gave; empty for the only one.
    pub path: String,
    /// Element type.
    pub dtype: DType,
    /// Dims, outermost first.
    pub shape: Vec<u64>,
    /// Digest of dtype, shape and values, as those of [`Step::inputs`].
    pub digest: String,
    /// Values at up to 8 positions spread evenly from the first element on, of types that are plain numbers: position
    /// `i` of `n` is element `i * count / n`.
    pub samples: Vec<Real>,
}

/// The most steps of one case that a document holds.
pub const LARGEST: usize = 100_000;
