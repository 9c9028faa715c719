//! Entries that differ from a proved tile: edited, moved or gone.

use std::collections::HashMap;

use super::{Audit, Finding, MAX_FINDINGS};
use crate::log::TILE_WIDTH;
use crate::log::hash::Hash;
use crate::log::path::{Kind, TilePath};

/// Differences that are kept to be told apart at the end; more are counted. A moved entry makes two.
const MAX_DIFFERENCES: usize = 4 * MAX_FINDINGS;

/// An entry that is not the logged one.
struct Difference {
    index: u64,
    logged: Hash,
    found: Option<Hash>,
}

/// All of them, as far as they are kept.
#[derive(Default)]
pub(super) struct Differences {
    kept: Vec<Difference>,
    omitted: u64,
}

impl Differences {
    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Notes that the entry `index`, whose hash was `logged`, hashes to `found` now, or is not there.
    pub(super) fn note(&mut self, index: u64, logged: Hash, found: Option<Hash>) {
        if self.kept.len() < MAX_DIFFERENCES {
            self.kept.push(Difference { index, logged, found });
        } else {
            self.omitted += 1;
        }
    }

    /// Tells what happened to each.
    pub(super) fn explain(self, size: u64, audit: &mut Audit) {
        let logged_at: HashMap<Hash, u64> = self.kept.iter().map(|one| (one.logged, one.index)).collect();
        let found_at: HashMap<Hash, u64> =
            self.kept.iter().filter_map(|one| Some((one.found?, one.index))).collect();
        for Difference { index, logged, found } in self.kept {
            let path = TilePath::in_tree(Kind::Entries, index / TILE_WIDTH, size);
            let path = path.map(|path| path.to_string()).unwrap_or_default();
            match found.map(|found| logged_at.get(&found)) {
                Some(Some(logged)) => {
                    audit.find(Finding::Moved { index, logged: *logged, path: path.clone() });
                }
                Some(None) => {
                    audit.find(Finding::Edited { index, path });
                    continue;
                }
                None => {}
            }
            if !found_at.contains_key(&logged) {
                audit.find(Finding::Lost { index, path });
            }
        }
        audit.omitted += self.omitted;
    }
}
