use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::prelude::*;
use sha2::Sha256;

use super::*;
use crate::log::hash::HASH_LENGTH;
use crate::log::testing::{Counted, Log, entry, root};

/// The trees of 0 to `size` entries, and a log that was each of them.
fn trees(size: u64) -> (Vec<Tree>, Log) {
    let hashes: Vec<Hash> = (0..size).map(|index| Hash::of_entry(&entry(index))).collect();
    let tree = |size: u64| Tree { size, root: root(&hashes[..size as usize]) };
    let mut log = Log::new();
    (0..=size).for_each(|size| log.grow_to(size));
    ((0..=size).map(tree).collect(), log)
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Another implementation of RFC 6962 makes the same proofs, for every entry and every size.
#[test]
fn proofs_are_those_of_another_implementation() {
    let (trees, log) = trees(300);
    let mut other = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    for (new, size) in trees.iter().zip(0..) {
        if size > 0 {
            other.push(entry(size - 1));
        }
        assert_eq!(other.root().as_bytes()[..], new.root.as_bytes()[..]);
        for index in 0..size {
            let proof = Inclusion::prove(&log.files, new, index).unwrap();
            assert_eq!(bytes(&proof.hashes), other.prove_inclusion(index as usize).as_bytes());
        }
        for old in trees.iter().take(size as usize).skip(1) {
            let proof = Consistency::prove(&log.files, old, new).unwrap();
            let added = (new.size - old.size) as usize;
            assert_eq!(bytes(&proof.hashes), other.prove_consistency(added).as_bytes());
        }
    }
}

#[test]
fn a_tree_begins_with_itself_and_with_nothing() {
    let (trees, log) = trees(7);
    for tree in &trees {
        for old in [tree, &Tree::empty()] {
            let proof = Consistency::prove(&log.files, old, tree).unwrap();
            assert!(proof.hashes.is_empty());
        }
    }
    let none = Consistency { hashes: Vec::new() };
    let other = Tree { size: 7, root: trees[6].root };
    assert!(matches!(none.verify(&other, &trees[7]), Err(ProofError::Root { .. })));
    let other = Tree { size: 0, root: trees[6].root };
    assert!(matches!(none.verify(&other, &trees[7]), Err(ProofError::Root { .. })));
    assert_eq!(none.verify(&trees[7], &trees[6]), Err(ProofError::Order { old: 7, new: 6 }));
}

#[test]
fn nothing_proves_another_entry_index_or_tree() {
    let (trees, log) = trees(70);
    for tree in &trees[1..] {
        for index in 0..tree.size {
            let hash = Hash::of_entry(&entry(index));
            let proof = Inclusion::prove(&log.files, tree, index).unwrap();
            assert!(proof.verify(&Hash::of_entry(b"other"), tree).is_err());
            for other in (0..=tree.size).filter(|other| *other != index) {
                let moved = Inclusion { index: other, ..proof.clone() };
                assert!(moved.verify(&hash, tree).is_err(), "{index} as {other} of {}", tree.size);
            }
            for other in trees.iter().filter(|other| other.size != tree.size) {
                assert!(proof.verify(&hash, other).is_err(), "{index} of {} in {}", tree.size, other.size);
            }
        }
    }
}

/// A tree of 20,000,000 entries would not fit a test; that of 70,000 has three levels, and more levels read in the same way.
#[test]
fn proofs_read_two_tiles_of_each_level_at_most() {
    let log = Log::of(70_000);
    let levels = 3;
    for index in [0, 255, 256, 33_333, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let counted = Counted::new(&log.files);
        Inclusion::prove(&counted, &log.tree, index).unwrap();
        let read = counted.read.into_inner();
        assert!(read.len() <= 2 * levels, "{index}: {read:?}");
        assert!(read.iter().all(|path| !path.contains("entries")), "{read:?}");
    }
    for size in [1, 255, 256, 300, 65_535, 65_536, 65_793, 69_999] {
        let old = Log::of(size).tree;
        let counted = Counted::new(&log.files);
        Consistency::prove(&counted, &old, &log.tree).unwrap();
        let read = counted.read.into_inner();
        assert!(read.len() <= 2 * levels, "{size}: {read:?}");
    }
}

#[test]
fn damaged_tiles_make_no_proof() {
    let mut log = Log::of(300);
    let old = Log::of(100).tree;
    assert_eq!(
        Inclusion::prove(&log.files, &log.tree, 300),
        Err(ProofError::Index { index: 300, size: 300 })
    );
    log.files.get_mut("tile/0/000").unwrap()[7 * HASH_LENGTH] ^= 1;
    assert!(matches!(Inclusion::prove(&log.files, &log.tree, 6), Err(ProofError::Root { .. })));
    assert!(matches!(Inclusion::prove(&log.files, &log.tree, 7), Err(ProofError::Root { .. })));
    assert!(matches!(Consistency::prove(&log.files, &old, &log.tree), Err(ProofError::Root { .. })));
    log.files.remove("tile/0/000");
    assert!(matches!(Inclusion::prove(&log.files, &log.tree, 7), Err(ProofError::Tile(_))));
}

/// Sizes that nobody has are refused or proved without a panic: checkpoints are untrusted.
#[test]
fn the_largest_sizes_are_computed_with() {
    let log = Log::of(1);
    for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) - 1] {
        let tree = Tree { size, ..log.tree };
        for index in [0, 1, size / 2, size - 1] {
            assert!(matches!(Inclusion::prove(&log.files, &tree, index), Err(ProofError::Tile(_))));
            let proof = Inclusion { index, hashes: vec![log.tree.root; 63] };
            assert!(proof.verify(&log.tree.root, &tree).is_err());
        }
        assert!(matches!(Consistency::prove(&log.files, &log.tree, &tree), Err(ProofError::Tile(_))));
    }
}

proptest! {
    #[test]
    fn a_changed_proof_proves_nothing(old in 1_u64..300, added in 1_u64..300, place: prop::sample::Index, bit in 0..256_usize) {
        let log = Log::of(old + added);
        let before = Log::of(old).tree;
        let flip = |hashes: &[Hash]| {
            let mut hashes = hashes.to_vec();
            let hash = place.get(&hashes);
            let mut bytes = *hash.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let index = place.index(hashes.len());
            hashes[index] = Hash::new(bytes);
            hashes
        };
        let inclusion = Inclusion::prove(&log.files, &log.tree, old).unwrap();
        let hash = Hash::of_entry(&entry(old));
        let changed = Inclusion { hashes: flip(&inclusion.hashes), ..inclusion.clone() };
        prop_assert!(changed.verify(&hash, &log.tree).is_err());
        let consistency = Consistency::prove(&log.files, &before, &log.tree).unwrap();
        let changed = Consistency { hashes: flip(&consistency.hashes) };
        prop_assert!(changed.verify(&before, &log.tree).is_err());
        for longer in [true, false] {
            let resize = |mut hashes: Vec<Hash>| {
                if longer { hashes.push(hash) } else { hashes.truncate(hashes.len() - 1) }
                hashes
            };
            let inclusion = Inclusion { hashes: resize(inclusion.hashes.clone()), ..inclusion.clone() };
            let refused = inclusion.verify(&hash, &log.tree);
            prop_assert!(matches!(refused, Err(ProofError::Length { .. })), "{:?}", refused);
            let consistency = Consistency { hashes: resize(consistency.hashes.clone()) };
            let refused = consistency.verify(&before, &log.tree);
            prop_assert!(matches!(refused, Err(ProofError::Length { .. })), "{:?}", refused);
        }
    }
}
