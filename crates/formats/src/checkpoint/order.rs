//! Whether an optimizer covers the weights in the order in which their model has them.
//!
//! Since PyTorch 2.6 an optimizer that was given names saves them in each group as `param_names`. Its
//! `load_state_dict` goes by place all the same, and says nothing where shapes agree.

use std::collections::HashMap;

use super::parts::Part;
use super::role::Role;
use super::tree::Node;

/// Two weights of one group and one shape, which stand the other way round than in the model.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Swapped {
    /// The one that stands first in the group.
    pub(super) first: String,
    /// The one that stands first in the model.
    pub(super) second: String,
}

impl Swapped {
    /// The fact of an optimizer that tells of it, and by which `missing` knows it.
    pub(super) const FACT: &'static str = "order";
}

/// The order in which a file holds the weights of its model, with their shapes.
pub(super) struct Order<'a> {
    /// By name, the place and the number of the shape, as shapes can be long.
    places: HashMap<&'a str, (usize, usize)>,
}

impl<'a> Order<'a> {
    /// That of the first model among parts; empty where the parts have none.
    pub(super) fn of(parts: &'a [Part]) -> Self {
        let model = parts.iter().find(|part| part.role == Role::Model);
        let weights = model.map_or(&[][..], |part| part.node.entries());
        let mut shapes: HashMap<&[u64], usize> = HashMap::new();
        let places = weights.iter().enumerate().filter_map(|(place, (name, node))| match node {
            Node::Tensor(tensor) => {
                let number = shapes.len();
                let shape = *shapes.entry(tensor.shape.as_slice()).or_insert(number);
                Some((name.as_str(), (place, shape)))
            }
            _ => None,
        });
        Self { places: places.collect() }
    }

    /// The first two weights of a group that an optimizer in the model's order would confuse without an error.
    pub(super) fn swapped(&self, optimizer: &Node) -> Option<Swapped> {
        let Some(Node::Sequence(groups)) = optimizer.get("param_groups") else { return None };
        groups.iter().find_map(|group| {
            let Some(Node::Sequence(names)) = group.get("param_names") else { return None };
            // The last of each shape: names are in order while their places grow.
            let mut last: HashMap<usize, (usize, &str)> = HashMap::new();
            names.iter().filter_map(Node::as_text).find_map(|name| {
                let (place, shape) = self.places.get(name).copied()?;
                match last.insert(shape, (place, name)) {
                    Some((before, first)) if before > place => {
                        Some(Swapped { first: first.to_owned(), second: name.to_owned() })
                    }
                    _ => None,
                }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use reproof_tensor::DType;

    use super::*;
    use crate::Storage;
    use crate::checkpoint::tree::TensorNode;

    fn weight(name: &str, shape: &[u64]) -> (String, Node) {
        (
            name.to_owned(),
            TensorNode::new(DType::F32, shape.to_vec(), Storage::Absent { reason: "a test" }).into(),
        )
    }

    fn optimizer(names: &[&str]) -> Node {
        let names = Node::Sequence(names.iter().map(|name| Node::text(*name)).collect());
        let group = Node::Map(vec![("param_names".to_owned(), names)]);
        Node::Map(vec![("param_groups".to_owned(), Node::Sequence(vec![group]))])
    }

    fn swapped(names: &[&str]) -> Option<(String, String)> {
        let model = [weight("a", &[2]), weight("b", &[3]), weight("c", &[2]), weight("d", &[3])];
        let parts = [Part::whole(Role::Model, Node::Map(model.into()))];
        let found = Order::of(&parts).swapped(&optimizer(names));
        found.map(|Swapped { first, second }| (first, second))
    }

    #[test]
    fn only_weights_of_one_shape_are_confused() {
        assert_eq!(swapped(&["a", "b", "c", "d"]), None);
        assert_eq!(swapped(&["b", "d", "a", "c"]), None, "another order raises an error, or none is lost");
        assert_eq!(swapped(&["a", "unknown", "c"]), None);
        assert_eq!(swapped(&["c", "b", "a", "d"]), Some(("c".to_owned(), "a".to_owned())));
        assert_eq!(swapped(&["a", "d", "c", "b"]), Some(("d".to_owned(), "b".to_owned())));
    }
}
