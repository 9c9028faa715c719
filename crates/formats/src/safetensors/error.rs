//! How bytes fail to be a sound safetensors file.

use std::io;

use reproof_tensor::TensorError;

use crate::ErrorKind;

/// A safetensors file that contradicts itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SafetensorsError {
    /// Not even a header length.
    #[error("file has {size} bytes, expected at least 8 for the header length")]
    NoHeader {
        /// Its size.
        size: u64,
    },
    /// A header longer than the format allows.
    #[error("header length is {actual} bytes, expected at most {limit}")]
    HeaderTooLarge {
        /// The cap.
        limit: u64,
        /// What is declared.
        actual: u64,
    },
    /// A header longer than the file.
    #[error("header length is {needed} bytes, {left} bytes are left in the file")]
    HeaderTruncated {
        /// What is declared.
        needed: u64,
        /// What the file has after the length.
        left: u64,
    },
    /// A header that is not the JSON that it should be.
    #[error("byte {offset}: header is not a sound JSON object")]
    Header {
        /// About where in the file.
        offset: u64,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// An element type without a meaning here.
    #[error("tensor `{tensor}` has dtype `{dtype}`, which this version does not know")]
    UnknownDType {
        /// Its name.
        tensor: String,
        /// The dtype as written.
        dtype: String,
    },
    /// A tensor that does not start where the one before it ends.
    #[error("tensor `{tensor}` starts at byte {actual} of the data, expected {expected}: {}", if actual > expected { "there is a hole" } else { "it overlaps" })]
    NotContiguous {
        /// Its name.
        tensor: String,
        /// End of the tensor before it.
        expected: u64,
        /// Its start.
        actual: u64,
    },
    /// A tensor that ends before it starts.
    #[error("tensor `{tensor}` has data offsets {begin} to {end}")]
    Backwards {
        /// Its name.
        tensor: String,
        /// First byte.
        begin: u64,
        /// End.
        end: u64,
    },
    /// A range that does not match dtype and shape.
    #[error("tensor `{tensor}` does not match its shape")]
    Tensor {
        /// Its name.
        tensor: String,
        /// Which, and how many bytes.
        #[source]
        source: TensorError,
    },
    /// Tensors that end before or beyond the end of the file.
    #[error("file has {actual} bytes, expected {expected} by its header")]
    WrongSize {
        /// Header and tensors.
        expected: u64,
        /// The file.
        actual: u64,
    },
    /// Two tensors of one name given to the writer.
    #[error("tensor name `{tensor}` is given twice")]
    DuplicateName {
        /// The name.
        tensor: String,
    },
    /// A name that the format reserves given to the writer.
    #[error("tensor name `__metadata__` is reserved")]
    ReservedName,
    /// The file could not be read or written.
    #[error("could not {action}")]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl SafetensorsError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::HeaderTooLarge { .. } => ErrorKind::TooLarge,
            Self::UnknownDType { .. } => ErrorKind::Unsupported,
            Self::Io { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the file at which it was noticed, where that is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self {
            Self::NoHeader { .. } | Self::HeaderTooLarge { .. } | Self::HeaderTruncated { .. } => Some(0),
            Self::Header { offset, .. } => Some(*offset),
            // Where the shorter of the two ends.
            Self::WrongSize { expected, actual } => Some(*expected.min(actual)),
            _ => None,
        }
    }
}
