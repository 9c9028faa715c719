//! Where a tensor's values are, and how its canonical bytes are had from there.
//!
//! Canonical bytes are contiguous, row-major and little-endian. [`Sources::bytes`] gives them as a [`ReadAt`], whatever
//! the storage is, so that hashing and comparing need to know one thing only. Memory stays bounded: a view is
//! gathered block by block, a sharded tensor is read piece by piece.
//!
//! [`ReadAt`]: reproof_digest::ReadAt

mod error;
mod gathered;
mod pieces;
mod sources;
mod view;

pub use error::StorageError;
pub use gathered::Gathered;
pub use pieces::Piece;
pub(crate) use pieces::check;
pub use sources::{Sources, TensorBytes};
pub use view::View;

/// Where a tensor's values are.
#[derive(Clone, Debug)]
pub enum Storage {
    /// Contiguous, little-endian, row-major in a file: hashed where they lie.
    Range {
        /// Index into [`Description::files`](crate::Description::files).
        file: usize,
        /// First byte.
        offset: u64,
        /// Bytes.
        length: u64,
    },
    /// Stored in another encoding (packed varints, compressed members, texts) and gathered to canonical bytes; each
    /// reader bounds how much it gathers.
    Gathered(Gathered),
    /// In a file, and in another order than canonical.
    View(View),
    /// In pieces that together cover the tensor, each stored in its own way.
    Pieces(Vec<Piece>),
    /// Nowhere: the file says that there are no values, or has them in a form without a meaning here.
    Absent {
        /// Why, as the end of "has no values: ...".
        reason: &'static str,
    },
}

impl Storage {
    /// The one range of a file that holds the values, in whatever order.
    pub fn file_range(&self) -> Option<(usize, std::ops::Range<u64>)> {
        match self {
            Self::Range { file, offset, length } => Some((*file, *offset..offset + length)),
            Self::View(view) => Some((view.file(), view.span())),
            _ => None,
        }
    }

    /// The same storage where its files come after `files` others and start `offset` bytes later.
    #[must_use]
    pub(crate) fn moved(self, files: usize, shift: u64) -> Self {
        match self {
            Self::Range { file, offset, length } => {
                Self::Range { file: file + files, offset: offset + shift, length }
            }
            Self::View(view) => Self::View(view.moved(files, shift)),
            Self::Pieces(pieces) => {
                let moved = pieces
                    .into_iter()
                    .map(|piece| Piece { storage: piece.storage.moved(files, shift), ..piece });
                Self::Pieces(moved.collect())
            }
            same => same,
        }
    }
}
