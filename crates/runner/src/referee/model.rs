//! A model as the reader of ONNX gives it, turned into the one that the referee takes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reproof_formats::onnx::{self, AttributeValue, Tensors, TypeInfo};
use reproof_referee::Value as Held;
use reproof_referee::graph::{Attribute, Function, Graph, Model, Node};

use super::convert;
use super::unsupported;
use crate::chain;
use crate::engine::Failure;

/// Reads the model at `path`, and its inputs and outputs as it declares them.
pub(super) fn read(path: &Path) -> Result<(Model, onnx::Model), Failure> {
    let read =
        onnx::with_tensors(path, |model, tensors| Ok((Reader { tensors }.model(model)?, model.clone())));
    read.map_err(|error| Failure::Refused(chain(&error)))?
}

struct Reader<'a, 'b> {
    tensors: &'a mut Tensors<'b>,
}

impl Reader<'_, '_> {
    fn model(&mut self, model: &onnx::Model) -> Result<Model, Failure> {
        let functions = model.functions.iter().map(|function| self.function(function));
        let functions = functions.collect::<Result<_, _>>()?;
        Ok(Model { graph: self.graph(&model.graph)?, opsets: opsets(&model.opsets), functions })
    }

    fn graph(&mut self, graph: &onnx::Graph) -> Result<Graph, Failure> {
        if !graph.sparse_initializers.is_empty() {
            return Err(unsupported("stored sparse tensors"));
        }
        let mut constants = BTreeMap::new();
        for stored in &graph.initializers {
            constants.insert(stored.name.clone(), self.tensor(stored)?);
        }
        Ok(Graph {
            inputs: graph.inputs.iter().map(|input| input.name.clone()).collect(),
            outputs: graph.outputs.iter().map(|output| output.name.clone()).collect(),
            nodes: self.nodes(&graph.nodes)?,
            constants,
        })
    }

    fn tensor(&mut self, stored: &onnx::StoredTensor) -> Result<Arc<reproof_referee::Tensor>, Failure> {
        let value = self.tensors.read(stored).map_err(|error| Failure::Refused(chain(&error)))?;
        match convert::taken(&stored.name, &TypeInfo::Unknown, &value)? {
            Held::Tensor(tensor) => Ok(tensor),
            _ => Err(unsupported("a stored value that is no tensor")),
        }
    }

    fn nodes(&mut self, nodes: &[onnx::Node]) -> Result<Vec<Node>, Failure> {
        nodes.iter().map(|node| self.node(node)).collect()
    }

    fn node(&mut self, node: &onnx::Node) -> Result<Node, Failure> {
        let mut attributes = BTreeMap::new();
        for attribute in &node.attributes {
            if let Some(value) = self.attribute(attribute.value())? {
                attributes.insert(attribute.name.clone(), value);
            }
        }
        Ok(Node {
            name: node.name.clone(),
            operator: node.op_type.clone(),
            domain: node.domain().to_owned(),
            inputs: node.inputs.clone(),
            outputs: node.outputs.clone(),
            attributes,
        })
    }

    /// The value of an attribute; nothing for kinds that no operator here takes.
    fn attribute(&mut self, value: AttributeValue<'_>) -> Result<Option<Attribute>, Failure> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Some(match value {
            AttributeValue::Reference(name) => Attribute::Reference(name.to_owned()),
            AttributeValue::Float(value) => Attribute::Float(value),
            AttributeValue::Integer(value) => Attribute::Integer(value),
            AttributeValue::Bytes(bytes) => Attribute::Text(text(bytes)),
            AttributeValue::Tensor(stored) => Attribute::Tensor(self.tensor(stored)?),
            AttributeValue::Graph(graph) => Attribute::Graph(Arc::new(self.graph(graph)?)),
            AttributeValue::Floats(values) => Attribute::Floats(values.to_vec()),
            AttributeValue::Integers(values) => Attribute::Integers(values.to_vec()),
            AttributeValue::Strings(values) => {
                Attribute::Texts(values.iter().map(|bytes| text(bytes)).collect())
            }
            _ => return Ok(None),
        }))
    }

    fn function(&mut self, function: &onnx::Function) -> Result<Function, Failure> {
        let mut defaults = BTreeMap::new();
        for attribute in &function.default_attributes {
            if let Some(value) = self.attribute(attribute.value())? {
                defaults.insert(attribute.name.clone(), value);
            }
        }
        Ok(Function {
            name: function.name.clone(),
            domain: function.domain().to_owned(),
            inputs: function.inputs.clone(),
            outputs: function.outputs.clone(),
            nodes: self.nodes(&function.nodes)?,
            defaults,
            opsets: opsets(&function.opsets),
        })
    }
}

fn opsets(opsets: &[reproof_formats::Opset]) -> BTreeMap<String, i64> {
    let domain = |domain: &str| if domain == "ai.onnx" { String::new() } else { domain.to_owned() };
    opsets.iter().map(|opset| (domain(&opset.domain), opset.version)).collect()
}
