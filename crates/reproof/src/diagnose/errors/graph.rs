//! The graph of an artifact, by the names of its values.

use std::path::{Path, PathBuf};

use reproof_contract::contract::GraphForm;
use reproof_formats::{Format, onnx};

use super::super::DiagnoseError;
use crate::artifact::Artifact;
use crate::folder::StoredContract;

/// A graph of ONNX.
pub(super) struct Graph {
    /// Its file.
    pub(super) path: PathBuf,
    pub(super) nodes: Vec<Node>,
}

/// A node by the names of what it takes and makes.
pub(super) struct Node {
    pub(super) operator: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
}

/// What a node takes, with what the graphs inside of it take from around them.
fn taken(node: &onnx::Node) -> Vec<String> {
    let mut names = node.inputs.clone();
    for attribute in &node.attributes {
        if let onnx::AttributeValue::Graph(graph) = attribute.value() {
            names.extend(graph.nodes.iter().flat_map(taken));
            names.extend(graph.outputs.iter().map(|output| output.name.clone()));
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

/// The artifact itself, or the graph that its contract holds.
pub(super) fn find(path: &Path, stored: &StoredContract) -> Result<Graph, DiagnoseError> {
    let frozen = stored.contract.frozen.as_ref().filter(|frozen| frozen.form == GraphForm::Onnx);
    let frozen = frozen.map(|frozen| stored.folder.join(&frozen.path));
    let path = match (Artifact::open(path), frozen) {
        (Ok(artifact), _) if artifact.description.format == Format::Onnx => artifact.model,
        (_, Some(frozen)) => frozen,
        (Ok(_), None) => return Err(DiagnoseError::NoGraph { path: path.to_owned() }),
        (Err(error), None) => return Err(error.into()),
    };
    let named = |names: &[String]| names.iter().filter(|name| !name.is_empty()).cloned().collect();
    let nodes = onnx::with_tensors(&path, |model, _| {
        let nodes = model.graph.nodes.iter();
        let node = |node: &onnx::Node| Node {
            operator: node.op_type.clone(),
            inputs: taken(node),
            outputs: named(&node.outputs),
        };
        nodes.map(node).collect()
    })?;
    Ok(Graph { path, nodes })
}
