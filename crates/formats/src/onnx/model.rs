//! The model: a graph, the operator sets and functions that give it meaning, and who made it.

use super::proto::{Entry, Function, Graph, Node, ValueInfo};
use super::wire::{Field, Message, WireError};
use crate::Opset;

/// A model as typed data; its tensors are still on disk.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The version of the file format.
    pub ir_version: i64,
    /// The program that wrote it.
    pub producer_name: String,
    /// Its version.
    pub producer_version: String,
    /// Operator sets that the graph uses.
    pub opsets: Vec<Opset>,
    /// The graph.
    pub graph: Graph,
    /// Operators that the model defines itself.
    pub functions: Vec<Function>,
    /// Graphs for training: initialization and algorithm.
    pub training: Vec<(Graph, Graph)>,
    pub(super) metadata: Vec<Entry>,
    pub(super) has_graph: bool,
}

impl Model {
    /// The inputs that the caller gives, in order: those without an initializer.
    pub fn inputs(&self) -> Vec<&ValueInfo> {
        self.graph.required_inputs().collect()
    }

    /// The outputs, in order.
    pub fn outputs(&self) -> &[ValueInfo] {
        &self.graph.outputs
    }

    /// The version of ONNX's own operator set.
    pub fn opset(&self) -> Option<i64> {
        let own = |opset: &&Opset| matches!(opset.domain.as_str(), "" | "ai.onnx");
        self.opsets.iter().find(own).map(|opset| opset.version)
    }

    /// Every node: those of the graph, then of subgraphs where their nodes stand, then of functions.
    pub fn nodes(&self) -> Vec<&Node> {
        let mut nodes = Vec::new();
        collect(&self.graph.nodes, &mut nodes);
        for function in &self.functions {
            collect(&function.nodes, &mut nodes);
        }
        for (initialization, algorithm) in &self.training {
            collect(&initialization.nodes, &mut nodes);
            collect(&algorithm.nodes, &mut nodes);
        }
        nodes
    }
}

fn collect<'a>(from: &'a [Node], into: &mut Vec<&'a Node>) {
    for node in from {
        into.push(node);
        for (_, graph) in node.attributes.iter().flat_map(super::Attribute::graphs) {
            collect(&graph.nodes, into);
        }
    }
}

impl Message for Model {
    const NAME: &'static str = "ModelProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => self.ir_version = field.integer()?,
            2 => self.producer_name = field.text()?,
            3 => self.producer_version = field.text()?,
            7 => {
                field.merge(&mut self.graph)?;
                self.has_graph = true;
            }
            8 => self.opsets.push(field.message()?),
            14 => self.metadata.push(field.message()?),
            20 => {
                let training: Training = field.message()?;
                self.training.push((training.initialization, training.algorithm));
            }
            25 => self.functions.push(field.message()?),
            _ => {}
        }
        Ok(())
    }
}

#[derive(Default)]
struct Training {
    initialization: Graph,
    algorithm: Graph,
}

impl Message for Training {
    const NAME: &'static str = "TrainingInfoProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => field.merge(&mut self.initialization),
            2 => field.merge(&mut self.algorithm),
            _ => Ok(()),
        }
    }
}
