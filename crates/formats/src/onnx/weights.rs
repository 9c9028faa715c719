//! What counts as a weight, and under which name; the rule is in the documentation of [`crate::onnx`].

use super::proto::{AttributeValue, Function, Graph, Node, StoredSparseTensor, StoredTensor};
use super::{Element, Model};

/// The part of the model's own tensors.
const MODEL: &str = "model";

/// The part of tensors in training graphs.
const TRAINING: &str = "training";

/// A tensor that counts as a weight.
pub(super) struct Weight<'a> {
    pub(super) name: String,
    pub(super) part: &'static str,
    pub(super) tensor: &'a StoredTensor,
}

/// The float tensor of a `Constant` node.
pub(super) enum Constant<'a> {
    Dense(&'a StoredTensor),
    Sparse(&'a StoredSparseTensor),
}

/// The tensor of a `Constant` node that counts as a weight: floats with at least one dim.
pub(super) fn constant(node: &Node) -> Option<Constant<'_>> {
    if !node.is("Constant") {
        return None;
    }
    let floats = |tensor: &StoredTensor| {
        tensor.element().dtype().is_some_and(|dtype| dtype.is_float() || dtype.is_complex())
    };
    match (node.attribute("value"), node.attribute("sparse_value")) {
        (Some(AttributeValue::Tensor(tensor)), _) if floats(tensor) && !tensor.dims.is_empty() => {
            Some(Constant::Dense(tensor))
        }
        (_, Some(AttributeValue::Sparse(sparse))) if floats(&sparse.values) => Some(Constant::Sparse(sparse)),
        _ => None,
    }
}

/// Every weight of a model, in stored order.
pub(super) fn weights(model: &Model) -> Vec<Weight<'_>> {
    let mut found = Collector { part: MODEL, weights: Vec::new() };
    found.graph(&model.graph, "");
    for function in &model.functions {
        found.nodes(&function.nodes, &format!("{}/", Function::qualified_name(function)));
    }
    found.part = TRAINING;
    for (index, (initialization, algorithm)) in model.training.iter().enumerate() {
        found.graph(initialization, &format!("training[{index}].initialization/"));
        found.graph(algorithm, &format!("training[{index}].algorithm/"));
    }
    found.weights
}

struct Collector<'a> {
    part: &'static str,
    weights: Vec<Weight<'a>>,
}

impl<'a> Collector<'a> {
    fn graph(&mut self, graph: &'a Graph, prefix: &str) {
        for tensor in &graph.initializers {
            if tensor.element() != Element::Text {
                self.add(format!("{prefix}{}", tensor.name), tensor);
            }
        }
        for sparse in &graph.sparse_initializers {
            self.sparse(&format!("{prefix}{}", sparse.name()), sparse);
        }
        self.nodes(&graph.nodes, prefix);
    }

    fn nodes(&mut self, nodes: &'a [Node], prefix: &str) {
        for (index, node) in nodes.iter().enumerate() {
            let output = match node.outputs.iter().find(|output| !output.is_empty()) {
                Some(output) => format!("{prefix}{output}"),
                None => format!("{prefix}node[{index}]"),
            };
            match constant(node) {
                Some(Constant::Dense(tensor)) => self.add(output.clone(), tensor),
                Some(Constant::Sparse(sparse)) => self.sparse(&output, sparse),
                None => {}
            }
            for attribute in &node.attributes {
                for (place, graph) in attribute.graphs() {
                    self.graph(graph, &format!("{output}.{place}/"));
                }
            }
        }
    }

    fn sparse(&mut self, name: &str, sparse: &'a StoredSparseTensor) {
        self.add(format!("{name}.values"), &sparse.values);
        self.add(format!("{name}.indices"), &sparse.indices);
    }

    fn add(&mut self, name: String, tensor: &'a StoredTensor) {
        self.weights.push(Weight { name, part: self.part, tensor });
    }
}
