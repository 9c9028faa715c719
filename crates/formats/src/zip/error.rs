//! How bytes fail to be an archive of which one can know what is where.

use std::io;

use crate::ErrorKind;

/// An archive, or a member of one, that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// No end record where one must be.
    #[error("no end of central directory in the last {searched} of {size} bytes")]
    NoEnd {
        /// How many bytes were searched.
        searched: u64,
        /// Size of the source.
        size: u64,
    },
    /// An archive comment that is longer than what is left of the file.
    #[error("byte {offset}: the archive comment needs {needed} bytes, {left} are left")]
    CommentTruncated {
        /// Where the end record starts.
        offset: u64,
        /// Its declared length.
        needed: u64,
        /// What follows the record.
        left: u64,
    },
    /// A zip64 locator without the record that it announces.
    #[error("byte {offset}: the zip64 locator names a record at byte {declared}, and there is none")]
    NoZip64End {
        /// Where the locator starts.
        offset: u64,
        /// The place that it names.
        declared: u64,
    },
    /// End records that contradict each other.
    #[error("byte {offset}: the end record has {classic} as {field}, the zip64 end record {zip64}")]
    EndsDisagree {
        /// Where the end record starts.
        offset: u64,
        /// What they disagree about.
        field: &'static str,
        /// As the end record has it.
        classic: u64,
        /// As the zip64 end record has it.
        zip64: u64,
    },
    /// A directory that does not lie before the end record.
    #[error("the directory is {length} bytes from byte {start}, expected an end at or before byte {limit}")]
    DirectoryOutOfRange {
        /// Its declared start.
        start: u64,
        /// Its declared length.
        length: u64,
        /// Where the end records start.
        limit: u64,
    },
    /// A directory longer than any real one.
    #[error("the directory has {actual} bytes, expected at most {limit}")]
    DirectoryTooLarge {
        /// The cap.
        limit: u64,
        /// Its declared length.
        actual: u64,
    },
    /// More members than any real archive has.
    #[error("the directory declares {actual} members, expected at most {limit}")]
    TooManyMembers {
        /// The cap.
        limit: u64,
        /// What is declared.
        actual: u64,
    },
    /// A directory that holds fewer members than it declares.
    #[error("byte {offset}: the directory ends after {actual} members, expected {expected}")]
    CountMismatch {
        /// Where it ends.
        offset: u64,
        /// What is declared.
        expected: u64,
        /// What was found.
        actual: u64,
    },
    /// A directory that goes on after the members that it declares.
    #[error("byte {offset}: the directory has {left} more bytes after its {members} members")]
    DirectoryLeftover {
        /// Where the members end.
        offset: u64,
        /// How many there are.
        members: u64,
        /// What follows them.
        left: u64,
    },
    /// A record that does not start as it must.
    #[error(
        "byte {offset}: {record} of member {member} starts with {actual:#010x}, expected {expected:#010x}"
    )]
    Signature {
        /// Where it should start.
        offset: u64,
        /// Which record.
        record: &'static str,
        /// Whose, counted from zero in the order of the directory.
        member: u64,
        /// The signature of such a record.
        expected: u32,
        /// What is there.
        actual: u32,
    },
    /// A record that ends before its last field.
    #[error("byte {offset}: {record} of member {member} needs {needed} bytes, {left} are left")]
    Truncated {
        /// Where it starts.
        offset: u64,
        /// Which record.
        record: &'static str,
        /// Whose, counted from zero in the order of the directory.
        member: u64,
        /// Its length.
        needed: u64,
        /// What is left for it.
        left: u64,
    },
    /// A member whose data would end outside of the file.
    #[error("the data of member `{member}` is {length} bytes from byte {offset}, the file has {size}")]
    DataOutOfRange {
        /// Its name.
        member: String,
        /// Where its data starts.
        offset: u64,
        /// Its compressed size.
        length: u64,
        /// Size of the source.
        size: u64,
    },
    /// A member that only a password opens.
    #[error("byte {offset}: member `{member}` is encrypted")]
    Encrypted {
        /// Its name.
        member: String,
        /// Where its local header starts.
        offset: u64,
    },
    /// A member in a compression that is not read here.
    #[error(
        "byte {offset}: member `{member}` has compression method {method}, expected 0 (stored) or 8 (deflate)"
    )]
    Method {
        /// Its name.
        member: String,
        /// Where its local header starts.
        offset: u64,
        /// The method.
        method: u16,
    },
    /// A member larger than the caller allows.
    #[error("byte {offset}: member `{member}` has {actual} bytes, expected at most {limit}")]
    TooLarge {
        /// Its name.
        member: String,
        /// Where its data starts.
        offset: u64,
        /// The cap.
        limit: u64,
        /// Its declared size.
        actual: u64,
    },
    /// A member that is longer or shorter than declared.
    #[error("byte {offset}: member `{member}` declares {expected} bytes, got {}", if *more { "more".to_owned() } else { actual.to_string() })]
    Size {
        /// Its name.
        member: String,
        /// Where its data starts.
        offset: u64,
        /// What is declared.
        expected: u64,
        /// What was expanded.
        actual: u64,
        /// Whether it would go on.
        more: bool,
    },
    /// Compressed bytes after the end of the compressed data.
    #[error(
        "byte {offset}: the compressed data of member `{member}` ends after {actual} of {expected} bytes"
    )]
    Leftover {
        /// Its name.
        member: String,
        /// Where its data starts.
        offset: u64,
        /// Its compressed size.
        expected: u64,
        /// What was needed.
        actual: u64,
    },
    /// Compressed data that is damaged.
    #[error("byte {offset}: could not expand member `{member}`")]
    Expand {
        /// Its name.
        member: String,
        /// Where its data starts.
        offset: u64,
        /// What is wrong with it.
        #[source]
        source: io::Error,
    },
    /// The file could not be read.
    #[error("byte {offset}: could not {action}")]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// Where.
        offset: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ZipError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::DirectoryTooLarge { .. } | Self::TooManyMembers { .. } | Self::TooLarge { .. } => {
                ErrorKind::TooLarge
            }
            Self::Encrypted { .. } | Self::Method { .. } => ErrorKind::Unsupported,
            Self::Io { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the source at which it was noticed, where that is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self {
            Self::NoEnd { .. } | Self::DirectoryTooLarge { .. } | Self::TooManyMembers { .. } => None,
            Self::DirectoryOutOfRange { start: offset, .. }
            | Self::CommentTruncated { offset, .. }
            | Self::NoZip64End { offset, .. }
            | Self::EndsDisagree { offset, .. }
            | Self::CountMismatch { offset, .. }
            | Self::DirectoryLeftover { offset, .. }
            | Self::Signature { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::DataOutOfRange { offset, .. }
            | Self::Encrypted { offset, .. }
            | Self::Method { offset, .. }
            | Self::TooLarge { offset, .. }
            | Self::Size { offset, .. }
            | Self::Leftover { offset, .. }
            | Self::Expand { offset, .. }
            | Self::Io { offset, .. } => Some(*offset),
        }
    }
}
