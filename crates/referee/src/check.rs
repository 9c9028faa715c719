//! What must hold of a graph before it runs: everything that a node takes is made before it, and made once.

use std::collections::HashSet;

use crate::Failure;
use crate::graph::{Attribute, Graph, Model, Node};

/// Names that are known, with those of the graphs around.
struct Known<'a> {
    own: HashSet<&'a str>,
    outer: Option<&'a Known<'a>>,
}

impl Known<'_> {
    fn has(&self, name: &str) -> bool {
        self.own.contains(name) || self.outer.is_some_and(|outer| outer.has(name))
    }
}

impl Model {
    /// Refuses a model in which a value comes from nowhere, or from two places.
    pub fn check(&self) -> Result<(), Failure> {
        graph(&self.graph, None, 0)?;
        for function in &self.functions {
            let known = function.inputs.iter().map(String::as_str).collect();
            nodes(&function.nodes, &function.outputs, Known { own: known, outer: None }, 0)?;
        }
        Ok(())
    }
}

/// Graphs deeper than any model's, which would be followed in memory of the stack.
const DEPTH: u32 = 64;

fn graph(graph: &Graph, outer: Option<&Known<'_>>, depth: u32) -> Result<(), Failure> {
    if depth > DEPTH {
        return Err(Failure::Limit { what: "graphs within graphs".to_owned(), limit: DEPTH.into() });
    }
    let inputs = graph.inputs.iter().map(String::as_str);
    let own = inputs.chain(graph.constants.keys().map(String::as_str)).collect();
    nodes(&graph.nodes, &graph.outputs, Known { own, outer }, depth)
}

fn nodes<'a>(nodes: &'a [Node], outputs: &[String], mut known: Known<'a>, depth: u32) -> Result<(), Failure> {
    for node in nodes {
        for name in node.inputs.iter().filter(|name| !name.is_empty()) {
            if !known.has(name) {
                let place = node.label();
                return Err(Failure::refused(format!("{place}: nothing makes its input `{name}`")));
            }
        }
        for attribute in node.attributes.values() {
            if let Attribute::Graph(inner) = attribute {
                graph(inner, Some(&known), depth + 1)?;
            }
        }
        for name in node.outputs.iter().filter(|name| !name.is_empty()) {
            if !known.own.insert(name) {
                return Err(Failure::refused(format!("`{name}` is made twice, at last by {}", node.label())));
            }
        }
    }
    match outputs.iter().find(|name| !known.has(name)) {
        Some(name) => Err(Failure::refused(format!("nothing makes the output `{name}`"))),
        None => Ok(()),
    }
}
