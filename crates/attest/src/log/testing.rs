//! A log in memory, grown in batches, for tests.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;

use super::{Checkpoint, Hash, SignerKey, Tiles, Tree, append};

pub(crate) const ORIGIN: &str = "example.com/models";

/// A log whose files can be damaged.
#[derive(Clone)]
pub(crate) struct Log {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) tree: Tree,
}

pub(crate) fn signer() -> SignerKey {
    SignerKey::from_seed(ORIGIN, [9; 32]).unwrap()
}

pub(crate) fn entry(index: u64) -> Vec<u8> {
    format!("entry {index}").into_bytes()
}

impl Log {
    pub(crate) fn new() -> Self {
        Self { files: BTreeMap::new(), tree: Tree::empty() }
    }

    pub(crate) fn of(size: u64) -> Self {
        let mut log = Self::new();
        log.grow_to(size);
        log
    }

    /// Appends the entries up to `size` in one batch and signs.
    pub(crate) fn grow_to(&mut self, size: u64) {
        let entries: Vec<Vec<u8>> = (self.tree.size..size).map(entry).collect();
        self.append(&entries);
    }

    pub(crate) fn append(&mut self, entries: &[Vec<u8>]) {
        let appended = append(&self.files, &self.tree, entries).unwrap();
        for file in appended.files {
            if let Some(there) = self.files.insert(file.path.clone(), file.bytes.clone()) {
                assert_eq!(there, file.bytes, "{} changed", file.path);
            }
        }
        self.tree = appended.tree;
        self.sign();
    }

    pub(crate) fn sign(&mut self) {
        self.files.insert("checkpoint".to_owned(), self.checkpoint());
    }

    pub(crate) fn checkpoint(&self) -> Vec<u8> {
        signed(self.tree)
    }
}

pub(crate) fn signed(tree: Tree) -> Vec<u8> {
    Checkpoint::new(ORIGIN, tree).sign(&signer()).unwrap().to_string().into_bytes()
}

/// The root by the words of RFC 6962, without tiles.
pub(crate) fn root(entries: &[Hash]) -> Hash {
    match entries {
        [] => Tree::empty().root,
        [only] => *only,
        more => {
            let (left, right) = more.split_at(more.len().next_power_of_two() / 2);
            Hash::of_node(&root(left), &root(right))
        }
    }
}

/// Counts what is read.
pub(crate) struct Counted<'a> {
    pub(crate) files: &'a BTreeMap<String, Vec<u8>>,
    pub(crate) read: RefCell<Vec<String>>,
}

impl<'a> Counted<'a> {
    pub(crate) fn new(files: &'a BTreeMap<String, Vec<u8>>) -> Self {
        Self { files, read: RefCell::default() }
    }
}

impl Tiles for Counted<'_> {
    fn read(&self, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        self.read.borrow_mut().push(path.to_owned());
        self.files.read(path, limit)
    }
}
