//! Which objects a store holds and where: the indexes of all packs, joined in memory.
//!
//! About a hundred bytes for each object and eight for each mebibyte. It is never written: the indexes beside the packs
//! are the truth.

use std::collections::{HashMap, HashSet};

use reproof_codec::{Element, MAX_DEPTH};

use crate::pack::{Block, Entry, block_count};

/// The objects of a store.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    packs: Vec<String>,
    /// Names of packs in `packs`, so that none is added twice.
    known: HashSet<String>,
    objects: HashMap<[u8; 32], Vec<Stored>>,
}

/// One encoding of an object: usually the only one, complete and in one pack.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    /// The object's bytes.
    pub(crate) length: u64,
    /// What they are.
    pub(crate) element: Element,
    /// The object that blocks may be differences from.
    pub(crate) base: Option<[u8; 32]>,
    /// How many bases lie below.
    pub(crate) depth: u8,
    /// Checkpoints since the whole object was written.
    pub(crate) steps: u8,
    /// The push that wrote it.
    pub(crate) session: u32,
    /// Runs of blocks, by the number of their first.
    pub(crate) pieces: Vec<Piece>,
}

/// Blocks that follow each other in one pack.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    /// The number of the pack.
    pub(crate) pack: u32,
    /// Where the first block lies.
    pub(crate) offset: u64,
    /// The number of the first block in the object.
    pub(crate) first: u32,
    /// The blocks.
    pub(crate) blocks: Vec<Block>,
}

impl Stored {
    /// Whether every block is there.
    pub(crate) fn complete(&self) -> bool {
        let mut next = 0;
        self.pieces.iter().all(|piece| {
            let follows = piece.first == next;
            next += piece.blocks.len() as u32;
            follows
        }) && u64::from(next) == block_count(self.length)
    }

    fn takes(&self, entry: &Entry) -> bool {
        self.session == entry.session
            && self.base == entry.base
            && self.element == entry.element
            && self.length == entry.length
            && self.pieces.iter().all(|piece| piece.first != entry.first)
    }
}

impl Catalog {
    /// Adds what a pack holds; a pack that is known already adds nothing.
    pub(crate) fn add(&mut self, pack: &str, entries: Vec<Entry>) {
        if !self.known.insert(pack.to_owned()) {
            return;
        }
        let number = self.packs.len() as u32;
        self.packs.push(pack.to_owned());
        for entry in entries {
            let copies = self.objects.entry(entry.digest).or_default();
            let copy = copies.iter().position(|copy| !copy.complete() && copy.takes(&entry));
            let copy = copy.unwrap_or_else(|| {
                let Entry { length, element, base, depth, steps, session, .. } = entry;
                copies.push(Stored { length, element, base, depth, steps, session, pieces: Vec::new() });
                copies.len() - 1
            });
            let Entry { offset, first, blocks, .. } = entry;
            let pieces = &mut copies[copy].pieces;
            pieces.push(Piece { pack: number, offset, first, blocks });
            pieces.sort_by_key(|piece| piece.first);
        }
    }

    /// The complete encoding of an object with the fewest bases below it, all of which are there too: a difference outlives
    /// its base where nobody needs it, and is nothing then.
    pub(crate) fn find(&self, digest: &[u8; 32]) -> Option<&Stored> {
        self.resolve(digest, MAX_DEPTH)
    }

    fn resolve(&self, digest: &[u8; 32], levels: u8) -> Option<&Stored> {
        let rests = |copy: &&Stored| match &copy.base {
            None => true,
            Some(base) => levels > 0 && self.resolve(base, levels - 1).is_some(),
        };
        let copies = self.objects.get(digest)?.iter().filter(|copy| copy.complete());
        copies.filter(rests).min_by_key(|copy| copy.depth)
    }

    /// The name of a pack by its number.
    pub(crate) fn pack(&self, number: u32) -> &str {
        &self.packs[number as usize]
    }

    /// Every encoding of every object.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u8; 32], &Stored)> {
        self.objects.iter().flat_map(|(digest, copies)| copies.iter().map(move |copy| (digest, copy)))
    }

    /// A catalog without some packs: what would be left if they were gone.
    pub(crate) fn without(&self, gone: &HashSet<&str>) -> Self {
        let mut left = Self { packs: self.packs.clone(), known: self.known.clone(), objects: HashMap::new() };
        for (digest, copies) in &self.objects {
            let kept = copies
                .iter()
                .filter(|copy| copy.pieces.iter().all(|piece| !gone.contains(self.pack(piece.pack))));
            let kept: Vec<Stored> = kept.cloned().collect();
            if !kept.is_empty() {
                left.objects.insert(*digest, kept);
            }
        }
        left
    }
}
