//! Which one change of a graph gives a recorded architecture digest when it is undone.
//!
//! A digest names no attribute, but a wrong guess never has it: usual values are put into each node in turn, and into all
//! nodes that have the same, until the digest is the recorded one.

use std::collections::BTreeMap;
use std::path::Path;

use reproof_digest::Digest;

use super::architecture::architecture;
use super::proto::{Attribute, AttributeValue, Node};
use super::storage::Locator;
use super::wire::Window;
use super::{MEMORY, Model, OnnxError, decode};
use crate::{FormatError, file};

/// Digests that are computed at most; each takes a walk over the graph.
const TRIES: usize = 20_000;

/// Nodes of the largest graph that is searched.
const NODES: usize = 5_000;

/// What constants usually are: epsilons, slopes, momenta, scales.
const FLOATS: [f32; 20] = [
    1e-5, 1e-6, 1e-12, 1e-3, 1e-7, 1e-8, 1e-4, 1e-2, 0.0, 0.1, 0.2, 0.25, 0.3, 0.5, 0.9, 0.99, 1.0, 1.702,
    2.0, 6.0,
];

/// Words of attributes that choose how an operator computes.
const WORDS: [&str; 16] = [
    "none",
    "tanh",
    "NOTSET",
    "SAME_UPPER",
    "SAME_LOWER",
    "VALID",
    "nearest",
    "linear",
    "cubic",
    "half_pixel",
    "pytorch_half_pixel",
    "asymmetric",
    "align_corners",
    "constant",
    "reflect",
    "edge",
];

/// Operators of one input that are taken for each other, and those of two.
const OPERATORS: [&[&str]; 2] = [
    &[
        "Relu",
        "Gelu",
        "Sigmoid",
        "Tanh",
        "Softplus",
        "Softsign",
        "Elu",
        "Selu",
        "Celu",
        "LeakyRelu",
        "HardSigmoid",
        "HardSwish",
        "Mish",
        "Erf",
        "Exp",
        "Sqrt",
        "Abs",
        "Neg",
        "Identity",
    ],
    &["Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"],
];

/// A change that, undone, gives the recorded digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The first output of the node, or of the first of several.
    pub node: String,
    /// Its operator as it is.
    pub operator: String,
    /// Nodes that are changed alike.
    pub nodes: usize,
    /// The attribute; nothing where the operator is another.
    pub attribute: Option<String>,
    /// What is there.
    pub current: String,
    /// What was recorded.
    pub recorded: String,
}

