//! The identity of what was recorded.

use std::collections::BTreeMap;

use reproof_digest::Digest;
use reproof_digest::layout::Segment;
use reproof_tensor::DType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether an artifact is one file or a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// One file, with the external files that it refers to.
    File,
    /// A folder.
    Folder,
}

/// Files, tensors and the digests over them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactIdentity {
    /// One file or a folder.
    pub kind: ArtifactKind,
    /// The format, such as `onnx` or `safetensors`.
    pub format: String,
    /// Over all files.
    pub artifact_digest: Digest,
    /// Over the named tensors of the model.
    pub weights_digest: Digest,
    /// Over the distinct tensors of the model.
    pub values_digest: Digest,
    /// Over names, dtypes, shapes, topology and attributes, without weights.
    pub architecture_digest: Digest,
    /// Over each other part, such as `optimizer`.
    pub parts: BTreeMap<String, Digest>,
    /// The files, sorted by path.
    pub files: Vec<FileRecord>,
    /// The tensors, sorted by name.
    pub tensors: Vec<TensorRecord>,
}

/// One file of the artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRecord {
    /// POSIX path below the artifact; empty for the main file of a single-file artifact.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// `layout-v1` digest.
    pub digest: Digest,
    /// SHA-256 of the file (64 hexadecimal digits), for auditors and stock tools.
    pub sha256: String,
    /// The segments that tile the file: what verification hashes, without a parser.
    pub segments: Vec<Segment>,
}

/// One tensor of the artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TensorRecord {
    /// Its name as stored, relative to its part's root.
    pub name: String,
    /// The part it belongs to: `model`, `optimizer`, ...
    pub part: String,
    /// Element type.
    pub dtype: DType,
    /// Dims, outermost first.
    pub shape: Vec<u64>,
    /// `tensor-v1` digest.
    pub digest: Digest,
    /// The first tensor that shares its storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tied_to: Option<String>,
}

/// The model's inputs and outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Inputs that the caller gives, in order.
    pub inputs: Vec<Port>,
    /// Outputs, in order.
    pub outputs: Vec<Port>,
}

/// One input or output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its type as the format writes it, such as `tensor(F32)[batch, 1, 28, 28]`.
    #[serde(rename = "type")]
    pub kind: String,
}
