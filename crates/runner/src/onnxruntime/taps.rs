//! What ONNX Runtime computes on its way: the values of a graph as further outputs of the same model.
//!
//! It fuses operators whose values nobody asks for. With taps it fuses less, so that a last bit may differ.

use std::path::{Path, PathBuf};

use reproof_formats::onnx;

use super::failure::unsupported;
use crate::chain;
use crate::engine::{Failure, Values};

/// Where the runtime looks for weights beside a model that comes from memory.
pub(super) const BESIDE: &str = "session.model_external_initializers_file_folder_path";

/// The largest model, without weights that lie beside it, that is read whole: what a file of protobuf can hold.
const LARGEST: u64 = 2 << 30;

/// Fields of ModelProto, GraphProto and ValueInfoProto.
const GRAPH: u8 = 7;
const OUTPUT: u8 = 12;
const NAME: u8 = 1;

/// The nodes of a model's own graph.
pub(super) struct Graph {
    path: PathBuf,
    pub(super) nodes: Vec<Node>,
}

/// A node by the names of what it takes and makes.
pub(super) struct Node {
    pub(super) operator: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
}

impl Graph {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let nodes = onnx::with_tensors(path, |model, _| {
            let named = |names: &[String]| names.iter().filter(|name| !name.is_empty()).cloned().collect();
            let nodes = model.graph.nodes.iter();
            let nodes = nodes.map(|node| Node {
                operator: node.op_type.clone(),
                inputs: named(&node.inputs),
                outputs: named(&node.outputs),
            });
            nodes.collect()
        });
        let nodes = nodes.map_err(|error| Failure::Refused(chain(&error)))?;
        Ok(Self { path: path.to_owned(), nodes })
    }

    /// The model with these values as further outputs: a second graph in the same file is merged into the first by every
    /// reader of protobuf.
    pub(super) fn with_outputs(&self, names: &[String]) -> Result<Vec<u8>, Failure> {
        let failed = |problem: String| {
            unsupported(&format!("taps of {}: {problem}", self.path.display()), "run it without taps")
        };
        let size = std::fs::metadata(&self.path).map_err(|error| failed(error.to_string()))?.len();
        if size > LARGEST {
            return Err(failed(format!("{size} bytes are more than protobuf can hold")));
        }
        let mut model = std::fs::read(&self.path).map_err(|error| failed(error.to_string()))?;
        let outputs: Vec<u8> =
            names.iter().flat_map(|name| field(OUTPUT, &field(NAME, name.as_bytes()))).collect();
        model.extend(field(GRAPH, &outputs));
        Ok(model)
    }

    /// The folder in which weights beside the model lie.
    pub(super) fn folder(&self) -> PathBuf {
        let absolute = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        absolute.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
    }
}

/// Nodes whose values are asked for at first; then as many as fit into memory.
pub(super) const FIRST: usize = 64;

/// Bytes of values of nodes that are in memory at once.
const AT_ONCE: u64 = 256 << 20;

/// How many nodes are asked for after so many, which gave these values.
pub(super) fn next(nodes: usize, values: &Values) -> usize {
    let tensors = values.iter().flat_map(|(_, value)| value.tensors());
    let bytes: u64 = tensors.map(|tensor| tensor.bytes().len() as u64).sum();
    let fitting = (nodes as u64).saturating_mul(AT_ONCE) / bytes.max(1);
    usize::try_from(fitting.clamp(1, 1 << 20)).unwrap_or(1)
}

/// A field of bytes, of a number below 16.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length > 0x7f {
        bytes.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    bytes.extend_from_slice(content);
    bytes
}
