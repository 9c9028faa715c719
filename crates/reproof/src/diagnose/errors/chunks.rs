//! Nodes in groups whose values fit in memory together.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, Node};

/// Bytes of float64 values that are compared at once; three times as much is in memory.
const LARGEST: u64 = 64 << 20;

/// Nodes that are looked at together.
pub(super) struct Chunk<'a> {
    pub(super) nodes: Vec<&'a Node>,
    /// The values that they make, and those that they take from other nodes.
    pub(super) names: Vec<String>,
}

/// Divides the nodes of a graph by the sizes of what they make, in bytes.
pub(super) fn divide<'a>(graph: &'a Graph, sizes: &BTreeMap<String, u64>) -> Vec<Chunk<'a>> {
    let size = |name: &String| sizes.get(name).copied().unwrap_or_default();
    let made: BTreeSet<&String> = graph.nodes.iter().flat_map(|node| &node.outputs).collect();
    let mut chunks: Vec<(Vec<&Node>, BTreeSet<String>, u64)> = Vec::new();
    for node in &graph.nodes {
        let names: BTreeSet<String> = node
            .outputs
            .iter()
            .chain(node.inputs.iter().filter(|name| made.contains(name)))
            .cloned()
            .collect();
        let bytes: u64 = names.iter().map(size).sum();
        match chunks.last_mut() {
            Some((nodes, all, sum)) if *sum + bytes <= LARGEST => {
                *sum += names.iter().filter(|name| !all.contains(*name)).map(size).sum::<u64>();
                all.extend(names);
                nodes.push(node);
            }
            _ => chunks.push((vec![node], names, bytes)),
        }
    }
    chunks.into_iter().map(|(nodes, names, _)| Chunk { nodes, names: names.into_iter().collect() }).collect()
}
