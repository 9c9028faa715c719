//! How the values of a checkpoint contradict themselves or their file.

use std::io;

use crate::torch::TorchError;
use crate::zip::ZipError;
use crate::{ErrorKind, StorageError};

/// A checkpoint whose pickle and storages do not fit together, or that is larger than any that is meant well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// A tree with more values than the cap, made of few that are shared.
    #[error("byte {offset}: values expand to more than {limit}")]
    Expands {
        /// The value at which the cap was reached.
        offset: u64,
        /// The cap.
        limit: u64,
    },
    /// Values deeper in each other than the cap.
    #[error("byte {offset}: values lie more than {limit} deep in each other")]
    Deep {
        /// The value at which the cap was reached.
        offset: u64,
        /// The cap.
        limit: usize,
    },
    /// Compressed or escaped values beyond what is held in memory.
    #[error("byte {offset}: more than {limit} bytes of values would have to be unpacked in memory")]
    Gathered {
        /// The value at which the cap was reached.
        offset: u64,
        /// The cap.
        limit: u64,
    },
    /// A call that makes a tensor, with arguments that do not.
    #[error("byte {offset}: a tensor's constructor does not tell {what}")]
    Constructor {
        /// The call.
        offset: u64,
        /// What is not there, or not of its kind.
        what: &'static str,
    },
    /// A storage that the file does not hold.
    #[error("byte {offset}: a tensor needs storage `{key}`, which the file does not hold")]
    NoStorage {
        /// The call that makes the tensor.
        offset: u64,
        /// The storage's key.
        key: String,
    },
    /// A storage of another size than told.
    #[error("storage `{key}` has {actual} bytes, expected {expected}")]
    StorageLength {
        /// Its key.
        key: String,
        /// By the pickle.
        expected: u64,
        /// In the file.
        actual: u64,
    },
    /// A view that contradicts its storage.
    #[error("byte {offset}: a tensor contradicts its storage")]
    Tensor {
        /// The call that makes the tensor.
        offset: u64,
        /// How.
        #[source]
        source: StorageError,
    },
    /// An array whose bytes do not match its shape.
    #[error("byte {offset}: array of shape {shape:?} has {actual} bytes, expected {}", expected.map_or("no such number".to_owned(), |expected| expected.to_string()))]
    ArrayLength {
        /// The array.
        offset: u64,
        /// Its shape.
        shape: Vec<u64>,
        /// Bytes by its shape, if they can be counted.
        expected: Option<u64>,
        /// Bytes it has.
        actual: u64,
    },
    /// A part named by the user that is not there.
    #[error("there is no `{path}` that could be the model: {}", offered(candidates))]
    NoModel {
        /// The keys asked for.
        path: String,
        /// Keys of values that hold tensors, the outermost first.
        candidates: Vec<String>,
    },
    /// A compressed storage that could not be expanded.
    #[error("a storage could not be unpacked")]
    Zip(#[source] ZipError),
    /// A torch file inside a pickle that is not one.
    #[error("byte {offset}: a torch file inside the pickle is not sound")]
    Nested {
        /// The call that would read it.
        offset: u64,
        /// What is wrong with it.
        #[source]
        source: Box<TorchError>,
    },
    /// Bytes could not be read.
    #[error("could not read values")]
    Io(#[source] io::Error),
}

fn offered(candidates: &[String]) -> String {
    match candidates {
        [] => "no other key leads to tensors".to_owned(),
        keys => format!(
            "tensors lie below {}",
            keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
        ),
    }
}

impl CheckpointError {
    /// The situation.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Expands { .. } | Self::Deep { .. } | Self::Gathered { .. } => ErrorKind::TooLarge,
            Self::Zip(error) => error.kind(),
            Self::Io(_) => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte at which it was noticed.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Expands { offset, .. }
            | Self::Deep { offset, .. }
            | Self::Gathered { offset, .. }
            | Self::Constructor { offset, .. }
            | Self::NoStorage { offset, .. }
            | Self::Tensor { offset, .. }
            | Self::Nested { offset, .. }
            | Self::ArrayLength { offset, .. } => Some(*offset),
            Self::Zip(error) => error.offset(),
            _ => None,
        }
    }
}
