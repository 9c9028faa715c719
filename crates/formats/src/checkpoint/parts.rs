//! Divides the values of a checkpoint into parts.

use std::collections::BTreeMap;

use super::CheckpointError;
use super::role::{MAYBE_MODEL_KEYS, MODEL_KEYS, Role};
use super::tree::{Node, join};

/// Keys that an error offers.
const CANDIDATES: usize = 10;

/// A part with the values that belong to it.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) role: Role,
    /// Keys on the way to it, divided by dots.
    pub(crate) root: String,
    pub(crate) node: Node,
}

impl Part {
    pub(crate) fn whole(role: Role, node: Node) -> Self {
        Self { role, root: String::new(), node }
    }
}

/// Divides the values of a file. `model` names the model by its keys where the user knows better.
pub(crate) fn divide(root: Node, model: Option<&str>) -> Result<Vec<Part>, CheckpointError> {
    if let Some(path) = model {
        return named(root, path);
    }
    if let Some(role) = Role::of_content(&root) {
        return Ok(vec![Part::whole(role, root)]);
    }
    match root {
        Node::Map(entries) if !is_model(&entries) => Ok(by_key(entries)),
        // `torch.save([model, optimizer, step])`: a dictionary whose keys are positions.
        Node::Sequence(values) if values.iter().any(|value| Role::of_content(value).is_some()) => {
            let named = values.into_iter().enumerate().map(|(index, value)| (index.to_string(), value));
            Ok(by_key(named.collect()))
        }
        Node::Scalar(_) | Node::Opaque(_) => Ok(vec![Part::whole(Role::State, root)]),
        root if root.has_tensors() => Ok(vec![Part::whole(Role::Model, root)]),
        root => Ok(vec![Part::whole(Role::State, root)]),
    }
}

/// Whether a dictionary is a model's own: at least half of its values are tensors, and none of the others is a part of
/// a checkpoint. What a module adds to its state besides tensors does not count.
fn is_model(entries: &[(String, Node)]) -> bool {
    let counts = |(key, value): &&(String, Node)| {
        !key.ends_with("_extra_state")
            && !matches!(value, Node::Scalar(serde_json::Value::Null) | Node::Opaque(_))
    };
    let tensors = entries.iter().filter(|(_, value)| value.is_tensor()).count();
    if tensors > 0 && tensors * 2 >= entries.iter().filter(counts).count() {
        return !entries.iter().any(|(_, value)| Role::of_content(value).is_some());
    }
    false
}

/// Divides a dictionary by its keys; the model is the most telling key whose value has tensors.
fn by_key(mut entries: Vec<(String, Node)>) -> Vec<Part> {
    let mut parts = Vec::new();
    if let Some(position) = model_position(&entries) {
        let (key, node) = entries.remove(position);
        parts.push(inside(key, node, &mut entries));
    }
    let mut collected: BTreeMap<Role, Vec<(String, Node)>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for (key, node) in entries {
        match Role::of(&key, &node) {
            Some(role) if role.stands_alone() => alone(role, key, node, &mut parts),
            Some(role) => collected.entry(role).or_default().push((key, node)),
            None => unknown.push((key, node)),
        }
    }
    // Without a telling key, whatever has tensors and no other role is the model: one value, or all together.
    let (mut tensors, rest): (Vec<_>, Vec<_>) = unknown.into_iter().partition(|(_, node)| node.has_tensors());
    let has_model = parts.iter().any(|part| part.role == Role::Model);
    if has_model {
        collected.entry(Role::State).or_default().append(&mut tensors);
    } else if let [_] = tensors.as_slice() {
        let mut beside = Vec::new();
        parts.extend(tensors.pop().map(|(key, node)| inside(key, node, &mut beside)));
        collected.entry(Role::State).or_default().extend(beside);
    } else if !tensors.is_empty() {
        parts.push(Part::whole(Role::Model, Node::Map(tensors)));
    } else if let [only] =
        parts.iter_mut().filter(|part| part.role == Role::Ema).collect::<Vec<_>>().as_mut_slice()
    {
        // Some trainers save the average alone.
        only.role = Role::Model;
    }
    if !rest.is_empty() {
        collected.entry(Role::State).or_default().extend(rest);
    }
    parts.extend(collected.into_iter().filter(|(_, entries)| !entries.is_empty()).map(|(role, entries)| {
        let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
        Part { role, root: keys.join(", "), node: Node::Map(entries) }
    }));
    // Stable, and what is certainly an optimizer before what is only called one.
    parts.sort_by_key(|part| (part.role, Role::of_content(&part.node) != Some(part.role)));
    parts
}

