//! What a runner is asked for when a model's graph shall be kept, and what it gives.

use std::path::{Path, PathBuf};

use reproof_contract::contract::GraphForm;

/// Which language the user wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GraphChoice {
    /// ONNX where it can be written, else the framework's own.
    #[default]
    Auto,
    /// ONNX.
    Onnx,
    /// The framework's own.
    Native,
}

impl GraphChoice {
    /// Every choice with its word on the command line.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Auto, "auto"), (Self::Onnx, "onnx"), (Self::Native, "native")];

    /// The choice that a word on the command line means.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(choice, _)| *choice)
    }

    /// The word of the worker's protocol.
    pub(crate) fn word(self) -> Option<&'static str> {
        match self {
            Self::Auto => None,
            Self::Onnx => Some("onnx"),
            Self::Native => Some("native"),
        }
    }
}

/// An order for a graph.
#[derive(Clone, Copy, Debug)]
pub struct FreezeOrder<'a> {
    /// Its language.
    pub choice: GraphChoice,
    /// An empty folder for the graph.
    pub folder: &'a Path,
    /// An empty folder for what is left behind otherwise.
    pub scratch: &'a Path,
}

/// A graph that was written.
#[derive(Debug)]
pub struct Frozen {
    /// Its language.
    pub form: GraphForm,
    /// The file in the folder of the order; the folder itself where the graph takes all of it.
    pub entry: Option<PathBuf>,
    /// What wrote it.
    pub exporter: String,
    /// Per case of the specification that the graph computes: its place, and the inputs as the graph takes them, behind every
    /// stage of preprocessing.
    pub cases: Vec<(usize, Vec<(String, reproof_tensor::Value)>)>,
}
