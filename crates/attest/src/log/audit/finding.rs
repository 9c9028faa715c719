//! What can be wrong with a log.

use crate::log::checkpoint::CheckpointError;
use crate::log::hash::Hash;
use crate::log::tiles::TileError;

/// Which checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signer {
    /// The one among the log's files.
    Log,
    /// The one that was kept elsewhere.
    Kept,
}

impl std::fmt::Display for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Log => "the log's checkpoint",
            Self::Kept => "the kept checkpoint",
        })
    }
}

/// Something that is not as it was signed for. It is a value, not a failure: the audit went on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Finding {
    /// A checkpoint is not signed by the log's key, or is not one of this log.
    #[error("{signer}: {error}")]
    Checkpoint {
        /// Which one.
        signer: Signer,
        /// What is wrong with it.
        error: CheckpointError,
    },
    /// The log has fewer entries than it once signed for: the last ones were removed.
    #[error("entries {size} to {} were removed: a checkpoint of {signed} entries was signed", signed - 1)]
    Shortened {
        /// The entries of its checkpoint; the first that was removed.
        size: u64,
        /// The entries of the kept checkpoint.
        signed: u64,
    },
    /// The log's key signed two histories.
    #[error(
        "two histories were signed: the first {size} entries have the root {found}, a checkpoint says {signed}"
    )]
    Forked {
        /// The entries that both are about.
        size: u64,
        /// The root in the kept checkpoint.
        signed: Hash,
        /// The root of the log.
        found: Hash,
    },
    /// An entry is another one than was logged.
    #[error("entry {index} is not the one that was logged: `{path}` was edited")]
    Edited {
        /// The entry.
        index: u64,
        /// Its bundle.
        path: String,
    },
    /// An entry is where another one was logged.
    #[error("entry {index} was logged as entry {logged}: `{path}` was reordered")]
    Moved {
        /// Where it is.
        index: u64,
        /// Where it belongs.
        logged: u64,
        /// The bundle where it is.
        path: String,
    },
    /// An entry is nowhere.
    #[error("entry {index} was logged and is gone from `{path}`")]
    Lost {
        /// The entry.
        index: u64,
        /// Its bundle.
        path: String,
    },
    /// A tile of hashes was changed, and the entries are as they were signed for.
    #[error("`{path}` is not what the entries give: it was changed; the entries are as they were signed for")]
    Tile {
        /// The tile.
        path: String,
    },
    /// Entries were changed together with the tiles that have their hashes.
    #[error("one of the entries {first} to {last} was changed, and `{path}` with it")]
    Rewritten {
        /// The first entry that can be the one.
        first: u64,
        /// The last entry that can be the one.
        last: u64,
        /// The tile that was changed with it.
        path: String,
    },
    /// Entries and a tile contradict each other, and nothing that is signed says which is right.
    #[error(
        "entries {first} to {last} do not give `{path}`, and no signature tells which of them was changed"
    )]
    Contradiction {
        /// The first entry below the tile.
        first: u64,
        /// The last entry below the tile.
        last: u64,
        /// The tile.
        path: String,
    },
    /// A file is missing, cut, too long or could not be read.
    #[error(transparent)]
    Unreadable(#[from] TileError),
    /// Entries and tiles agree with each other and not with the signature: all were changed together.
    #[error(
        "the {size} entries have the root {found}, signed is {signed}; the first {borne_out} are borne out by the kept checkpoint"
    )]
    Root {
        /// The entries.
        size: u64,
        /// The root that was signed.
        signed: Hash,
        /// The root that they have.
        found: Hash,
        /// How many entries from the first the kept checkpoint bears out; 0 without one.
        borne_out: u64,
    },
}