/// Where the model is among named values: under a telling key, or under one that may be one if nothing beside it has
/// tensors without a role.
fn model_position(entries: &[(String, Node)]) -> Option<usize> {
    let candidate = |wanted: &&str| {
        entries
            .iter()
            .position(|(key, node)| key == *wanted && node.has_tensors() && Role::of_content(node).is_none())
    };
    if let Some(position) = MODEL_KEYS.iter().find_map(&candidate) {
        return Some(position);
    }
    let position = MAYBE_MODEL_KEYS.iter().find_map(candidate)?;
    let rival = |(index, (key, node)): (usize, &(String, Node))| {
        index != position && node.has_tensors() && Role::of(key, node).is_none()
    };
    (!entries.iter().enumerate().any(rival)).then_some(position)
}

/// The model inside the value of a telling key: the value, or what a telling key inside it has. What lies beside that
/// goes to `beside`, so that nothing is lost.
fn inside(key: String, node: Node, beside: &mut Vec<(String, Node)>) -> Part {
    match node {
        Node::Map(mut entries) if !is_model(&entries) => match model_position(&entries) {
            Some(position) => {
                let (inner, node) = entries.remove(position);
                beside.extend(entries.into_iter().map(|(name, node)| (join(&key, &name), node)));
                inside(join(&key, &inner), node, beside)
            }
            None => Part { role: Role::Model, root: key, node: Node::Map(entries) },
        },
        node => Part { role: Role::Model, root: key, node },
    }
}

/// A value that is a part of its own, or a list of such.
fn alone(role: Role, key: String, node: Node, parts: &mut Vec<Part>) {
    match node {
        Node::Sequence(values) if values.iter().all(|value| !value.entries().is_empty()) => {
            for (index, node) in values.into_iter().enumerate() {
                parts.push(Part { role, root: join(&key, &index.to_string()), node });
            }
        }
        node => parts.push(Part { role, root: key, node }),
    }
}

/// The model by the keys that the user gave; the rest is divided as ever.
fn named(root: Node, path: &str) -> Result<Vec<Part>, CheckpointError> {
    let candidates = candidates(&root);
    let missing = || CheckpointError::NoModel { path: path.to_owned(), candidates };
    let Some((model, rest)) = take(root, path).filter(|(model, _)| model.has_tensors()) else {
        return Err(missing());
    };
    let mut parts = match rest {
        Node::Map(entries) | Node::Record { fields: entries, .. } => by_key(entries),
        _ => Vec::new(),
    };
    for part in parts.iter_mut().filter(|part| part.role == Role::Model) {
        part.role = Role::State;
    }
    parts.insert(0, Part { role: Role::Model, root: path.to_owned(), node: model });
    Ok(parts)
}

/// Keys that could be named as the model, breadth first: those of containers that hold tensors.
fn candidates(root: &Node) -> Vec<String> {
    let mut found = Vec::new();
    let mut level = vec![(String::new(), root)];
    while !level.is_empty() && found.len() < CANDIDATES {
        let mut below = Vec::new();
        for (path, node) in level {
            for (key, value) in node.children() {
                if !value.is_tensor() && value.has_tensors() {
                    below.push((join(&path, &key), value));
                }
            }
        }
        found.extend(below.iter().map(|(path, _)| path.clone()));
        level = below;
    }
    found.truncate(CANDIDATES);
    found
}

/// Takes the value at `path` out of a tree; keys may hold dots themselves, and a sequence has positions for keys.
fn take(root: Node, path: &str) -> Option<(Node, Node)> {
    let mut entries = match root {
        Node::Map(entries) | Node::Record { fields: entries, .. } => entries,
        Node::Sequence(values) => {
            values.into_iter().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
        }
        _ => return None,
    };
    let position = entries.iter().position(|(key, _)| {
        path == key || path.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with('.'))
    })?;
    let (key, node) = entries.remove(position);
    if key == path {
        return Some((node, Node::Map(entries)));
    }
    let (model, rest) = take(node, &path[key.len() + 1..])?;
    entries.insert(position, (key, rest));
    Some((model, Node::Map(entries)))
}
