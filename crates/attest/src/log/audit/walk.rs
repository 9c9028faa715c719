//! The way through the entries of a log, tile by tile.

use super::entries::Differences;
use super::recorded::{Recorded, Tower};
use super::{Audit, Finding};
use crate::log::TILE_WIDTH;
use crate::log::bundle::Entries;
use crate::log::frontier::{Filled, Frontier};
use crate::log::hash::{Hash, Tree, over};
use crate::log::path::{Kind, TilePath, count};
use crate::log::tiles::{Tiles, parse_bundle, read_bundle};

/// What is known of one tile of entries when both sides were looked at.
enum Best {
    /// The hashes of its entries, as they were signed for as far as anything tells.
    Hashes(Vec<Hash>),
    /// The hash of the full tile only.
    Above(Hash),
    /// Nothing.
    Unknown,
}

pub(super) struct Walk<'a> {
    tiles: &'a dyn Tiles,
    tree: Tree,
    /// A kept tree that is smaller than the audited one.
    older: Option<Tree>,
    /// The first `older.size` entries, as the log has them.
    then: Option<Tree>,
    tower: Tower<'a>,
    /// The tree of what is best known of every entry: the signed one, unless something is wrong that no tile tells.
    frontier: Frontier,
    differences: Differences,
    /// Tiles that differ from what lies below them, with nothing proved above.
    contradicted: Vec<TilePath>,
    /// Whether something was found that explains another root.
    explained: bool,
    audit: &'a mut Audit,
}

impl<'a> Walk<'a> {
    pub(super) fn new(tiles: &'a dyn Tiles, tree: Tree, older: Option<Tree>, audit: &'a mut Audit) -> Self {
        Self {
            tiles,
            tree,
            older,
            then: None,
            tower: Tower::new(tiles, &tree),
            frontier: Frontier::default(),
            differences: Differences::default(),
            contradicted: Vec::new(),
            explained: false,
            audit,
        }
    }

    pub(super) fn run(mut self, advance: &mut dyn FnMut(u64)) {
        self.compare_older();
        for index in 0..self.tree.size.div_ceil(TILE_WIDTH) {
            let recorded = self.tower.tile(0, index);
            let found = self.hash_entries(index);
            self.audit.entries += found.len() as u64;
            advance(found.len() as u64);
            self.report_unreadable();
            let filled = match self.judge(&recorded, found) {
                Best::Hashes(hashes) => hashes.into_iter().flat_map(|hash| self.push(hash)).collect(),
                Best::Above(hash) => self.frontier.push_tile(hash),
                Best::Unknown => {
                    // Nothing above can be computed any more; why is already told.
                    self.finish(false);
                    return;
                }
            };
            // The tile of entries' hashes was looked at; above, the tiles that became full are still to be.
            filled.iter().filter(|filled| filled.level > 0).for_each(|filled| self.compare_full(filled));
        }
        self.compare_edge();
        self.finish(true);
    }

    fn push(&mut self, hash: Hash) -> Vec<Filled> {
        let filled = self.frontier.push(hash);
        self.compare_older();
        filled
    }

    /// Takes the tree where it has as many entries as the kept one.
    fn compare_older(&mut self) {
        if self.older.is_some_and(|older| older.size == self.frontier.size()) {
            self.then = Some(self.frontier.tree());
        }
    }

    /// The hashes of the entries of a bundle, as far as it can be read.
    fn hash_entries(&mut self, index: u64) -> Vec<Hash> {
        let path = TilePath::in_tree(Kind::Entries, index, self.tree.size);
        let path = path.expect("where the tree has hashes it has entries");
        let read = match read_bundle(self.tiles, path) {
            Ok(read) => read,
            Err(error) => {
                self.tower.unreadable.push(error);
                return Vec::new();
            }
        };
        match parse_bundle(path, &read) {
            Ok(entries) => entries.into_iter().map(Hash::of_entry).collect(),
            Err(error) => {
                self.tower.unreadable.push(error);
                let entries = Entries::new(&read.bytes).map_while(Result::ok);
                entries.take(usize::from(path.width())).map(Hash::of_entry).collect()
            }
        }
    }

    fn report_unreadable(&mut self) {
        for error in std::mem::take(&mut self.tower.unreadable) {
            self.explained = true;
            self.audit.find(Finding::Unreadable(error));
        }
    }

