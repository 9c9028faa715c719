//! How bytes fail to be a sound GGUF file.

use std::io;

use reproof_tensor::{BlockType, DType};

use crate::{ErrorKind, StorageError};

/// A GGUF file that contradicts itself or goes beyond this version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The first version, which counted in 32 bits.
    #[error("GGUF version 1 is not read, expected 2 or 3")]
    FirstVersion,
    /// A version that this reader does not know.
    #[error("GGUF version {version} is not known, expected 2 or 3")]
    Version {
        /// The number.
        version: u32,
    },
    /// The file ends too early.
    #[error("byte {offset}: {what} needs {needed} bytes, {left} are left")]
    Truncated {
        /// Where in the file.
        offset: u64,
        /// What was being read.
        what: &'static str,
        /// The least that it needs.
        needed: u64,
        /// What is there.
        left: u64,
    },
    /// A header beyond the cap.
    #[error("byte {offset}: {what} passes the {limit} bytes that a header may have")]
    HeaderTooLarge {
        /// Where in the file.
        offset: u64,
        /// What was being read.
        what: &'static str,
        /// The cap.
        limit: u64,
    },
    /// More entries than the cap.
    #[error("file declares {actual} {what}, expected at most {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The cap.
        limit: u64,
        /// What is declared.
        actual: u64,
    },
    /// A key or name beyond the cap.
    #[error("byte {offset}: {what} has {actual} bytes, expected at most {limit}")]
    NameTooLong {
        /// Where in the file.
        offset: u64,
        /// A key or a name.
        what: &'static str,
        /// The cap.
        limit: u64,
        /// What is declared.
        actual: u64,
    },
    /// A key or name that is not UTF-8.
    #[error("byte {offset}: {what} is not UTF-8")]
    NotText {
        /// Where in the file.
        offset: u64,
        /// A key or a name.
        what: &'static str,
    },
    /// Keys, names and texts that together pass the cap.
    #[error("byte {offset}: keys, names and texts pass the {limit} bytes that are kept of them")]
    TextTooLarge {
        /// Where in the file.
        offset: u64,
        /// The cap.
        limit: u64,
    },
    /// A key given twice.
    #[error("metadata `{key}` is given twice")]
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A type of value without a meaning here.
    #[error("metadata `{key}` has values of type {kind}, which this version does not know")]
    ValueType {
        /// Its key.
        key: String,
        /// The number.
        kind: u32,
    },
    /// An array of arrays, which the reference implementation refuses too.
    #[error("metadata `{key}` is an array of arrays")]
    NestedArray {
        /// Its key.
        key: String,
    },
    /// A truth value that is none.
    #[error("metadata `{key}` has the truth value {actual}, expected 0 or 1")]
    Boolean {
        /// Its key.
        key: String,
        /// What is stored.
        actual: u8,
    },
    /// An alignment that is none.
    #[error("metadata `general.alignment` is {actual}, expected a power of two as u32")]
    Alignment {
        /// What is stored, with its type.
        actual: String,
    },
    /// A tensor name given twice.
    #[error("tensor name `{tensor}` is given twice")]
    DuplicateTensor {
        /// The name.
        tensor: String,
    },
    /// More dims than the format has.
    #[error("tensor `{tensor}` has {actual} dims, expected at most {limit}")]
    Rank {
        /// Its name.
        tensor: String,
        /// The cap.
        limit: u32,
        /// What is declared.
        actual: u32,
    },
    /// An element type without a meaning here.
    #[error("tensor `{tensor}` has type {kind}, which {}", if *removed { "was removed from the format" } else { "this version does not know" })]
    ElementType {
        /// Its name.
        tensor: String,
        /// The number.
        kind: u32,
        /// Whether the format had it once.
        removed: bool,
    },
    /// Rows that are no whole number of blocks.
    #[error("tensor `{tensor}` has rows of {row} elements, expected a multiple of {} for {}", block.elements(), block.name())]
    Rows {
        /// Its name.
        tensor: String,
        /// Elements per row.
        row: u64,
        /// Its element type.
        block: BlockType,
    },
    /// A shape whose size leaves 64 bits.
    #[error("tensor `{tensor}` of {dtype} and shape {shape:?} is larger than any file")]
    TooLarge {
        /// Its name.
        tensor: String,
        /// Its element type.
        dtype: DType,
        /// Its dims, outermost first.
        shape: Vec<u64>,
    },
    /// A tensor between two multiples of the alignment.
    #[error("tensor `{tensor}` starts at byte {offset} of the data, expected a multiple of {alignment}")]
    Misaligned {
        /// Its name.
        tensor: String,
        /// Its start.
        offset: u64,
        /// The alignment of the file.
        alignment: u64,
    },
    /// A tensor that ends after the file.
    #[error("tensor `{tensor}` has {length} bytes from byte {offset} of the data, which has {left}")]
    Beyond {
        /// Its name.
        tensor: String,
        /// Its start in the data.
        offset: u64,
        /// Its bytes.
        length: u64,
        /// Bytes of the data.
        left: u64,
    },
    /// Two tensors in the same bytes.
    #[error("tensors `{first}` and `{second}` overlap")]
    Overlap {
        /// The one that starts first.
        first: String,
        /// The other.
        second: String,
    },
    /// A tensor that cannot be viewed.
    #[error("tensor `{tensor}`")]
    Storage {
        /// Its name.
        tensor: String,
        /// Why not.
        #[source]
        source: StorageError,
    },
    /// The file could not be read.
    #[error("could not read the header")]
    Io {
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl GgufError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::FirstVersion
            | Self::Version { .. }
            | Self::ValueType { .. }
            | Self::NestedArray { .. }
            | Self::ElementType { .. } => ErrorKind::Unsupported,
            Self::HeaderTooLarge { .. }
            | Self::TooMany { .. }
            | Self::NameTooLong { .. }
            | Self::TextTooLarge { .. } => ErrorKind::TooLarge,
            Self::Io { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the file at which it was noticed, where that is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self {
            Self::FirstVersion | Self::Version { .. } => Some(4),
            Self::Truncated { offset, .. }
            | Self::HeaderTooLarge { offset, .. }
            | Self::NameTooLong { offset, .. }
            | Self::NotText { offset, .. }
            | Self::TextTooLarge { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// What the user can do about it.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::FirstVersion => Some("convert the model again; converters write version 3 since late 2023"),
            _ => None,
        }
    }
}
