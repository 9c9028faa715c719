//! An append-only log whose history cannot be changed unseen: a Merkle tree of entries, kept as static files.
//!
//! The formats are those of C2SP, so that any client of such logs reads ours: [tlog-tiles] for files, [signed-note] and
//! [tlog-checkpoint] for what is signed, [tlog-proof] for a proof in a file, and the hashes of RFC 6962 with SHA-256.
//!
//! * [`hash`]: hashes of entries, nodes and trees.
//! * [`path`]: which file holds which hashes or entries.
//! * [`bundle`]: the file of up to 256 entries.
//! * [`tiles`]: reading the files; where they lie is the caller's.
//! * [`append`](mod@append): the next tree and the files to write for it.
//! * [`proof`]: an entry is in a tree; a tree begins like an older one.
//! * [`note`], [`key`] and [`checkpoint`]: the signed head of a tree.
//! * [`receipt`]: a proof of inclusion with its checkpoint as one text.
//! * [`audit`](mod@audit): everything checked again, and what is wrong named.
//!
//! Everything here is pure: bytes come from a [`Tiles`], and what to write is a list of files. Files are written in the
//! order of that list and the signed checkpoint last, so that whoever sees a checkpoint finds what it promises. The same
//! entries always give the same files, so writing them twice does no harm.
//!
//! [tlog-tiles]: https://c2sp.org/tlog-tiles
//! [signed-note]: https://c2sp.org/signed-note
//! [tlog-checkpoint]: https://c2sp.org/tlog-checkpoint
//! [tlog-proof]: https://c2sp.org/tlog-proof

pub mod append;
pub mod audit;
pub mod bundle;
pub mod checkpoint;
mod decimal;
mod frontier;
pub mod hash;
pub mod key;
pub mod note;
pub mod path;
pub mod proof;
pub mod receipt;
pub mod tiles;

#[cfg(test)]
mod testing;

pub use append::{AppendError, Appended, File, append};
pub use audit::{Audit, Finding, audit};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use hash::{Hash, Tree};
pub use key::{KeyError, SignerKey, VerifierKey};
pub use note::{Note, NoteError, Signature};
pub use path::TilePath;
pub use proof::{Consistency, Inclusion, ProofError};
pub use receipt::{Receipt, ReceiptError};
pub use tiles::{TileError, Tiles};

/// The file of the newest signed checkpoint, beside the tiles.
pub const CHECKPOINT_PATH: &str = "checkpoint";

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// The most entries of a tree: other implementations hold sizes as signed 64-bit integers.
pub const MAX_SIZE: u64 = i64::MAX as u64;
