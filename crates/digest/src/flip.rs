//! Finds the one bit whose flip gives bytes a known digest: what damage on a disk or in memory did can be proved, and undone,
//! without the bytes that were there before.

use blake3::hazmat::{
    ChainingValue, HasherExt as _, Mode, left_subtree_len, merge_subtrees_non_root, merge_subtrees_root,
};
use rayon::prelude::*;

use crate::{Digest, Kind};

/// The most bytes that are searched: each of their bits costs one chunk and the way to the root, some seconds in all.
pub const LARGEST: usize = 512 << 10;

/// Bytes of a leaf of BLAKE3's tree.
const CHUNK: usize = 1024;

/// One bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flip {
    /// The byte that it is in.
    pub byte: usize,
    /// Its place there, 0 for the lowest.
    pub bit: u32,
}

/// The bit of `bytes` whose flip gives a [`Kind::Blob`] digest that `matches`. Nothing if there is none, if there are more
/// than [`LARGEST`] bytes, or if `stop` says that time is over.
pub fn find(
    bytes: &[u8],
    matches: &(dyn Fn(&Digest) -> bool + Sync),
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Flip> {
    if bytes.len() > LARGEST {
        return None;
    }
    let mut paths = Vec::new();
    walk(bytes, 0, &mut Vec::new(), &mut paths);
    bytes.par_chunks(CHUNK).zip(&paths).enumerate().find_map_any(|(number, (chunk, path))| {
        let mut changed = chunk.to_vec();
        for byte in 0..chunk.len() {
            if stop() {
                return None;
            }
            for bit in 0..8 {
                changed[byte] ^= 1 << bit;
                let found = matches(&root(&changed, number, path));
                changed[byte] ^= 1 << bit;
                if found {
                    return Some(Flip { byte: number * CHUNK + byte, bit });
                }
            }
        }
        None
    })
}

/// What a node is merged with on its way to the root.
#[derive(Clone, Copy)]
enum Sibling {
    Left(ChainingValue),
    Right(ChainingValue),
}

/// Notes for every chunk of `bytes`, which begin at `offset`, its siblings from the root down to it; gives the subtree's value.
fn walk(bytes: &[u8], offset: usize, above: &mut Vec<Sibling>, paths: &mut Vec<Vec<Sibling>>) {
    if bytes.len() <= CHUNK {
        paths.push(above.clone());
        return;
    }
    let (left, right) = halves(bytes);
    let middle = offset + left.len();
    above.push(Sibling::Right(value(right, middle)));
    walk(left, offset, above, paths);
    above.pop();
    above.push(Sibling::Left(value(left, offset)));
    walk(right, middle, above, paths);
    above.pop();
}

fn halves(bytes: &[u8]) -> (&[u8], &[u8]) {
    let middle = usize::try_from(left_subtree_len(bytes.len() as u64)).unwrap_or(usize::MAX);
    bytes.split_at(middle.min(bytes.len()))
}

/// The value of a subtree that is not the root.
fn value(bytes: &[u8], offset: usize) -> ChainingValue {
    if bytes.len() <= CHUNK {
        return leaf(bytes, offset);
    }
    let (left, right) = halves(bytes);
    merge_subtrees_non_root(&value(left, offset), &value(right, offset + left.len()), Mode::Hash)
}

fn leaf(chunk: &[u8], offset: usize) -> ChainingValue {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset(offset as u64);
    hasher.update(chunk);
    hasher.finalize_non_root()
}

/// The digest of the whole, with this content in one chunk.
fn root(chunk: &[u8], number: usize, path: &[Sibling]) -> Digest {
    let Some((top, below)) = path.split_first() else {
        return Digest::new(Kind::Blob, *blake3::hash(chunk).as_bytes());
    };
    let node = below.iter().rev().fold(leaf(chunk, number * CHUNK), |node, sibling| match sibling {
        Sibling::Left(left) => merge_subtrees_non_root(left, &node, Mode::Hash),
        Sibling::Right(right) => merge_subtrees_non_root(&node, right, Mode::Hash),
    });
    let whole = match top {
        Sibling::Left(left) => merge_subtrees_root(left, &node, Mode::Hash),
        Sibling::Right(right) => merge_subtrees_root(&node, right, Mode::Hash),
    };
    Digest::new(Kind::Blob, *whole.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob;

    fn made(length: usize) -> Vec<u8> {
        (0..length).map(|place| (place * 31 + place / 256 * 7) as u8).collect()
    }

    #[test]
    fn a_flipped_bit_is_found_wherever_it_is() {
        for length in [1, 64, 1023, 1024, 1025, 2048, 3 * 1024 + 5, 5 * 1024] {
            let whole = made(length);
            let recorded = blob(&whole);
            for flip in [
                Flip { byte: 0, bit: 7 },
                Flip { byte: length / 2, bit: 3 },
                Flip { byte: length - 1, bit: 0 },
            ] {
                let mut damaged = whole.clone();
                damaged[flip.byte] ^= 1 << flip.bit;
                let found = find(&damaged, &|digest| *digest == recorded, &|| false);
                assert_eq!(found, Some(flip), "{length} bytes");
            }
        }
    }

    #[test]
    fn other_bytes_are_none_that_one_bit_makes() {
        let (whole, mut other) = (made(3000), made(3000));
        other[7] ^= 3;
        let recorded = blob(&whole);
        assert_eq!(find(&other, &|digest| *digest == recorded, &|| false), None);
        assert_eq!(find(&[], &|digest| *digest == recorded, &|| false), None);
        assert_eq!(find(&whole, &|_| true, &|| true), None, "no time");
    }
}
