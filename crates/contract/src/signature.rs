//! What a framework tells of a model: what it takes, and what it was made with.

use reproof_tensor::DType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model can be given, as far as its framework knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Inputs {
    /// Ways to call it, the usual one first.
    Known(Vec<Signature>),
    /// Nobody but the user knows, and why.
    Unknown(String),
    /// Nothing here makes a model of the artifact without a loader of the user.
    NoLoader,
}

/// One way to call a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// A word that tells it from the other ways, such as `text`.
    pub name: String,
    /// What it takes.
    pub inputs: Vec<InputPort>,
}

/// One input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InputPort {
    /// Its name.
    pub name: String,
    /// Its element type; nothing for texts.
    #[serde(default)]
    pub dtype: Option<DType>,
    /// Its dims, outermost first.
    pub dims: Vec<InputDim>,
    /// Integers are below this: a vocabulary.
    #[serde(default)]
    pub below: Option<u64>,
}

/// One dim of an input.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct InputDim {
    /// Its size; nothing where it is open.
    pub size: Option<u64>,
    /// What an open one is called, such as `sequence`.
    pub name: Option<String>,
    /// The largest size of an open one.
    pub at_most: Option<u64>,
}

/// A file that has a part in what a model computes and is not its weights.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Source {
    /// What it is to the model: `loader`, `tokenizer`, `processor`.
    pub role: String,
    /// Its name.
    pub file: String,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}
