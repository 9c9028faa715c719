//! The tree over the log, as RFC 6962 section 2.1 defines it: enough to say which history a database has.

use reproof_attest::log::Hash;
use reproof_attest::log::Tree as Head;

/// A tree that grows leaf by leaf and keeps one hash per full subtree: at most 64.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    size: u64,
    /// Roots of full subtrees, largest first: one for each bit of the size.
    peaks: Vec<Hash>,
}

impl Tree {
    pub(crate) fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each low bit that is set is a subtree as large as the one that grows here.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = Hash::of_node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root; that of no leaves is the hash of nothing.
    pub(crate) fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => Head::empty().root,
            Some(last) => peaks.fold(*last, |right, left| Hash::of_node(left, &right)),
        }
    }
}
