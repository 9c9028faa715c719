//! The graph that computes what an artifact computes, without the code of its framework's user.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Name, Real, Verdict};

/// In what language a graph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GraphForm {
    /// ONNX, which engines of their own run.
    Onnx,
    /// A program of torch.export.
    TorchExport,
    /// A function that JAX exported.
    Stablehlo,
    /// A SavedModel of TensorFlow.
    #[serde(rename = "savedmodel")]
    SavedModel,
}

impl GraphForm {
    /// The adapter that runs it in Python; none for what the engines of this program run.
    pub fn adapter(self) -> Option<&'static str> {
        match self {
            Self::Onnx => None,
            Self::TorchExport => Some("torch-export"),
            Self::Stablehlo => Some("stablehlo"),
            Self::SavedModel => Some("savedmodel"),
        }
    }
}

/// A graph beside the contract, and the proof that it computes the goldens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FrozenRecord {
    /// Its language.
    pub form: GraphForm,
    /// Where it lies below the contract's folder, as a POSIX path: a file, or a folder of a SavedModel.
    pub path: String,
    /// What wrote it, such as `torch.onnx of torch 2.9.0`.
    pub exporter: String,
    /// The runner that ran it for the proof.
    pub runner: String,
    /// The engine, with its version.
    pub engine: String,
    /// The worst verdict over all cases: `identical`, `equivalent` or `tolerated`.
    pub verdict: Verdict,
    /// On what the worst one rests.
    pub statement: String,
    /// How far the graph in float64 is from the model in float64, the largest over outputs and cases, over the output's root
    /// mean square. Constants of a graph are rounded when it is written, so that it is seldom zero. Absent where one of
    /// the two has no float64 run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_difference: Option<Real>,
    /// The cases that it was proved with: those that take the same inputs as the first and have outputs.
    pub cases: Vec<Name>,
}
