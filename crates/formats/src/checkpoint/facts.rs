//! What parts hold besides tensors, as numbers, texts and digests by dotted names.

use std::collections::{BTreeMap, BTreeSet};

use reproof_digest::{ReadAt as _, blob};
use reproof_tensor::TensorView;
use serde_json::Value as Json;

use super::from_pickle::float;
use super::role::Role;
use super::tree::{Node, TensorNode, join};
use crate::Sources;

/// Facts of one part at most.
const FACTS: usize = 2000;

/// Sequences of more numbers than this are told by their digest.
const LISTED: usize = 16;

/// Characters of a text at most.
const TEXT: usize = 200;

/// The kind of a part and its facts.
pub(crate) fn facts(
    role: Role,
    node: &Node,
    sources: &Sources<'_>,
) -> (Option<String>, BTreeMap<String, Json>) {
    let mut facts = BTreeMap::new();
    if role != Role::Optimizer {
        flatten(node, "", &mut facts);
        let class = match node {
            Node::Record { class, .. } => Some(class.clone()),
            _ => None,
        };
        return (class, facts);
    }
    if let Some(Node::Sequence(groups)) = node.get("param_groups") {
        for (index, group) in groups.iter().enumerate() {
            for (name, value) in group.entries() {
                let name = format!("groups.{index}.{name}");
                match value {
                    // The parameters that a group covers, by number.
                    Node::Sequence(covered) if name.ends_with(".params") => {
                        facts.insert(name, covered.len().into());
                    }
                    value => flatten(value, &name, &mut facts),
                }
            }
        }
        let covered: u64 = groups.iter().map(covered).sum();
        facts.insert("covers".to_owned(), covered.into());
    }
    let states: Vec<&Node> =
        node.get("state").into_iter().flat_map(Node::children).map(|(_, it)| it).collect();
    facts.insert("states".to_owned(), states.len().into());
    let steps: BTreeSet<String> = states
        .iter()
        .filter_map(|state| number(state.get("step")?, sources))
        .map(|step| float(step).to_string())
        .collect();
    if !steps.is_empty() {
        let steps: Vec<String> = steps.into_iter().take(LISTED).collect();
        facts.insert("step".to_owned(), Json::String(steps.join(", ").replace(".0", "")));
    }
    (kind(node, &states).map(ToOwned::to_owned), facts)
}

fn covered(group: &Node) -> u64 {
    match group.get("params") {
        Some(Node::Sequence(covered)) => covered.len() as u64,
        _ => 0,
    }
}

/// The optimizer by the names of its state and options, as those of `torch.optim` have them.
fn kind(node: &Node, states: &[&Node]) -> Option<&'static str> {
    let state = |name| states.iter().any(|state| state.get(name).is_some());
    let option = |name| match node.get("param_groups") {
        Some(Node::Sequence(groups)) => groups.iter().find_map(|group| group.get(name)),
        _ => None,
    };
    let has = |name| option(name).is_some();
    if state("exp_avg_sq_row") {
        Some("Adafactor")
    } else if state("mu_product") {
        Some("NAdam")
    } else if state("exp_inf") {
        Some("Adamax")
    } else if state("exp_avg_sq") || has("amsgrad") {
        match option("decoupled_weight_decay") {
            Some(Node::Scalar(Json::Bool(true))) => Some("AdamW"),
            Some(_) => Some("Adam"),
            // Before that option existed both wrote the same names.
            None => Some("Adam or AdamW"),
        }
    } else if state("square_avg") || has("alpha") && has("centered") {
        Some("RMSprop")
    } else if state("sum") {
        Some("Adagrad")
    } else if state("prev") {
        Some("Rprop")
    } else if state("ax") {
        Some("ASGD")
    } else if state("momentum_buffer") || has("dampening") {
        Some("SGD")
    } else if state("exp_avg") {
        Some("Lion or alike")
    } else {
        None
    }
}

/// A number, also when it is a tensor of one.
fn number(node: &Node, sources: &Sources<'_>) -> Option<f64> {
    match node {
        Node::Scalar(Json::Number(number)) => number.as_f64(),
        Node::Tensor(tensor) => single(tensor, sources),
        _ => None,
    }
}

fn single(tensor: &TensorNode, sources: &Sources<'_>) -> Option<f64> {
    if tensor.shape.iter().product::<u64>() != 1 {
        return None;
    }
    let values = sources.values(tensor.dtype, &tensor.shape, &tensor.storage).ok()?;
    let bytes = values.read_range(0, values.size() as usize).ok()?;
    Some(TensorView::new(tensor.dtype, &tensor.shape, &bytes).ok()?.elements()?.get(0))
}

/// Every number, text and truth value below a node by its dotted name.
pub(crate) fn flatten(node: &Node, path: &str, facts: &mut BTreeMap<String, Json>) {
    if facts.len() >= FACTS {
        return;
    }
    let name = || if path.is_empty() { "value".to_owned() } else { path.to_owned() };
    match node {
        Node::Tensor(_) => {}
        Node::Scalar(Json::String(text)) if text.chars().count() > TEXT => {
            let start: String = text.chars().take(TEXT).collect();
            facts.insert(name(), Json::String(format!("{start}... ({})", blob(text.as_bytes()))));
        }
        Node::Scalar(value) => drop(facts.insert(name(), value.clone())),
        Node::Opaque(words) => drop(facts.insert(name(), Json::String(words.clone()))),
        Node::Sequence(values) if is_long(values) => {
            let text: Vec<String> = values.iter().filter_map(scalar).collect();
            let digest = blob(text.join(",").as_bytes());
            facts.insert(name(), Json::String(format!("{} values, {digest}", values.len())));
        }
        node => {
            if let Node::Record { class, fields } = node {
                if fields.is_empty() {
                    facts.insert(name(), Json::String(class.clone()));
                } else if !path.is_empty() {
                    facts.insert(join(path, "class"), Json::String(class.clone()));
                }
            }
            for (key, value) in node.children() {
                flatten(value, &join(path, &key), facts);
            }
        }
    }
}

fn is_long(values: &[Node]) -> bool {
    values.len() > LISTED && values.iter().all(|value| scalar(value).is_some())
}

fn scalar(node: &Node) -> Option<String> {
    match node {
        Node::Scalar(value) => Some(value.to_string()),
        _ => None,
    }
}
