//! How bytes fail to be a readable array.

use std::io;

use crate::zip::ZipError;
use crate::{ErrorKind, StorageError};

/// An array or archive that contradicts itself or goes beyond this version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NpyError {
    /// Another file.
    #[error("file does not begin as a NumPy array")]
    Magic,
    /// A version of the format from the future.
    #[error("format version {major} is not known, expected 1, 2 or 3")]
    Version {
        /// The number.
        major: u8,
    },
    /// A header longer than the cap.
    #[error("header length is {actual} bytes, expected at most {limit}")]
    HeaderTooLarge {
        /// The cap.
        limit: u64,
        /// What is declared.
        actual: u64,
    },
    /// The file ends too early.
    #[error("{what} needs {needed} bytes, {left} are left")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Its size.
        needed: u64,
        /// What is there.
        left: u64,
    },
    /// A header that is not the dictionary that it should be.
    #[error("byte {offset}: header has {actual}, expected {expected}")]
    Header {
        /// Where in the file.
        offset: u64,
        /// What the grammar asks for.
        expected: &'static str,
        /// What is there.
        actual: String,
    },
    /// An array of Python objects.
    #[error("array holds Python objects, which only unpickling could read")]
    Objects,
    /// An element type without a meaning here.
    #[error("element type `{descr}` has no form here: {reason}")]
    ElementType {
        /// As written.
        descr: String,
        /// Why not.
        reason: &'static str,
    },
    /// An array that needs more memory than the caller allows.
    #[error("array of shape {shape:?} needs more than {limit} bytes")]
    TooLarge {
        /// Its shape.
        shape: Vec<u64>,
        /// The cap.
        limit: u64,
    },
    /// A text that is not one.
    #[error("element {index} is not {encoding}")]
    NotText {
        /// Its position in stored order.
        index: u64,
        /// What it should be.
        encoding: &'static str,
    },
    /// Not a sound zip archive.
    #[error("not a sound zip archive")]
    Zip(#[source] ZipError),
    /// An archive in which readers would see different members.
    #[error("byte {offset}: archive contradicts itself: {what}")]
    Contradiction {
        /// Where.
        offset: u64,
        /// What was found, in a word.
        what: &'static str,
    },
    /// Two members of one name.
    #[error("archive has two members of one name")]
    DuplicateMember,
    /// Members that share bytes.
    #[error("archive has members that overlap")]
    OverlappingMembers,
    /// More members than the cap.
    #[error("archive has {actual} members, expected at most {limit}")]
    TooManyMembers {
        /// The cap.
        limit: usize,
        /// What is declared.
        actual: usize,
    },
    /// An encrypted member.
    #[error("member `{member}` is encrypted")]
    Encrypted {
        /// Its name.
        member: String,
    },
    /// A member that is no array.
    #[error("member `{member}` is not an array: expected a name that ends in `.npy`")]
    NotAnArray {
        /// Its name.
        member: String,
    },
    /// Members that expand beyond what the caller allows.
    #[error("member `{member}` expands the archive beyond {limit} bytes")]
    Bomb {
        /// The member at which the cap was reached.
        member: String,
        /// The cap.
        limit: u64,
    },
    /// A member of another size than declared.
    #[error("member `{member}` has {actual} bytes, expected {expected}")]
    MemberSize {
        /// Its name.
        member: String,
        /// What the directory says.
        expected: u64,
        /// What came out, at most one more than expected.
        actual: u64,
    },
    /// A member whose bytes could not be expanded.
    #[error("could not expand member `{member}`")]
    Expand {
        /// Its name.
        member: String,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
    /// A member that is compressed in a way that this version does not know.
    #[error("member `{member}` is compressed by method {method}, expected 0 (stored) or 8 (deflate)")]
    Method {
        /// Its name.
        member: String,
        /// The number of the method.
        method: u16,
    },
    /// Compressed members that together expand beyond what is held in memory.
    #[error(
        "compressed member `{member}` expands the archive beyond the {limit} bytes that are held in memory"
    )]
    TooMuchCompressed {
        /// The member at which the cap was reached.
        member: String,
        /// The cap.
        limit: u64,
    },
    /// A member whose bytes are damaged.
    #[error("member `{member}` has the checksum {actual:08x}, expected {expected:08x}")]
    Checksum {
        /// Its name.
        member: String,
        /// What the directory says.
        expected: u32,
        /// CRC-32 of what came out.
        actual: u32,
    },
    /// Elements that cannot be viewed.
    #[error("array cannot be viewed")]
    Storage(#[source] StorageError),
    /// The file could not be read.
    #[error("could not {action}")]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A member that is not a readable array.
    #[error("member `{member}`")]
    Member {
        /// Its name.
        member: String,
        /// What is wrong with it.
        #[source]
        problem: Box<NpyError>,
    },
}

impl NpyError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Version { .. }
            | Self::Objects
            | Self::ElementType { .. }
            | Self::Encrypted { .. }
            | Self::Method { .. } => ErrorKind::Unsupported,
            Self::Io { .. } => ErrorKind::Unreadable,
            Self::HeaderTooLarge { .. }
            | Self::TooLarge { .. }
            | Self::TooManyMembers { .. }
            | Self::TooMuchCompressed { .. }
            | Self::Bomb { .. } => ErrorKind::TooLarge,
            Self::Member { problem, .. } => problem.kind(),
            Self::Zip(error) => error.kind(),
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the file at which it was noticed, where that is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self {
            Self::Magic => Some(0),
            Self::Header { offset, .. } => Some(*offset),
            _ => None,
        }
    }
}
