//! What parts hold besides tensors, as numbers, texts and digests by dotted names.

use std::collections::{BTreeMap, BTreeSet};

use reproof_digest::{Builder, Kind, ReadAt as _, blob};
use reproof_tensor::{TensorView, element_count};
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
        let whole = |step: &String| step.strip_suffix(".0").unwrap_or(step).to_owned();
        let steps: Vec<String> = steps.iter().take(LISTED).map(whole).collect();
        facts.insert("step".to_owned(), Json::String(steps.join(", ")));
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
    if element_count(&tensor.shape) != Some(1) {
        return None;
    }
    let values = sources.values(tensor.dtype, &tensor.shape, &tensor.storage).ok()?;
    let bytes = values.read_range(0, values.size() as usize).ok()?;
    Some(TensorView::new(tensor.dtype, &tensor.shape, &bytes).ok()?.elements()?.get(0))
}

/// Every number, text and truth value below a node by its dotted name; what is too much to list is told by its digest.
pub(crate) fn flatten(node: &Node, path: &str, facts: &mut BTreeMap<String, Json>) {
    let mut rest = Rest::default();
    walk(node, path, facts, &mut rest);
    if rest.count > 0 {
        let digest = rest.digest.finish();
        facts.insert(MORE.to_owned(), Json::String(format!("{} facts, {digest}", rest.count)));
    }
}

/// The name of the fact that stands for those that are not listed.
const MORE: &str = "(more)";

/// Facts beyond those that are listed.
struct Rest {
    count: u64,
    digest: Builder,
}

impl Default for Rest {
    fn default() -> Self {
        Self { count: 0, digest: Builder::new(Kind::Part) }
    }
}

fn insert(facts: &mut BTreeMap<String, Json>, rest: &mut Rest, path: &str, value: Json) {
    let name = if path.is_empty() { "value" } else { path };
    if facts.len() < FACTS {
        facts.insert(name.to_owned(), value);
    } else {
        rest.count += 1;
        rest.digest.text(name).text(&value.to_string());
    }
}

fn walk(node: &Node, path: &str, facts: &mut BTreeMap<String, Json>, rest: &mut Rest) {
    match node {
        Node::Tensor(_) => {}
        Node::Scalar(Json::String(text)) if text.chars().count() > TEXT => {
            let start: String = text.chars().take(TEXT).collect();
            insert(facts, rest, path, Json::String(format!("{start}... ({})", blob(text.as_bytes()))));
        }
        Node::Scalar(value) => insert(facts, rest, path, value.clone()),
        Node::Opaque(words) => insert(facts, rest, path, Json::String(words.clone())),
        Node::Sequence(values) if is_long(values) => {
            let text: Vec<String> = values.iter().filter_map(scalar).collect();
            let digest = blob(text.join(",").as_bytes());
            insert(facts, rest, path, Json::String(format!("{} values, {digest}", values.len())));
        }
        node => {
            if let Node::Record { class, fields } = node {
                if fields.is_empty() {
                    insert(facts, rest, path, Json::String(class.clone()));
                } else if !path.is_empty() {
                    insert(facts, rest, &join(path, "class"), Json::String(class.clone()));
                }
            }
            for (key, value) in node.children() {
                walk(value, &join(path, &key), facts, rest);
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
