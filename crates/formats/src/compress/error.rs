//! How compressed bytes fail to expand.

use std::io;

use super::Compression;
use crate::ErrorKind;

/// A compressed file that cannot be expanded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompressError {
    /// A compression that this version only recognises.
    #[error("compression {compression} is not supported")]
    Unsupported {
        /// Which.
        compression: Compression,
    },
    /// More bytes than the caller allows.
    #[error("byte {offset}: {compression} data expands to more than {limit} bytes")]
    TooLarge {
        /// Which.
        compression: Compression,
        /// How far the file was read.
        offset: u64,
        /// The cap.
        limit: u64,
    },
    /// Data that is damaged, ends early or needs too much memory to expand.
    #[error("byte {offset}: could not expand {compression} data")]
    Damaged {
        /// Which.
        compression: Compression,
        /// How far the file was read.
        offset: u64,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// A zfile whose header holds no length.
    #[error("zfile header holds `{found}`, expected a length in hexadecimal")]
    ZfileHeader {
        /// What it holds.
        found: String,
    },
    /// A zfile of another length than its header says.
    #[error("zfile declares {expected} bytes, got {actual}")]
    ZfileLength {
        /// What is declared.
        expected: u64,
        /// What it expands to.
        actual: u64,
    },
    /// The file could not be read.
    #[error("byte {offset}: could not read the compressed file")]
    Io {
        /// Where.
        offset: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl CompressError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Io { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the file at which it was noticed, where that is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self {
            Self::TooLarge { offset, .. } | Self::Damaged { offset, .. } | Self::Io { offset, .. } => {
                Some(*offset)
            }
            Self::ZfileHeader { .. } => Some(0),
            Self::Unsupported { .. } | Self::ZfileLength { .. } => None,
        }
    }
}
