//! What a scan wants to know of a model: operators, files that it names, and where its tensors lie.

use std::ops::Range;
use std::path::Path;

use reproof_digest::ReadAt;

use super::external::Reference;
use super::proto::{AttributeValue, Graph, StoredTensor};
use super::summary::findings;
use super::{Model, parse};
use crate::{Finding, FormatError};

/// A model as a scan sees it; its external files are not opened.
pub(crate) struct Inspection {
    /// Operators that the specification does not have.
    pub(crate) findings: Vec<Finding>,
    /// Tensors in other files: name, location, and why the location must not be used. One per location.
    pub(crate) external: Vec<(String, String, Option<String>)>,
    /// Where tensors of numbers lie in the file, in order.
    pub(crate) tensors: Vec<Range<u64>>,
}

/// Reads the graph of the model in `source` without any other file.
pub(crate) fn inspect(source: &dyn ReadAt, path: &Path) -> Result<Inspection, FormatError> {
    let model = parse(source, path)?;
    let mut inspection =
        Inspection { findings: findings(&model, &model.nodes()), external: Vec::new(), tensors: Vec::new() };
    inspection.model(&model);
    inspection.tensors.sort_by_key(|range| range.start);
    Ok(inspection)
}

impl Inspection {
    fn model(&mut self, model: &Model) {
        self.graph(&model.graph);
        for (initialization, algorithm) in &model.training {
            self.graph(initialization);
            self.graph(algorithm);
        }
        for node in model.nodes() {
            for attribute in &node.attributes {
                match attribute.value() {
                    AttributeValue::Tensor(tensor) => self.tensor(tensor),
                    AttributeValue::Sparse(sparse) => {
                        self.tensor(&sparse.values);
                        self.tensor(&sparse.indices);
                    }
                    AttributeValue::Tensors(tensors) => tensors.iter().for_each(|tensor| self.tensor(tensor)),
                    AttributeValue::Graph(graph) => self.graph(graph),
                    AttributeValue::Graphs(graphs) => graphs.iter().for_each(|graph| self.graph(graph)),
                    _ => {}
                }
            }
        }
    }

    fn graph(&mut self, graph: &Graph) {
        graph.initializers.iter().for_each(|tensor| self.tensor(tensor));
        for sparse in &graph.sparse_initializers {
            self.tensor(&sparse.values);
            self.tensor(&sparse.indices);
        }
    }

    fn tensor(&mut self, tensor: &StoredTensor) {
        self.tensors.extend(tensor.raw.clone().filter(|raw| !raw.is_empty()));
        if tensor.external.is_empty() && tensor.location != 1 {
            return;
        }
        let named = tensor.external.iter().rev().find(|entry| entry.key == "location");
        let location = named.map(|entry| entry.value.clone()).unwrap_or_default();
        let problem = Reference::new(&tensor.external).err().map(|error| error.to_string());
        if self.external.iter().all(|(_, known, _)| *known != location) {
            self.external.push((tensor.name.clone(), location, problem));
        }
    }
}
