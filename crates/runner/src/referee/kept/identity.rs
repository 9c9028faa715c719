//! What makes two runs the same: the program, the model, what it is given, and in which arithmetic it runs.

use std::fs;
use std::path::{Path, PathBuf};

use reproof_referee::graph::{Attribute, Graph, Node};
use reproof_referee::{Model, Value as Held};
use sha2::{Digest as _, Sha256};

use super::super::{DEFINITION, convert};
use crate::child::step_digest;
use crate::file::{Mark, sha256};
use crate::hexadecimal;

/// A file as it was at some time, without a look at its bytes.
#[derive(Debug)]
pub(super) struct Stamp {
    path: PathBuf,
    mark: Mark,
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Option<Self> {
        Some(Self { path: path.to_owned(), mark: Mark::of(&fs::metadata(path).ok()?) })
    }

    /// The digest of the file, if it is as it was before and after that is computed.
    fn digest(&self) -> Option<String> {
        let same = || Self::of(&self.path).is_some_and(|now| now.mark == self.mark);
        let found = same().then(|| sha256(&self.path).ok()).flatten();
        found.filter(|_| same()).map(|hash| hexadecimal(&hash))
    }
}

/// A name for the place of a model.
pub(super) fn place(artifact: &Path) -> String {
    let place = fs::canonicalize(artifact).unwrap_or_else(|_| artifact.to_owned());
    hexadecimal(&Sha256::digest(place.as_os_str().as_encoded_bytes()))
}

/// The digest of all that a run depends on; nothing where something of it cannot be told, or the model's file has changed since it
/// was read.
pub(super) fn identity(
    stamp: &Stamp,
    model: &Model,
    inputs: &[(String, Held)],
    mode: &str,
) -> Option<String> {
    let program = Stamp::of(&std::env::current_exe().ok()?)?;
    let mut told = vec![DEFINITION.to_owned(), format!("{program:?}"), mode.to_owned(), stamp.digest()?];
    // Large models have their tensors in other files.
    constants(&model.graph, &mut told)?;
    for function in &model.functions {
        of_nodes(&function.nodes, &mut told)?;
        of_attributes(&function.defaults, &mut told)?;
    }
    for (name, value) in inputs {
        told.push(named(name, value)?);
    }
    Some(hexadecimal(&Sha256::digest(told.join("\n"))))
}

/// The digests of all tensors that are stored in a graph and in those inside of it.
fn constants(graph: &Graph, told: &mut Vec<String>) -> Option<()> {
    for (name, tensor) in &graph.constants {
        told.push(named(name, &Held::Tensor(tensor.clone()))?);
    }
    of_nodes(&graph.nodes, told)
}

fn of_nodes(nodes: &[Node], told: &mut Vec<String>) -> Option<()> {
    nodes.iter().try_for_each(|node| of_attributes(&node.attributes, told))
}

fn of_attributes<'a>(
    attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>,
    told: &mut Vec<String>,
) -> Option<()> {
    for (name, attribute) in attributes {
        match attribute {
            Attribute::Tensor(tensor) => told.push(named(name, &Held::Tensor(tensor.clone()))?),
            Attribute::Graph(graph) => constants(graph, told)?,
            _ => {}
        }
    }
    Some(())
}

/// A name with the digest of its value.
fn named(name: &str, value: &Held) -> Option<String> {
    let given = convert::given(name, value).ok()?;
    let tensors: Vec<String> = given.tensors().into_iter().map(step_digest).collect();
    // Texts and keys of maps have no digest of tensors.
    let rest = if tensors.is_empty() { format!("{given:?}") } else { String::new() };
    Some(format!("{name:?} {} {rest}", tensors.join(" ")))
}
