//! Everything checked again, offline: each entry hashed, each tile compared with what the entries give, the roots of signed
//! checkpoints. What is wrong is a [`Finding`] that names the entry or the tile.
//!
//! Two things say what an entry was. **From above**, the signed root bears out the tiles at the right edge, these the full tiles
//! below them, and so on: a tile that the signature reaches in this way is proved, and whatever differs from it was changed.
//! **From below**, entries hash to tiles. Where a tile is not proved but the entries give the hash that a proved tile has for
//! it, the entries are right and the tile was changed. So one damaged file is named, and nothing that only follows from it.
//!
//! Files are read once, in the order of entries. In memory are one bundle and one tile of each level, at most eight, so that
//! the size of a log does not matter.

mod entries;
mod finding;
mod recorded;
#[cfg(test)]
mod tests;
mod walk;

pub use finding::{Finding, Signer};

use super::CHECKPOINT_PATH;
use super::checkpoint::Checkpoint;
use super::hash::Tree;
use super::key::VerifierKey;
use super::note::MAX_NOTE;
use super::tiles::{TileError, TileProblem, Tiles};
use walk::Walk;

/// The most findings that are kept; more are counted.
pub const MAX_FINDINGS: usize = 1000;

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// The signed tree that the files were compared with; `None` if there was none to believe.
    pub tree: Option<Tree>,
    /// Entries that were hashed again.
    pub entries: u64,
    /// What is wrong, in the order of entries, what concerns the whole log last.
    pub findings: Vec<Finding>,
    /// Findings beyond [`MAX_FINDINGS`].
    pub omitted: u64,
}

impl Audit {
    /// Whether every file is as it was signed for.
    pub fn is_intact(&self) -> bool {
        self.findings.is_empty() && self.omitted == 0
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.omitted += 1;
        }
    }
}

/// Audits the log `origin` with `key`: the files in `tiles` against the checkpoint among them, and both against `kept`, a
/// checkpoint of the same log that somebody kept elsewhere, older, equal or newer. Only `kept` shows that a log was shortened
/// or rewritten by who has the key. `advance` is told of every number of entries done.
pub fn audit(
    tiles: &dyn Tiles,
    origin: &str,
    key: &VerifierKey,
    kept: Option<&[u8]>,
    advance: &mut dyn FnMut(u64),
) -> Audit {
    let mut audit = Audit { tree: None, entries: 0, findings: Vec::new(), omitted: 0 };
    let own = read_checkpoint(tiles, &mut audit);
    let mut open = |signer, bytes: Option<&[u8]>| match Checkpoint::open(bytes?, origin, key) {
        Ok(checkpoint) => Some(checkpoint.tree),
        Err(error) => {
            audit.find(Finding::Checkpoint { signer, error });
            None
        }
    };
    let (own, kept) = (open(Signer::Log, own.as_deref()), open(Signer::Kept, kept));
    audit.tree = own.or(kept);
    let Some(tree) = audit.tree else { return audit };
    if let Some(kept) = kept {
        if kept.size > tree.size {
            audit.find(Finding::Shortened { size: tree.size, signed: kept.size });
        } else if kept.size == tree.size && kept.root != tree.root {
            audit.find(Finding::Forked { size: tree.size, signed: kept.root, found: tree.root });
        }
    }
    let older = kept.filter(|kept| kept.size < tree.size);
    Walk::new(tiles, tree, older, &mut audit).run(advance);
    audit
}

fn read_checkpoint(tiles: &dyn Tiles, audit: &mut Audit) -> Option<Vec<u8>> {
    let problem = match tiles.read(CHECKPOINT_PATH, MAX_NOTE) {
        Ok(Some(bytes)) => return Some(bytes),
        Ok(None) => TileProblem::Missing,
        Err(source) => TileProblem::Read { message: source.to_string() },
    };
    audit.find(Finding::Unreadable(TileError { path: CHECKPOINT_PATH.to_owned(), problem }));
    None
}