/// Looks for the one change of the outermost graph of the model at `path` without which it has the `recorded` architecture
/// digest, as long as it may `go_on`.
pub fn undone(
    path: &Path,
    recorded: &Digest,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Undone>, FormatError> {
    let source = file::open(path)?;
    let window = Window::new(&source, MEMORY);
    search(&window, path, recorded, go_on).map_err(|error| FormatError::new(path, error))
}

fn search(
    window: &Window<'_>,
    path: &Path,
    recorded: &Digest,
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Undone>, OnnxError> {
    let mut model = decode(window)?;
    let mut locator = Locator::new(window, path);
    if model.graph.nodes.len() > NODES {
        return Ok(None);
    }
    let changes = changes(&model.graph.nodes);
    for change in &changes {
        if !go_on() {
            return Ok(None);
        }
        let kept: Vec<Node> =
            change.places.iter().filter_map(|place| model.graph.nodes.get(*place).cloned()).collect();
        change.make(&mut model);
        let is_it = architecture(&model, &mut locator)? == *recorded;
        if is_it {
            return Ok(kept.first().map(|node| change.told(node)));
        }
        for (place, node) in change.places.iter().zip(kept) {
            model.graph.nodes[*place] = node;
        }
    }
    Ok(None)
}

/// One guess: the same value in every one of these nodes.
struct Change {
    places: Vec<usize>,
    what: What,
}

enum What {
    Operator(&'static str),
    Attribute(Box<Attribute>),
}

impl Change {
    fn make(&self, model: &mut Model) {
        for place in &self.places {
            let node = &mut model.graph.nodes[*place];
            match &self.what {
                What::Operator(operator) => (*operator).clone_into(&mut node.op_type),
                What::Attribute(wanted) => {
                    if let Some(found) = node.attributes.iter_mut().find(|found| found.name == wanted.name) {
                        (**wanted).clone_into(found);
                    }
                }
            }
        }
    }

    fn told(&self, node: &Node) -> Undone {
        let (attribute, current, recorded) = match &self.what {
            What::Operator(operator) => (None, node.op_type.clone(), (*operator).to_owned()),
            What::Attribute(wanted) => {
                let current = node.attributes.iter().find(|found| found.name == wanted.name);
                let current = current.map_or_else(String::new, |found| told(&found.value()));
                (Some(wanted.name.clone()), current, told(&wanted.value()))
            }
        };
        let node_name = node.outputs.first().cloned().unwrap_or_else(|| node.name.clone());
        Undone {
            node: node_name,
            operator: node.op_type.clone(),
            nodes: self.places.len(),
            attribute,
            current,
            recorded,
        }
    }
}

/// Guesses: whole groups of nodes first, as code that writes graphs changes all of them, then single nodes. No more are
/// made than are tried, whatever a graph holds.
fn changes(nodes: &[Node]) -> Vec<Change> {
    let mut groups: BTreeMap<(&str, &str, String), (Vec<usize>, &Attribute)> = BTreeMap::new();
    let attributes = nodes.iter().enumerate().flat_map(|(place, node)| {
        node.attributes.iter().map(move |attribute| (place, node.op_type.as_str(), attribute))
    });
    for (place, operator, attribute) in attributes.clone().take(TRIES) {
        let key = (operator, attribute.name.as_str(), told(&attribute.value()));
        groups.entry(key).or_insert_with(|| (Vec::new(), attribute)).0.push(place);
    }
    let groups = groups.into_values().filter(|(places, _)| places.len() > 1);
    let grouped = groups.flat_map(|(places, attribute)| {
        let guesses = guesses(attribute).into_iter();
        guesses.map(move |guess| Change { places: places.clone(), what: What::Attribute(Box::new(guess)) })
    });
    let single = attributes.flat_map(|(place, _, attribute)| {
        let guesses = guesses(attribute).into_iter();
        guesses.map(move |guess| Change { places: vec![place], what: What::Attribute(Box::new(guess)) })
    });
    grouped.chain(operators(nodes)).chain(single).take(TRIES).collect()
}

/// Every node of an operator with another one in its place, and each of them alone.
fn operators(nodes: &[Node]) -> Vec<Change> {
    let mut found = Vec::new();
    for others in OPERATORS {
        for operator in others {
            let places: Vec<usize> =
                (0..nodes.len()).filter(|place| nodes[*place].op_type == **operator).collect();
            let alone = places.iter().filter(|_| places.len() > 1).map(|place| vec![*place]);
            for places in std::iter::once(places.clone()).chain(alone).filter(|places| !places.is_empty()) {
                let others = others.iter().filter(|other| *other != operator);
                found.extend(
                    others.map(|other| Change { places: places.clone(), what: What::Operator(other) }),
                );
            }
        }
    }
    found
}

/// Other values that an attribute may have had.
fn guesses(attribute: &Attribute) -> Vec<Attribute> {
    match attribute.value() {
        AttributeValue::Float(now) => {
            let near = [now * 10.0, now / 10.0, now * 100.0, now / 100.0, -now];
            let values = FLOATS.into_iter().chain(near).filter(|value| value.to_bits() != now.to_bits());
            values.map(|value| attribute.with_float(value)).collect()
        }
        AttributeValue::Integer(now) => {
            let near = [now.wrapping_sub(1), now.wrapping_add(1), 0, 1, 2, -1];
            let values = near.into_iter().filter(|value| *value != now);
            values.map(|value| attribute.with_integer(value)).collect()
        }
        AttributeValue::Bytes(now) => {
            let words = WORDS.into_iter().filter(|word| word.as_bytes() != now);
            words.map(|word| attribute.with_bytes(word.as_bytes())).collect()
        }
        _ => Vec::new(),
    }
}

fn told(value: &AttributeValue<'_>) -> String {
    match value {
        AttributeValue::Float(value) => value.to_string(),
        AttributeValue::Integer(value) => value.to_string(),
        AttributeValue::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        // Of others no guess is made.
        other => format!("{:?}", std::mem::discriminant(other)),
    }
}
