//! A model as this engine takes it: nodes in order, with everything that they refer to.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Tensor;

/// A model: a graph and what gives its operators their meaning.
#[derive(Clone, Debug, Default)]
pub struct Model {
    /// The graph.
    pub graph: Graph,
    /// Versions of operator sets by domain; ONNX's own is the empty one.
    pub opsets: BTreeMap<String, i64>,
    /// Operators that the model defines itself.
    pub functions: Vec<Function>,
}

/// A graph, of the model or of an attribute.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// Its inputs, those with stored values included.
    pub inputs: Vec<String>,
    /// Its outputs.
    pub outputs: Vec<String>,
    /// Its nodes, each after those that it takes from.
    pub nodes: Vec<Node>,
    /// Stored tensors by name.
    pub constants: BTreeMap<String, Arc<Tensor>>,
}

/// One application of an operator.
#[derive(Clone, Debug, Default)]
pub struct Node {
    /// Its label; may be empty.
    pub name: String,
    /// The operator.
    pub operator: String,
    /// Its domain; ONNX's own is the empty one.
    pub domain: String,
    /// Values that it takes; an empty name is one that was left out.
    pub inputs: Vec<String>,
    /// Values that it makes; an empty name is one that nobody uses.
    pub outputs: Vec<String>,
    /// What it is told apart from its inputs.
    pub attributes: BTreeMap<String, Attribute>,
}

/// The value of an attribute.
#[derive(Clone, Debug)]
pub enum Attribute {
    /// A float.
    Float(f32),
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
    /// A tensor.
    Tensor(Arc<Tensor>),
    /// A graph.
    Graph(Arc<Graph>),
    /// Floats.
    Floats(Vec<f32>),
    /// Integers.
    Integers(Vec<i64>),
    /// Texts.
    Texts(Vec<String>),
    /// In a function's body: the caller's attribute of this name.
    Reference(String),
}

/// An operator that a model defines itself.
#[derive(Clone, Debug, Default)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// Names of its inputs.
    pub inputs: Vec<String>,
    /// Names of its outputs.
    pub outputs: Vec<String>,
    /// Its body.
    pub nodes: Vec<Node>,
    /// Attributes that a caller may leave out, with what they are then.
    pub defaults: BTreeMap<String, Attribute>,
    /// Versions of the operator sets that its body uses.
    pub opsets: BTreeMap<String, i64>,
}

impl Node {
    /// How it is called in messages: its operator, with its label or what it makes.
    pub fn label(&self) -> String {
        let known = if self.name.is_empty() { self.outputs.first() } else { Some(&self.name) };
        match known {
            Some(name) if !name.is_empty() => format!("{} `{name}`", self.operator),
            _ => self.operator.clone(),
        }
    }

    /// Names that it uses, those inside of its graphs included.
    pub(crate) fn uses(&self) -> Vec<&str> {
        let mut found: Vec<&str> = self.inputs.iter().map(String::as_str).collect();
        for attribute in self.attributes.values() {
            if let Attribute::Graph(graph) = attribute {
                found.extend(graph.nodes.iter().flat_map(Self::uses));
                found.extend(graph.outputs.iter().map(String::as_str));
            }
        }
        found
    }
}
