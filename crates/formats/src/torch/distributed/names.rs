//! From flat names back to the nesting that was saved.

use std::collections::HashMap;

use crate::checkpoint::Role;
use crate::checkpoint::tree::Node;

/// How many keys may lead to a value.
const DEPTH: usize = 64;

/// Values by their names as the nested dictionaries that they were.
///
/// The checkpoint mostly tells the keys on the way; where it does not, a first word that names a part of a checkpoint
/// is taken for one.
pub(super) fn nested(items: Vec<(String, Node)>, paths: &HashMap<String, Vec<String>>) -> Node {
    let mut root = Branch::default();
    for (name, node) in items {
        let keys = match paths.get(&name) {
            Some(keys) if !keys.is_empty() && keys.len() <= DEPTH => keys.clone(),
            _ => match name.split_once('.') {
                Some((first, rest)) if Role::of_key(first).is_some() || Role::names_model(first) => {
                    vec![first.to_owned(), rest.to_owned()]
                }
                _ => vec![name],
            },
        };
        root.insert(&keys, node);
    }
    root.into_node()
}

/// A dictionary in the making.
#[derive(Default)]
struct Branch {
    entries: Vec<(String, Entry)>,
    positions: HashMap<String, usize>,
}

enum Entry {
    Leaf(Node),
    Branch(Branch),
}

impl Branch {
    fn insert(&mut self, keys: &[String], node: Node) {
        let (key, rest) = match keys {
            [] => return,
            [key] => (key, &[][..]),
            [key, rest @ ..] => (key, rest),
        };
        if rest.is_empty() {
            self.positions.insert(key.clone(), self.entries.len());
            self.entries.push((key.clone(), Entry::Leaf(node)));
            return;
        }
        let position = match self.positions.get(key) {
            Some(position) if matches!(self.entries[*position].1, Entry::Branch(_)) => *position,
            _ => {
                self.positions.insert(key.clone(), self.entries.len());
                self.entries.push((key.clone(), Entry::Branch(Self::default())));
                self.entries.len() - 1
            }
        };
        if let Entry::Branch(branch) = &mut self.entries[position].1 {
            branch.insert(rest, node);
        }
    }

    fn into_node(self) -> Node {
        let entries: Vec<(String, Node)> = self
            .entries
            .into_iter()
            .map(|(key, entry)| match entry {
                Entry::Leaf(node) => (key, node),
                Entry::Branch(branch) => (key, branch.into_node()),
            })
            .collect();
        // Keys that count from zero were positions in a list.
        let is_list = !entries.is_empty()
            && entries.iter().enumerate().all(|(index, (key, _))| *key == index.to_string());
        if is_list && entries.iter().all(|(_, node)| !node.entries().is_empty()) {
            return Node::Sequence(entries.into_iter().map(|(_, node)| node).collect());
        }
        Node::Map(entries)
    }
}