    /// Compares a tile of hashes with those of its entries, says what is wrong, and gives what is best known.
    fn judge(&mut self, recorded: &Recorded, found: Vec<Hash>) -> Best {
        let whole = found.len() == usize::from(recorded.path.width());
        let borne_out = whole && recorded.expected.is_some() && over(&found) == recorded.expected;
        match &recorded.hashes {
            Some(hashes) if recorded.proved => {
                let start = recorded.path.index() * TILE_WIDTH;
                for (place, logged) in hashes.iter().enumerate() {
                    let found = found.get(place).copied();
                    if found != Some(*logged) {
                        self.differences.note(start + place as u64, *logged, found);
                    }
                }
                Best::Hashes(hashes.clone())
            }
            Some(_) if borne_out => {
                self.audit.find(Finding::Tile { path: recorded.path.to_string() });
                Best::Hashes(found)
            }
            None if borne_out => Best::Hashes(found),
            _ if recorded.expected.is_some() => {
                // Where entries are missing or their tile is, that was told, and it explains this.
                if whole && recorded.hashes.is_some() {
                    self.rewritten(recorded.path);
                }
                recorded.expected.map_or(Best::Unknown, Best::Above)
            }
            Some(hashes) if *hashes == found => Best::Hashes(found),
            Some(hashes) => {
                self.contradict(recorded.path);
                Best::Hashes(if whole { found } else { hashes.clone() })
            }
            None if whole => Best::Hashes(found),
            None => Best::Unknown,
        }
    }

    /// Compares a tile above that of entries' hashes with what lies below it.
    fn compare_full(&mut self, filled: &Filled) {
        let recorded = self.tower.tile(filled.level, filled.index);
        self.report_unreadable();
        if recorded.hashes.as_ref().is_none_or(|hashes| *hashes == filled.hashes) {
            if recorded.hashes.is_some() && recorded.expected.is_some() && !recorded.proved {
                self.rewritten(recorded.path);
            }
        } else if recorded.expected.is_some() && over(&filled.hashes) == recorded.expected {
            self.audit.find(Finding::Tile { path: recorded.path.to_string() });
        } else if !recorded.proved {
            self.contradict(recorded.path);
        }
    }

    /// Compares the tiles of the right edge above that of entries' hashes.
    fn compare_edge(&mut self) {
        let rows: Vec<Vec<Hash>> = self.frontier.levels().to_vec();
        for (level, row) in (0_u8..).zip(rows).skip(1).filter(|(_, row)| !row.is_empty()) {
            let recorded = self.tower.tile(level, count(level, self.tree.size) / TILE_WIDTH);
            self.report_unreadable();
            // Where a proved tile differs, what it follows from was told.
            if !recorded.proved && recorded.hashes.is_some_and(|hashes| hashes != row) {
                self.contradict(recorded.path);
            }
        }
    }

    fn contradict(&mut self, path: TilePath) {
        if self.contradicted.len() < super::MAX_FINDINGS {
            self.contradicted.push(path);
        } else {
            self.audit.omitted += 1;
        }
    }

    fn rewritten(&mut self, path: TilePath) {
        self.explained = true;
        let (first, last) = below(path, self.tree.size);
        self.audit.find(Finding::Rewritten { first, last, path: path.to_string() });
    }

    /// Judges what only the whole tells. `complete` says whether it was reached.
    fn finish(self, complete: bool) {
        let found = self.frontier.tree();
        let signed = complete && found == self.tree;
        let explained = self.explained || !self.differences.is_empty() || !self.contradicted.is_empty();
        self.differences.explain(self.tree.size, self.audit);
        for path in self.contradicted {
            let (first, last) = below(path, self.tree.size);
            let path = path.to_string();
            // If all entries together give the signed root, it is the tile that was changed.
            let finding =
                if signed { Finding::Tile { path } } else { Finding::Contradiction { first, last, path } };
            self.audit.find(finding);
        }
        let older = self.older.zip(self.then);
        let same = older.filter(|(older, then)| older == then).map_or(0, |(older, _)| older.size);
        if signed {
            if let Some((older, then)) = older.filter(|(older, then)| older != then) {
                self.audit.find(Finding::Forked { size: older.size, signed: older.root, found: then.root });
            }
        } else if complete && !explained {
            self.audit.find(Finding::Root {
                size: self.tree.size,
                signed: self.tree.root,
                found: found.root,
                borne_out: same,
            });
        }
    }
}

/// The entries below a tile of hashes.
fn below(path: TilePath, size: u64) -> (u64, u64) {
    let Kind::Hashes { level } = path.kind() else { return (0, size.saturating_sub(1)) };
    let each = TILE_WIDTH.saturating_pow(u32::from(level));
    let first = path.index().saturating_mul(TILE_WIDTH).saturating_mul(each);
    let end = first.saturating_add(each.saturating_mul(u64::from(path.width())));
    (first, end.min(size).saturating_sub(1))
}
