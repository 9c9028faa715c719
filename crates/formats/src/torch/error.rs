//! How bytes fail to be a file of PyTorch.

use std::io;

use crate::ErrorKind;
use crate::checkpoint::CheckpointError;
use crate::pickle::PickleError;
use crate::tar::TarError;
use crate::zip::ZipError;

/// A file of PyTorch that contradicts itself or is beyond this version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TorchError {
    /// Not a sound zip archive.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// Not a sound tar archive.
    #[error(transparent)]
    Tar(#[from] TarError),
    /// An archive in which readers would see different members.
    #[error("byte {offset}: archive contradicts itself: {what}{}", member.as_ref().map(|name| format!(" (`{name}`)")).unwrap_or_default())]
    Ambiguous {
        /// Where.
        offset: u64,
        /// What was found, in a word.
        what: &'static str,
        /// The member that it is about.
        member: Option<String>,
    },
    /// A member without which the archive is nothing.
    #[error("archive has no member `{member}`")]
    NoMember {
        /// Its name.
        member: String,
    },
    /// A member that does not hold what it must.
    #[error("member `{member}` holds `{actual}`, expected {expected}")]
    Member {
        /// Its name.
        member: String,
        /// What it should hold.
        expected: &'static str,
        /// What it does.
        actual: String,
    },
    /// A pickle that is not one.
    #[error("{what}")]
    Pickle {
        /// Which.
        what: &'static str,
        /// What is wrong with it.
        #[source]
        source: PickleError,
    },
    /// A value of the file's own bookkeeping that is not of its kind.
    #[error("byte {offset}: {what} is not told as expected")]
    Bookkeeping {
        /// Where.
        offset: u64,
        /// What.
        what: &'static str,
    },
    /// Storages that end beyond the end of the file.
    #[error("byte {offset}: storage `{key}` needs {needed} bytes, {left} are left in the file")]
    Truncated {
        /// Where the storage starts.
        offset: u64,
        /// Its key.
        key: String,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes after that place.
        left: u64,
    },
    /// A JSON member that is not the JSON that it should be.
    #[error("member `{member}` is not the JSON that it should be")]
    Json {
        /// Its name.
        member: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A tensor told by JSON that contradicts itself or its file.
    #[error("tensor `{tensor}`: {problem}")]
    Tensor {
        /// Its name.
        tensor: String,
        /// What is wrong.
        problem: String,
    },
    /// A piece of a distributed checkpoint whose file is not there.
    #[error("tensor `{tensor}` has a piece in `{file}`, which {problem}")]
    Piece {
        /// Its name.
        tensor: String,
        /// The file.
        file: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Values that contradict themselves or their storages.
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// Bytes could not be read.
    #[error("could not {action}")]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl TorchError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Zip(error) => error.kind(),
            Self::Tar(error) => error.kind(),
            Self::Pickle { source, .. } => source.kind(),
            Self::Checkpoint(error) => error.kind(),
            Self::Io { .. } => ErrorKind::Unreadable,
            Self::Piece { .. } => ErrorKind::External,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the file at which it was noticed, where that is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self {
            Self::Zip(error) => error.offset(),
            Self::Tar(error) => Some(error.offset()),
            Self::Pickle { source, .. } => source.offset(),
            Self::Checkpoint(error) => error.offset(),
            Self::Ambiguous { offset, .. }
            | Self::Bookkeeping { offset, .. }
            | Self::Truncated { offset, .. } => Some(*offset),
            _ => None,
        }
    }
}
