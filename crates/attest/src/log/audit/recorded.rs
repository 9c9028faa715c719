//! What the tiles say, and whether the signed root bears them out: from the right edge down.

use crate::log::TILE_WIDTH;
use crate::log::frontier::Frontier;
use crate::log::hash::{Hash, Tree, over};
use crate::log::path::{Kind, TilePath};
use crate::log::tiles::{TileError, Tiles, read_hashes};

/// A tile of hashes.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    pub(super) path: TilePath,
    /// What it holds, if it can be read.
    pub(super) hashes: Option<Vec<Hash>>,
    /// Whether the signed root bears it out.
    pub(super) proved: bool,
    /// The hash that a proved tile has for it, if it is full.
    pub(super) expected: Option<Hash>,
}

/// The tiles of one tree, of each level the one that was asked for last.
pub(super) struct Tower<'a> {
    tiles: &'a dyn Tiles,
    size: u64,
    edge_holds: bool,
    levels: Vec<Option<Recorded>>,
    /// Tiles that could not be read since this was last taken.
    pub(super) unreadable: Vec<TileError>,
}

impl<'a> Tower<'a> {
    pub(super) fn new(tiles: &'a dyn Tiles, tree: &Tree) -> Self {
        // A tile of the edge that cannot be read is found again, and reported, when it is asked for.
        let edge_holds = Frontier::read(tiles, tree.size).is_ok_and(|frontier| frontier.tree() == *tree);
        Self { tiles, size: tree.size, edge_holds, levels: Vec::new(), unreadable: Vec::new() }
    }

    /// The tile `index` of `level`, which the tree has.
    pub(super) fn tile(&mut self, level: u8, index: u64) -> Recorded {
        let place = usize::from(level);
        let kept = self.levels.get(place).and_then(Option::as_ref);
        if let Some(recorded) = kept.filter(|recorded| recorded.path.index() == index) {
            return recorded.clone();
        }
        let recorded = self.load(level, index);
        if self.levels.len() <= place {
            self.levels.resize(place + 1, None);
        }
        if let Some(kept) = self.levels.get_mut(place) {
            *kept = Some(recorded.clone());
        }
        recorded
    }

    fn load(&mut self, level: u8, index: u64) -> Recorded {
        let path = TilePath::in_tree(Kind::Hashes { level }, index, self.size);
        let path = path.expect("only tiles of the tree are asked for");
        let hashes = read_hashes(self.tiles, path).map_err(|error| self.unreadable.push(error)).ok();
        if !path.is_full() {
            return Recorded { path, proved: self.edge_holds && hashes.is_some(), hashes, expected: None };
        }
        let above = self.tile(level + 1, index / TILE_WIDTH);
        let place = (index % TILE_WIDTH) as usize;
        let expected = above.hashes.filter(|_| above.proved).and_then(|hashes| hashes.get(place).copied());
        let proved = expected.is_some() && hashes.as_deref().and_then(over) == expected;
        Recorded { path, hashes, proved, expected }
    }
}
