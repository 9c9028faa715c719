//! What a checkpoint holds besides tensors.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// The training state of a checkpoint: empty for bare weights.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TrainingState {
    /// The program that wrote the checkpoint, where it is known by its layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trainer: Option<Trainer>,
    /// Its parts, the model first.
    pub parts: Vec<PartDescription>,
    /// What a bit-identical resume needs and the checkpoint does not hold; empty for bare weights.
    pub missing: Vec<Missing>,
}

/// A program that writes checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trainer {
    /// Its name, such as `Lightning`.
    pub name: String,
    /// Its version, where the checkpoint tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// One part of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PartDescription {
    /// Its name: `model`, `ema`, `optimizer`, `scheduler`, `scaler`, `rng`, `loader`, `progress`, `hyperparameters`,
    /// `versions`, ...; a second one of a kind has a number, as in `optimizer.1`.
    pub name: String,
    /// Where it was found: a file of the folder, keys inside a file, or both divided by `:`.
    pub root: String,
    /// What kind it is, such as `AdamW`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Tensors that belong to it.
    pub tensors: u64,
    /// What else it holds: numbers, texts and digests by dotted names, such as `groups.0.lr`.
    pub facts: BTreeMap<String, Value>,
}

/// Something that a bit-identical resume needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What, as the name of a part or a fact.
    pub what: String,
    /// What happens without it.
    pub why: String,
    /// How to have it next time.
    pub fix: String,
}
