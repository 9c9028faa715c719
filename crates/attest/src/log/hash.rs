//! The hashes of RFC 6962, section 2.1, with SHA-256.

use std::fmt;
use std::ops::Range;

use base64ct::{Base64, Encoding as _};
use sha2::{Digest as _, Sha256};

/// Bytes of a hash.
pub const HASH_LENGTH: usize = 32;

/// Before an entry, so that no entry hashes like a node.
const LEAF_PREFIX: [u8; 1] = [0];

/// Before the two hashes of a node.
const NODE_PREFIX: [u8; 1] = [1];

/// The hash of an entry, a node or a tree.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash([u8; HASH_LENGTH]);

impl Hash {
    /// The hash with these bytes.
    pub const fn new(bytes: [u8; HASH_LENGTH]) -> Self {
        Self(bytes)
    }

    /// The hash of an entry.
    pub fn of_entry(entry: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(LEAF_PREFIX);
        hasher.update(entry);
        Self(hasher.finalize().into())
    }

    /// The hash of a node over its two children.
    pub fn of_node(left: &Self, right: &Self) -> Self {
        let mut bytes = [0; 1 + 2 * HASH_LENGTH];
        let (prefix, children) = bytes.split_at_mut(1);
        let (first, second) = children.split_at_mut(HASH_LENGTH);
        prefix.copy_from_slice(&NODE_PREFIX);
        first.copy_from_slice(&left.0);
        second.copy_from_slice(&right.0);
        Self(Sha256::digest(bytes).into())
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; HASH_LENGTH] {
        &self.0
    }

    /// Base 64 with padding, as checkpoints and proofs write it.
    pub fn to_base64(self) -> String {
        Base64::encode_string(&self.0)
    }

    /// The hash that `text` is in base 64 with padding, in the one spelling that [`Hash::to_base64`] gives.
    pub fn from_base64(text: &str) -> Option<Self> {
        let mut bytes = [0; HASH_LENGTH];
        let decoded = Base64::decode(text, &mut bytes).ok()?;
        (decoded.len() == HASH_LENGTH).then_some(Self(bytes))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_base64())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The head of a tree: how many entries it has and what they hash to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tree {
    /// The number of entries.
    pub size: u64,
    /// The Merkle tree hash over all of them.
    pub root: Hash,
}

impl Tree {
    /// The tree without entries; its root is SHA-256 of nothing.
    pub fn empty() -> Self {
        Self { size: 0, root: Hash(Sha256::digest([]).into()) }
    }
}

/// A complete subtree: `2^height` entries beginning at `index * 2^height`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) height: u32,
    pub(crate) index: u64,
}

/// The complete subtrees that entries `range` fall into, from left to right, at most 63. `range.start` must be a multiple of
/// the largest power of two below the range's length, as it is wherever RFC 6962 splits a tree.
pub(crate) fn nodes(range: Range<u64>) -> Vec<Node> {
    let mut found = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let height = (range.end - start).ilog2();
        found.push(Node { height, index: start >> height });
        start += 1 << height;
    }
    found
}

/// The hash over complete subtrees that follow each other and get smaller, from left to right. Nothing hashes to nothing.
pub(crate) fn fold(subtrees: impl DoubleEndedIterator<Item = Hash>) -> Option<Hash> {
    subtrees.rev().reduce(|right, left| Hash::of_node(&left, &right))
}

/// The hash over up to 256 neighbours at one level of tiles: of a full tile, what its place one level up holds.
pub(crate) fn over(hashes: &[Hash]) -> Option<Hash> {
    let mut row: Vec<Hash> = hashes.to_vec();
    while row.len() > 1 {
        // A last hash without a neighbour goes up as it is, which is how RFC 6962 splits.
        row = row
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => Hash::of_node(left, right),
                rest => rest.first().copied().unwrap_or(Hash([0; HASH_LENGTH])),
            })
            .collect();
    }
    row.first().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entries and roots that the first implementations of RFC 6962 test themselves with.
    const ENTRIES: [&[u8]; 8] = [
        &[],
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn hex(hash: Hash) -> String {
        hash.as_bytes().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    #[test]
    fn the_empty_tree_is_sha_256_of_nothing() {
        let expected = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(Tree::empty().root), expected);
    }

    #[test]
    fn the_published_roots_are_met() {
        let hashes: Vec<Hash> = ENTRIES.iter().map(|entry| Hash::of_entry(entry)).collect();
        for (count, expected) in (1..).zip(ROOTS) {
            assert_eq!(hex(over(&hashes[..count]).unwrap()), expected, "{count} entries");
            let subtrees = nodes(0..count as u64).into_iter().map(|node| {
                let start = (node.index << node.height) as usize;
                over(&hashes[start..start + (1 << node.height)]).unwrap()
            });
            let subtrees: Vec<Hash> = subtrees.collect();
            assert_eq!(hex(fold(subtrees.into_iter()).unwrap()), expected, "{count} entries");
        }
        assert_eq!((over(&[]), fold([].into_iter())), (None, None));
    }

    #[test]
    fn base64_has_one_spelling() {
        let hash = Hash::of_entry(b"entry");
        let text = hash.to_base64();
        assert_eq!(Hash::from_base64(&text), Some(hash));
        let unpadded = text.trim_end_matches('=').to_owned();
        let mut loose = unpadded.clone();
        let last = loose.pop().unwrap();
        // Another last digit with the same leading four bits: the other two bits are unused and must be zero.
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let place = alphabet.find(last).unwrap();
        loose.push(alphabet.chars().nth(place + 1).unwrap());
        loose.push('=');
        for wrong in [unpadded, loose, format!("{text}\n"), text[4..].to_owned(), String::new()] {
            assert_eq!(Hash::from_base64(&wrong), None, "{wrong:?}");
        }
    }
}
