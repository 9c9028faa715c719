//! A model of one node.

use std::collections::BTreeMap;
use std::sync::Arc;

use reproof_referee::graph::{Attribute, Graph, Node};
use reproof_referee::{Model, Tensor};

/// A model whose only node has these tensors, which are stored, for inputs and gives `y`.
pub(crate) fn model(operator: &str, attributes: &[(&str, Attribute)], inputs: Vec<Tensor>) -> Model {
    let names: Vec<String> = (0..inputs.len()).map(|number| format!("x{number}")).collect();
    let node = Node {
        operator: operator.to_owned(),
        inputs: names.clone(),
        outputs: vec!["y".to_owned()],
        attributes: attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        ..Node::default()
    };
    let constants = names.iter().cloned().zip(inputs.into_iter().map(Arc::new)).collect();
    let graph = Graph { inputs: names, outputs: vec!["y".to_owned()], nodes: vec![node], constants };
    Model { graph, opsets: BTreeMap::from([(String::new(), 21)]), functions: Vec::new() }
}
