//! Which tensor of one artifact is which of the other, by their names.

use std::collections::{BTreeMap, HashMap, HashSet};

use reproof_contract::diff::RootChange;
use reproof_formats::TensorDescription;

use super::reading::Side;

/// Beginnings of names that wrappers put before those of a model: data parallelism, `torch.compile`, Lightning and
/// Hugging Face, sharded data parallelism.
const WRAPPERS: &[&str] = &["module.", "_orig_mod.", "model.", "_fsdp_wrapped_module.", "_forward_module."];

/// Names in a beginning that may be another.
const DEEPEST: usize = 4;

/// Two tensors that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) a: usize,
    pub(super) b: usize,
}

/// Which tensor is which.
#[derive(Debug, Default)]
pub(super) struct Matching {
    pub(super) pairs: Vec<Pair>,
    /// Beginnings by which some of the pairs were found.
    pub(super) roots: Vec<RootChange>,
    /// Tensors of the first without a partner.
    pub(super) left_a: Vec<usize>,
    /// Tensors of the second without a partner.
    pub(super) left_b: Vec<usize>,
}

impl Matching {
    pub(super) fn of(a: &Side<'_>, b: &Side<'_>) -> Self {
        let names: HashMap<(&str, &str), usize> = b
            .tensors
            .iter()
            .enumerate()
            .rev()
            .map(|(index, tensor)| ((tensor.part.as_str(), tensor.name.as_str()), index))
            .collect();
        let mut matching = Self::default();
        let mut taken = HashSet::new();
        for (index, tensor) in a.tensors.iter().enumerate() {
            match names.get(&(tensor.part.as_str(), tensor.name.as_str())) {
                Some(other) if taken.insert(*other) => matching.pairs.push(Pair { a: index, b: *other }),
                _ => matching.left_a.push(index),
            }
        }
        matching.left_b.extend((0..b.tensors.len()).filter(|index| !taken.contains(index)));
        if !matching.left_a.is_empty() && !matching.left_b.is_empty() {
            matching.reroot(a, b);
        }
        matching
    }

    /// Pairs tensors whose names differ in a common beginning only.
    fn reroot(&mut self, a: &Side<'_>, b: &Side<'_>) {
        // What follows each beginning in the second; `None` where it follows several.
        let mut ends: HashMap<(&str, &str), Option<(usize, &str)>> = HashMap::new();
        for index in &self.left_b {
            let tensor = b.tensors[*index];
            for (beginning, end) in beginnings(&tensor.name) {
                let known = ends.entry((&tensor.part, end)).or_insert(Some((*index, beginning)));
                if known.is_some_and(|(other, _)| other != *index) {
                    *known = None;
                }
            }
        }
        let mut votes: BTreeMap<(&str, &str, &str), Vec<Pair>> = BTreeMap::new();
        for index in &self.left_a {
            let tensor = a.tensors[*index];
            let found = beginnings(&tensor.name)
                .find_map(|(beginning, end)| Some((beginning, (*ends.get(&(&*tensor.part, end))?)?)));
            if let Some((from, (other, to))) = found
                && could_be(tensor, b.tensors[other])
            {
                votes.entry((&tensor.part, from, to)).or_default().push(Pair { a: *index, b: other });
            }
        }
        let fewest = self.left_a.len().min(self.left_b.len());
        let mut votes: Vec<_> =
            votes.into_iter().filter(|(root, pairs)| believable(root, pairs.len(), fewest)).collect();
        votes.sort_by_key(|(_, pairs)| std::cmp::Reverse(pairs.len()));
        let (mut taken_a, mut taken_b) = (HashSet::new(), HashSet::new());
        for ((part, from, to), pairs) in votes {
            let fresh: Vec<Pair> =
                pairs.into_iter().filter(|pair| taken_a.insert(pair.a) && taken_b.insert(pair.b)).collect();
            self.roots.push(RootChange {
                part: part.to_owned(),
                from: from.to_owned(),
                to: to.to_owned(),
                tensors: fresh.len() as u64,
            });
            self.pairs.extend(fresh);
        }
        self.left_a.retain(|index| !taken_a.contains(index));
        self.left_b.retain(|index| !taken_b.contains(index));
    }
}

/// Each beginning of a name with the rest of it, shortest first.
fn beginnings(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let dots = name.match_indices('.').map(|(at, _)| at + 1).take(DEEPEST);
    std::iter::once(0).chain(dots).map(|at| name.split_at(at)).filter(|(_, end)| !end.is_empty())
}

/// Whether one tensor can be the other with changed values.
fn could_be(a: &TensorDescription, b: &TensorDescription) -> bool {
    a.shape == b.shape || super::transpose::are_reversed(&a.shape, &b.shape)
}

/// Whether two beginnings are the same root under two names: those of wrappers are, others if most of what is left
/// over says so. Numbers count layers and are never names of a root.
fn believable((_, from, to): &(&str, &str, &str), votes: usize, fewest: usize) -> bool {
    let numbered =
        |root: &str| root.split('.').any(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()));
    if numbered(from) || numbered(to) {
        return false;
    }
    let known = unwrapped(from).is_empty() && unwrapped(to).is_empty();
    known || (2 * votes >= fewest && (votes >= 2 || from.is_empty() || to.is_empty()))
}

fn unwrapped(mut root: &str) -> &str {
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| root.strip_prefix(wrapper)) {
        root = rest;
    }
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_end_at_dots() {
        let found: Vec<_> = beginnings("model.layers.0.weight").collect();
        assert_eq!(found[0], ("", "model.layers.0.weight"));
        assert_eq!(found[1], ("model.", "layers.0.weight"));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn roots_of_wrappers_are_believed_and_layers_are_not() {
        assert!(believable(&("model", "module.", ""), 1, 100));
        assert!(believable(&("model", "model.", "module._orig_mod."), 1, 100));
        assert!(!believable(&("model", "encoder.", "decoder."), 1, 100));
        assert!(believable(&("model", "backbone.", "trunk."), 60, 100));
        assert!(!believable(&("model", "layers.0.", "layers.1."), 100, 100));
    }
}
