//! What every reader returns: an artifact described, nothing of it executed.

use std::collections::BTreeMap;
use std::path::PathBuf;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::Digest;
use reproof_digest::layout::Layout;
use reproof_tensor::DType;
use serde::Serialize;

use crate::{Storage, TrainingState};

macro_rules! formats {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// The format of an artifact, found by content.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$doc])* $variant,)*
        }

        impl Format {
            /// The word as written in documents.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

formats! {
    /// An ONNX model with its external data.
    Onnx = "onnx";
    /// A safetensors file.
    Safetensors = "safetensors";
    /// Safetensors files with an index that says which tensor is where.
    SafetensorsSharded = "safetensors-sharded";
    /// A zip archive of `torch.save`.
    TorchZip = "torch-zip";
    /// The older file of `torch.save`: pickles, then storages.
    TorchLegacy = "torch-legacy";
    /// The oldest file of `torch.save`: a tar archive.
    TorchTar = "torch-tar";
    /// Pickled PyTorch files with an index that says which tensor is where.
    TorchSharded = "torch-sharded";
    /// A TorchScript archive.
    TorchScript = "torchscript";
    /// A program of `torch.export`.
    TorchExport = "torch-export";
    /// A folder of `torch.distributed.checkpoint`.
    TorchDistributed = "torch-dcp";
    /// A plain pickle.
    Pickle = "pickle";
    /// A file of joblib.
    Joblib = "joblib";
    /// A NumPy array.
    Npy = "npy";
    /// An archive of NumPy arrays.
    Npz = "npz";
    /// A GGUF file.
    Gguf = "gguf";
    /// A checkpoint folder of the Hugging Face Trainer, or a model folder of `save_pretrained`.
    HuggingFace = "hugging-face";
    /// A state folder of Accelerate.
    Accelerate = "accelerate";
    /// Files that no reader here understands, and a framework may.
    Unread = "unread";
}

impl Serialize for Format {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What a reader cannot know by itself.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// The keys, divided by dots, under which a checkpoint holds the model; found by itself where not told.
    pub model: Option<String>,
}

/// An artifact described.
#[derive(Clone, Debug)]
pub struct Description {
    /// Its format.
    pub format: Format,
    /// One file or a folder.
    pub kind: ArtifactKind,
    /// Its files; the main one first.
    pub files: Vec<FileDescription>,
    /// Its tensors, in stored order.
    pub tensors: Vec<TensorDescription>,
    /// The architecture digest.
    pub architecture: Digest,
    /// Inputs and outputs of the model; empty for pure weight files.
    pub interface: Interface,
    /// The graph, where the format holds one.
    pub graph: Option<GraphSummary>,
    /// Free metadata as stored.
    pub metadata: BTreeMap<String, String>,
    /// What else a training checkpoint holds, part by part.
    pub state: TrainingState,
    /// What a reader noticed that a user should know.
    pub findings: Vec<Finding>,
}

/// One file of an artifact.
#[derive(Clone, Debug)]
pub struct FileDescription {
    /// POSIX path below the artifact; empty for the main file of a single-file artifact.
    pub path: String,
    /// Where it lies.
    pub location: PathBuf,
    /// Its segments, which tile it; their end is its size.
    pub layout: Layout,
}

/// One tensor of an artifact.
#[derive(Clone, Debug)]
pub struct TensorDescription {
    /// Its name as stored, relative to its part's root.
    pub name: String,
    /// The part it belongs to, such as `model`.
    pub part: String,
    /// Element type.
    pub dtype: DType,
    /// Dims, outermost first.
    pub shape: Vec<u64>,
    /// Where its values are.
    pub storage: Storage,
    /// The first tensor of its part that shares its storage.
    pub tied_to: Option<String>,
    /// What the file says about its elements where dtype and shape do not tell all, such as a quantisation.
    pub note: Option<String>,
}

/// What a graph looks like from far away.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GraphSummary {
    /// The format's own version of the file.
    pub ir_version: i64,
    /// The program that wrote it, with its version.
    pub producer: String,
    /// Operator sets that it imports.
    pub opsets: Vec<Opset>,
    /// Nodes, those of subgraphs and functions included.
    pub nodes: u64,
    /// Subgraphs.
    pub subgraphs: u64,
    /// Names of local functions.
    pub functions: Vec<String>,
    /// How often each operator occurs, most frequent first.
    pub operators: Vec<OperatorCount>,
}

/// An imported operator set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Opset {
    /// Its domain; empty is ONNX's own.
    pub domain: String,
    /// Its version.
    pub version: i64,
}

/// How often an operator occurs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperatorCount {
    /// Operator, with its domain before `::` unless it is ONNX's own.
    pub operator: String,
    /// Nodes.
    pub count: u64,
}

/// How serious a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Wants a look.
    Warning,
    /// Would do harm if loaded.
    Dangerous,
}

/// Something a user should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A fixed dotted word, such as `onnx.custom-operator`.
    pub id: String,
    /// How serious it is.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// Byte offset in the main file, where there is one.
    pub offset: Option<u64>,
}
