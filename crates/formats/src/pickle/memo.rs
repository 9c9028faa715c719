//! The memo: numbered values that later opcodes refer to.

use std::collections::HashMap;

use super::Id;

/// Entries by number. Picklers number in sequence; a stranger may use any number, which must not cost memory.
#[derive(Debug, Default)]
pub(super) struct Memo {
    dense: Vec<Id>,
    sparse: HashMap<u64, Id>,
}

impl Memo {
    pub(super) fn len(&self) -> usize {
        self.dense.len() + self.sparse.len()
    }

    pub(super) fn put(&mut self, index: u64, value: Id) {
        let next = self.dense.len() as u64;
        if index < next {
            self.dense[index as usize] = value;
        } else if index == next && !self.sparse.contains_key(&index) {
            self.dense.push(value);
        } else {
            self.sparse.insert(index, value);
        }
    }

    pub(super) fn get(&self, index: u64) -> Option<Id> {
        let dense = usize::try_from(index).ok().and_then(|index| self.dense.get(index));
        dense.or_else(|| self.sparse.get(&index)).copied()
    }
}
