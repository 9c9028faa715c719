//! Where a difference starts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::report::Heatmap;

/// The first step of a run that gave something else although what it took was recorded, and how that reaches the outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Start {
    /// The case that was looked into.
    pub case: String,
    /// The step.
    pub step: Place,
    /// Whether the recorded run had no such step.
    pub new: bool,
    /// What the recorded run had in its place, where that was another operator.
    pub recorded: Option<String>,
    /// Steps that it is part of, the innermost first.
    pub inside: Vec<String>,
    /// The shortest way from it to an output: steps that took what a step before gave.
    pub path: Vec<Place>,
    /// Other steps with a beginning of their own.
    pub others: Vec<Place>,
    /// Steps that gave something else, of all.
    pub differing: u64,
    /// Steps of the run.
    pub steps: u64,
    /// How far the run is from the recorded one, from its beginning to its end: the largest distance in each of at most
    /// [`PROFILE`] stretches of as many steps; 0 where all is as recorded.
    pub profile: Vec<Real>,
    /// Parts of the model in the order of the run, at most [`STAGES`], with what each adds to the difference; none where
    /// there are less than two.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// Where in the first tensor that the step gave the differences lie, where an experiment gave the recorded one again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heatmap: Option<Heatmap>,
}

/// A part of a model with what it adds to a difference. Distances are relative L2 differences over the values that are kept
/// of each tensor, so that shares are estimates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stage {
    /// Its name: the beginning that the names of its steps share, or its first and its last step.
    pub name: String,
    /// Its steps.
    pub steps: u64,
    /// How far what it takes is from what was recorded.
    pub entering: Real,
    /// How far what it gives is.
    pub leaving: Real,
    /// Its part, from 0 to 1, in all that parts add; one that brings a difference nearer to nothing adds nothing.
    pub share: Real,
}

/// The most of [`Start::stages`].
pub const STAGES: usize = 16;

/// The most stretches of [`Start::profile`].
pub const PROFILE: usize = 160;

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Its name in the framework's words.
    pub name: String,
    /// How often a step of this name had ended before.
    pub call: u32,
    /// What it is.
    pub kind: String,
    /// Dims of the first tensor that it gave, outermost first.
    pub shape: Vec<u64>,
    /// How far what it gave is from what was recorded: relative L2 difference over the values that are kept of each. Nothing
    /// where the recorded run has no such step, or those values are the same.
    pub distance: Option<Real>,
}
