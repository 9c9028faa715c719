//! ONNX models.
//!
//! Prerequisite: an ONNX file is one protobuf message of at most 2 GiB. Tensors lie in it, or in external files
//! beside it that it names. [`read`] gives the graph as typed data, [`crate::open()`] the whole artifact described,
//! and [`test_data`] the inputs and outputs that published models come with.
//!
//! # What counts as a weight
//!
//! Weights are the initializers of the graph, of its subgraphs and of training graphs, and the tensors of
//! `Constant` nodes that hold floats and have at least one dim, named by the node's output: exporters move
//! weights between the two freely. Scalars and integers in `Constant` nodes steer (axes, shapes, epsilons), and
//! texts cannot be tensors here; so they belong to the architecture. Names inside a subgraph begin with a path:
//! the first output of the node that holds it, its attribute and a slash; in a function body, the function's name.
//!
//! # Design
//!
//! The crate decodes protobuf itself (`wire`), because it must know at which byte a value lies, must bound
//! memory, and must not copy weights. `proto` are the messages, `storage` finds the values of a tensor,
//! `external` decides which files a model may name, `weights` lists what counts as one, `architecture` digests
//! everything else.

mod architecture;
mod describe;
mod element;
mod error;
mod external;
mod inspect;
mod model;
mod proto;
mod storage;
mod summary;
mod tensors;
pub mod test_data;
mod undone;
mod weights;
mod wire;

use std::path::Path;

use reproof_digest::ReadAt;

pub use element::Element;
pub use error::OnnxError;
pub use external::ExternalError;
pub use model::Model;
pub use proto::{
    Attribute, AttributeValue, Dim, Function, Graph, Node, StoredSparseTensor, StoredTensor, TypeInfo,
    ValueInfo,
};
pub use tensors::{Tensors, with_tensors};
pub use undone::{Undone, undone};
pub use wire::WireError;

pub(crate) use describe::describe;
pub(crate) use inspect::inspect;

use crate::{FormatError, file};
use wire::Window;

/// The most memory that a decoded graph may take, values gathered from variable-length integers included.
/// Initializers stay in their files and do not count.
const MEMORY: u64 = 1 << 30;

/// The largest message that protobuf allows.
const LARGEST: u64 = (1 << 31) - 1;

/// Whether a file of these first bytes can only be meant as an ONNX model: it begins with a small `ir_version`.
pub(crate) fn begins(head: &[u8]) -> bool {
    matches!(head, [0x08, 1..=0x1f, ..])
}

/// Reads the graph of the model at `path`; tensors stay on disk.
pub fn read(path: &Path) -> Result<Model, FormatError> {
    parse(&file::open(path)?, path)
}

/// Reads the graph of the model in `source`; `path` appears in errors.
pub fn parse(source: &dyn ReadAt, path: &Path) -> Result<Model, FormatError> {
    decode(&Window::new(source, MEMORY)).map_err(|error| FormatError::new(path, error))
}

fn decode(window: &Window<'_>) -> Result<Model, OnnxError> {
    if window.size() > LARGEST {
        return Err(OnnxError::TooLarge { limit: LARGEST, actual: window.size() });
    }
    let model: Model = wire::decode(window)?;
    if model.has_graph { Ok(model) } else { Err(OnnxError::NoGraph) }
}
