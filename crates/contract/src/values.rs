//! The JSON side of a tree of values: the tree, its texts and numbers. Tensor bytes lie beside it in a
//! safetensors file, under the key that the tree names.

use reproof_digest::Digest;
use reproof_tensor::DType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;

/// Named values: the inputs or the outputs of one case, in the model's order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Values {
    /// The schema of this file.
    pub schema: ValuesSchema,
    /// The values.
    pub values: Vec<NamedNode>,
}

/// The schema name of [`Values`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ValuesSchema {
    /// Version 0.
    #[default]
    #[serde(rename = "reproof.values/v0")]
    V0,
}

/// One named value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedNode {
    /// The name of the input or output.
    pub name: String,
    /// Its tree.
    pub value: Node,
}

/// A node of a tree of values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Node {
    /// A tensor in the safetensors file.
    Tensor(TensorNode),
    /// A tensor of texts.
    Strings {
        /// Dims, outermost first.
        shape: Vec<u64>,
        /// Texts in row-major order.
        values: Vec<String>,
    },
    /// An ordered list.
    Sequence(Vec<Node>),
    /// A dictionary in its own order.
    Map(Vec<(KeyNode, Node)>),
    /// A value that may be absent.
    Optional(Option<Box<Node>>),
    /// A single text.
    Text(String),
    /// A single integer, as text: JSON numbers are exact only to 2^53.
    Integer(String),
    /// A single float.
    Real(Real),
    /// A single truth value.
    Boolean(bool),
}

/// Where a tensor of a tree lies, or, for an output too large to keep, what is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TensorNode {
    /// Key in the safetensors file.
    pub key: String,
    /// Element type.
    pub dtype: DType,
    /// Dims, outermost first.
    pub shape: Vec<u64>,
    /// `tensor-v1` digest of the whole tensor.
    pub digest: Digest,
    /// For a tensor too large to keep: the flat positions whose values the safetensors file holds instead, one
    /// every `stride` elements from the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
}

/// How a large tensor was sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sampled {
    /// Every how many elements one was kept.
    pub stride: u64,
}

/// The key of a dictionary entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyNode {
    /// An integer key, as text.
    Integer(String),
    /// A text key.
    Text(String),
}
