//! The right edge of a tree: what is needed to grow it and to hash it.

use super::TILE_WIDTH;
use super::hash::{Hash, Tree, over};
use super::path::{Kind, TilePath, levels};
use super::tiles::{TileError, Tiles, read_hashes};

/// The hashes of the rightmost tile of each level that is not full yet, from the lowest level. It is bounded: at most eight
/// levels with less than 256 hashes each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frontier {
    levels: Vec<Vec<Hash>>,
    size: u64,
}

/// A tile that became full.
pub(crate) struct Filled {
    pub(crate) level: u8,
    pub(crate) index: u64,
    pub(crate) hashes: Vec<Hash>,
}

impl Frontier {
    /// The edge of the tree of `size` entries, as its tiles have it.
    pub(crate) fn read(tiles: &dyn Tiles, size: u64) -> Result<Self, TileError> {
        let read = |level| {
            let index = super::path::count(level, size) / TILE_WIDTH;
            match TilePath::in_tree(Kind::Hashes { level }, index, size) {
                Some(path) => read_hashes(tiles, path),
                None => Ok(Vec::new()),
            }
        };
        Ok(Self { levels: levels(size).map(read).collect::<Result<_, _>>()?, size })
    }

    /// The number of entries.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// The levels from the lowest, each with the hashes of its tile that is not full.
    pub(crate) fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Adds the hash of the next entry; gives the tiles that this fills, from the lowest.
    pub(crate) fn push(&mut self, hash: Hash) -> Vec<Filled> {
        self.size += 1;
        self.push_at(0, hash)
    }

    /// Adds the hash of the next 256 entries, where the level of entries ends with a full tile.
    pub(crate) fn push_tile(&mut self, hash: Hash) -> Vec<Filled> {
        debug_assert!(self.levels.first().is_none_or(Vec::is_empty), "tiles follow full tiles");
        self.size += TILE_WIDTH;
        self.push_at(1, hash)
    }

    fn push_at(&mut self, mut level: usize, mut hash: Hash) -> Vec<Filled> {
        let mut filled = Vec::new();
        loop {
            if self.levels.len() <= level {
                self.levels.resize_with(level + 1, Vec::new);
            }
            let Some(row) = self.levels.get_mut(level) else { return filled };
            row.push(hash);
            if (row.len() as u64) < TILE_WIDTH {
                return filled;
            }
            let hashes = std::mem::take(row);
            let Some(above) = over(&hashes) else { return filled };
            let index = super::path::count(level as u8, self.size) / TILE_WIDTH - 1;
            filled.push(Filled { level: level as u8, index, hashes });
            hash = above;
            level += 1;
        }
    }

    /// The head of the tree as it is now.
    pub(crate) fn tree(&self) -> Tree {
        // At each level the incomplete rest of the levels below is the last of its neighbours: RFC 6962 splits there.
        let mut rest = None;
        for row in &self.levels {
            let mut row = row.clone();
            row.extend(rest);
            rest = over(&row);
        }
        rest.map_or_else(Tree::empty, |root| Tree { size: self.size, root })
    }
}
