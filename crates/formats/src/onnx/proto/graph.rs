//! Graphs: nodes between inputs and outputs.

use std::collections::HashSet;

use super::{Node, StoredSparseTensor, StoredTensor, ValueInfo};
use crate::onnx::wire::{Field, Message, WireError};

/// A graph, of the model or of an attribute.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Its label.
    pub name: String,
    /// Its nodes, in stored order.
    pub nodes: Vec<Node>,
    /// Its stored tensors.
    pub initializers: Vec<StoredTensor>,
    /// Its stored sparse tensors.
    pub sparse_initializers: Vec<StoredSparseTensor>,
    /// Its declared inputs, which in old files include the initializers; see [`Graph::required_inputs`].
    pub inputs: Vec<ValueInfo>,
    /// Its outputs.
    pub outputs: Vec<ValueInfo>,
}

impl Graph {
    /// The inputs that the caller gives: those without an initializer of the same name.
    pub fn required_inputs(&self) -> impl Iterator<Item = &ValueInfo> {
        let sparse = self.sparse_initializers.iter().map(StoredSparseTensor::name);
        let stored = self.initializers.iter().map(|tensor| tensor.name.as_str());
        let initialized: HashSet<&str> = stored.chain(sparse).collect();
        self.inputs.iter().filter(move |input| !initialized.contains(input.name.as_str()))
    }

    /// The initializer with this name.
    pub fn initializer(&self, name: &str) -> Option<&StoredTensor> {
        self.initializers.iter().find(|tensor| tensor.name == name)
    }
}

impl Message for Graph {
    const NAME: &'static str = "GraphProto";

    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError> {
        match field.number() {
            1 => {
                let mut node: Node = field.message()?;
                node.offset = field.offset();
                self.nodes.push(node);
            }
            2 => self.name = field.text()?,
            5 => self.initializers.push(field.message()?),
            11 => self.inputs.push(field.message()?),
            12 => self.outputs.push(field.message()?),
            15 => self.sparse_initializers.push(field.message()?),
            _ => {}
        }
        Ok(())
    }
}
