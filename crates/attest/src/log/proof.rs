//! Proofs of RFC 6962: an entry is in a tree, and a tree begins like an older one.

use std::ops::Range;

use super::hash::{Hash, Tree};
use super::tiles::{HashReader, TileError, Tiles};

/// The most hashes of a proof: a tree of `i64::MAX` entries is 63 high.
pub const MAX_PROOF: usize = 64;

/// Why a proof was not made or proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such entry.
    #[error("entry {index} is not in a tree of {size} entries")]
    Index {
        /// The entry.
        index: u64,
        /// The entries of the tree.
        size: u64,
    },
    /// What should be older is larger.
    #[error("a tree of {new} entries cannot have begun as one of {old}")]
    Order {
        /// The entries of the tree that should be older.
        old: u64,
        /// The entries of the tree that should be newer.
        new: u64,
    },
    /// The proof has not the hashes that the sizes ask for.
    #[error("proof of {got} hashes, expected {expected}")]
    Length {
        /// The hashes of a proof for these sizes.
        expected: usize,
        /// The hashes of this one.
        got: usize,
    },
    /// The hashes do not lead to the root of the tree.
    #[error("the hashes give {found} as root of {} entries, expected {}", tree.size, tree.root)]
    Root {
        /// The tree.
        tree: Tree,
        /// What the hashes give.
        found: Hash,
    },
    /// A tile could not be used.
    #[error("a tile that the proof needs cannot be used")]
    Tile(#[from] TileError),
}

/// That an entry is in a tree at an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inclusion {
    /// The entry, from 0.
    pub index: u64,
    /// The siblings on its way to the root, the entry's own first.
    pub hashes: Vec<Hash>,
}

impl Inclusion {
    /// The proof for entry `index` of `tree` from its tiles; it reads at most two tiles of each level. It is verified before
    /// it is given away, so that damaged tiles never make a wrong proof.
    pub fn prove(tiles: &dyn Tiles, tree: &Tree, index: u64) -> Result<Self, ProofError> {
        if index >= tree.size {
            return Err(ProofError::Index { index, size: tree.size });
        }
        let mut reader = HashReader::new(tiles, tree.size);
        let hashes = siblings(index, tree.size).into_iter().map(|range| reader.range(range));
        let proof = Self { index, hashes: hashes.collect::<Result<_, _>>()? };
        proof.verify(&reader.range(index..index + 1)?, tree)?;
        Ok(proof)
    }

    /// Checks that the entry with the hash `entry` is in `tree`.
    pub fn verify(&self, entry: &Hash, tree: &Tree) -> Result<(), ProofError> {
        if self.index >= tree.size {
            return Err(ProofError::Index { index: self.index, size: tree.size });
        }
        // The right sibling is where the range of a sibling begins after the entry.
        let ranges = siblings(self.index, tree.size);
        check_length(ranges.len(), self.hashes.len())?;
        let found = ranges.iter().zip(&self.hashes).fold(*entry, |below, (range, sibling)| {
            if range.start > self.index {
                Hash::of_node(&below, sibling)
            } else {
                Hash::of_node(sibling, &below)
            }
        });
        check_root(tree, found)
    }
}

/// That a tree begins with all entries of an older one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consistency {
    /// The hashes in the order of RFC 6962, section 2.1.2.
    pub hashes: Vec<Hash>,
}

impl Consistency {
    /// The proof that `new` begins with `old`, from the tiles of `new`; verified before it is given away.
    pub fn prove(tiles: &dyn Tiles, old: &Tree, new: &Tree) -> Result<Self, ProofError> {
        let mut reader = HashReader::new(tiles, new.size);
        let hashes = parts(old.size, new.size)?.into_iter().map(|part| reader.range(part.range));
        let proof = Self { hashes: hashes.collect::<Result<_, _>>()? };
        proof.verify(old, new)?;
        Ok(proof)
    }

    /// Checks that `new` begins with `old`.
    pub fn verify(&self, old: &Tree, new: &Tree) -> Result<(), ProofError> {
        let parts = parts(old.size, new.size)?;
        check_length(parts.len(), self.hashes.len())?;
        if old.size == new.size {
            return check_root(new, old.root);
        }
        if old.size == 0 {
            return check_root(old, Tree::empty().root);
        }
        // Where the older tree is itself a subtree of the newer one, its root is the first hash and not written.
        let mut pairs = parts.iter().zip(&self.hashes);
        let whole = old.size.is_power_of_two();
        let first = if whole { Some(old.root) } else { pairs.next().map(|(_, hash)| *hash) };
        let first = first.ok_or(ProofError::Length { expected: parts.len(), got: 0 })?;
        let (mut before, mut after) = (first, first);
        for (part, hash) in pairs {
            if part.is_new {
                after = Hash::of_node(&after, hash);
            } else {
                before = Hash::of_node(hash, &before);
                after = Hash::of_node(hash, &after);
            }
        }
        check_root(old, before)?;
        check_root(new, after)
    }
}

fn check_length(expected: usize, got: usize) -> Result<(), ProofError> {
    if expected == got { Ok(()) } else { Err(ProofError::Length { expected, got }) }
}

fn check_root(tree: &Tree, found: Hash) -> Result<(), ProofError> {
    if tree.root == found { Ok(()) } else { Err(ProofError::Root { tree: *tree, found }) }
}

/// Where RFC 6962 splits `count` entries, of which there are at least two: the largest power of two below.
fn split(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The entries below each sibling on the way from entry `index` up.
fn siblings(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut found = Vec::new();
    let mut around = 0..size;
    while around.end - around.start > 1 {
        let middle = around.start + split(around.end - around.start);
        if index < middle {
            found.push(middle..around.end);
            around.end = middle;
        } else {
            found.push(around.start..middle);
            around.start = middle;
        }
    }
    found.reverse();
    found
}

/// A hash of a proof of consistency.
struct Part {
    /// The entries below it.
    range: Range<u64>,
    /// Whether they are all new.
    is_new: bool,
}

/// The hashes of the proof that `new` entries begin with `old` ones.
fn parts(old: u64, new: u64) -> Result<Vec<Part>, ProofError> {
    if old > new {
        return Err(ProofError::Order { old, new });
    }
    let mut found = Vec::new();
    if old == 0 {
        return Ok(found);
    }
    let mut around = 0..new;
    while around.end > old {
        let middle = around.start + split(around.end - around.start);
        if old <= middle {
            found.push(Part { range: middle..around.end, is_new: true });
            around.end = middle;
        } else {
            found.push(Part { range: around.start..middle, is_new: false });
            around.start = middle;
        }
    }
    // What is left ends where the older tree ends; it is the whole of that tree only if it also begins there.
    if around.start > 0 {
        found.push(Part { range: around, is_new: false });
    }
    found.reverse();
    Ok(found)
}

#[cfg(test)]
mod tests;
