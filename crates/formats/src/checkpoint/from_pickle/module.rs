//! Whole modules: what their `state_dict` would hold, found without their class.

use std::collections::BTreeSet;

use super::super::CheckpointError;
use super::super::tree::Node;
use super::Converter;
use crate::pickle::Id;

impl Converter<'_> {
    /// If the object is a pickled `torch.nn.Module`, a record whose fields are named as in its `state_dict`:
    /// parameters, buffers, children, then plain attributes.
    pub(super) fn module(&mut self, id: Id, class: &str) -> Result<Option<Node>, CheckpointError> {
        let pickle = self.pickle;
        let (Some(parameters), Some(children)) =
            (pickle.attribute(id, "_parameters"), pickle.attribute(id, "_modules"))
        else {
            return Ok(None);
        };
        let buffers = pickle.attribute(id, "_buffers");
        let transient = pickle.attribute(id, "_non_persistent_buffers_set");
        let transient: BTreeSet<String> = match transient.map(|id| self.node(id)).transpose()? {
            Some(Node::Sequence(names)) => {
                names.iter().filter_map(|name| name.as_text().map(ToOwned::to_owned)).collect()
            }
            _ => BTreeSet::new(),
        };
        let mut fields = Vec::new();
        for group in [Some(parameters), buffers, Some(children)].into_iter().flatten() {
            let Node::Map(entries) = self.node(group)? else { continue };
            // An entry of `None` is a slot that is not used.
            fields.extend(entries.into_iter().filter(|(_, value)| !matches!(value, Node::Scalar(_))));
        }
        for (name, value) in &mut fields {
            if let Node::Tensor(tensor) = value {
                tensor.transient = transient.contains(name);
            }
        }
        let attributes = pickle.attributes(id);
        self.spend(attributes.len(), id)?;
        for (key, value) in attributes {
            let Some(name) = pickle.text(key) else { continue };
            // What starts with an underscore is bookkeeping of the class.
            if !name.starts_with('_') && name.len() <= 256 {
                let mut value = self.node(value)?;
                // No `state_dict` has tensors that are plain attributes.
                transient_tensors(&mut value);
                fields.push((name.to_owned(), value));
            }
        }
        Ok(Some(Node::Record { class: class.to_owned(), fields }))
    }
}

/// Notes of every tensor below that it is no part of the saved weights.
fn transient_tensors(node: &mut Node) {
    match node {
        Node::Tensor(tensor) => tensor.transient = true,
        Node::Map(entries) | Node::Record { fields: entries, .. } => {
            for (_, value) in entries {
                transient_tensors(value);
            }
        }
        Node::Sequence(values) => values.iter_mut().for_each(transient_tensors),
        Node::Scalar(_) | Node::Opaque(_) => {}
    }
}
