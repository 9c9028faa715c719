//! Why a file could not be read.

use std::io;
use std::path::{Path, PathBuf};

use crate::checkpoint::CheckpointError;
use crate::compress::CompressError;
use crate::gguf::GgufError;
use crate::npy::NpyError;
use crate::onnx::{ExternalError, OnnxError, WireError};
use crate::pickle::PickleError;
use crate::safetensors::SafetensorsError;
use crate::torch::TorchError;
use crate::values::ValuesError;
use crate::zip::ZipError;

/// A file that could not be read: which one, and the [`Problem`] as its source.
#[derive(Debug, thiserror::Error)]
#[error("cannot read `{}`", path.display())]
pub struct FormatError {
    path: PathBuf,
    #[source]
    problem: Box<Problem>,
}

/// What was wrong, by the reader that noticed it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Nothing lies at the path.
    #[error("no such file")]
    Missing,
    /// A folder lies at the path.
    #[error("expected a file, got a folder")]
    Folder,
    /// A device, pipe or socket lies at the path.
    #[error("expected a regular file, got a device, pipe or socket")]
    NotRegular,
    /// The file has no bytes.
    #[error("file is empty")]
    Empty,
    /// No format of this version begins like this.
    #[error("format is not known: first bytes {head}{}", guess.map(|name| format!(" ({name})")).unwrap_or_default())]
    Unknown {
        /// Up to 16 first bytes in hexadecimal.
        head: String,
        /// What such bytes usually are.
        guess: Option<&'static str>,
    },
    /// The file is larger than the caller allows.
    #[error("file has {actual} bytes, expected at most {limit}")]
    TooLarge {
        /// The cap.
        limit: u64,
        /// Its size.
        actual: u64,
    },
    /// The system refused.
    #[error("could not {action}")]
    Io {
        /// What was tried, in the infinitive.
        action: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A name in an index or layout that leads out of the folder.
    #[error("name `{name}` is no plain file name")]
    Outside {
        /// The name.
        name: String,
    },
    /// An index of shards that is not the JSON that it should be.
    #[error("index is not the JSON that it should be: an object with `weight_map`")]
    Index {
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// A tensor that the index promises and the shard does not hold.
    #[error("index says that tensor `{tensor}` is in `{shard}`, which does not hold it")]
    NotInShard {
        /// Its name.
        tensor: String,
        /// The shard.
        shard: String,
    },
    /// A tensor that two shards hold.
    #[error("tensor `{tensor}` is in two shards, `{first}` and `{second}`")]
    TwiceInShards {
        /// Its name.
        tensor: String,
        /// One shard.
        first: String,
        /// The other.
        second: String,
    },
    /// A piece of a tensor that does not fit the others.
    #[error("tensor `{tensor}`: a piece {problem}")]
    Piece {
        /// Its name.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Not the protobuf encoding that it should be.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// Protobuf, and not a sound model.
    #[error(transparent)]
    Onnx(OnnxError),
    /// Not a sound safetensors file.
    #[error(transparent)]
    Safetensors(#[from] SafetensorsError),
    /// Not a sound GGUF file.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// Not a sound array or archive of arrays.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// Not a sound file of PyTorch.
    #[error(transparent)]
    Torch(#[from] TorchError),
    /// Not a sound zip archive.
    #[error(transparent)]
    Zip(#[from] ZipError),
    /// Not a sound compressed file.
    #[error(transparent)]
    Compress(#[from] CompressError),
    /// Not a sound pickle.
    #[error(transparent)]
    Pickle(#[from] PickleError),
    /// Values that contradict themselves.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Not a sound tree of values.
    #[error(transparent)]
    Values(#[from] ValuesError),
}

impl From<OnnxError> for Problem {
    fn from(error: OnnxError) -> Self {
        match error {
            OnnxError::Wire(error) => Self::Wire(error),
            error => Self::Onnx(error),
        }
    }
}

/// The situation, for callers that act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file.
    Missing,
    /// There is something, and not a readable regular file.
    Unreadable,
    /// No format of this version.
    Unknown,
    /// The bytes contradict their format.
    Malformed,
    /// Sound, and beyond this version.
    Unsupported,
    /// Beyond a cap.
    TooLarge,
    /// A file that the artifact refers to is missing, too short or out of bounds.
    External,
}

impl FormatError {
    /// A problem with the file at `path`.
    pub fn new(path: &Path, problem: impl Into<Problem>) -> Self {
        Self { path: path.to_owned(), problem: Box::new(problem.into()) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What was wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// The situation.
    pub fn kind(&self) -> ErrorKind {
        match self.problem() {
            Problem::Missing => ErrorKind::Missing,
            Problem::Folder | Problem::NotRegular | Problem::Empty | Problem::Io { .. } => {
                ErrorKind::Unreadable
            }
            Problem::Unknown { .. } => ErrorKind::Unknown,
            Problem::NotInShard { .. } => ErrorKind::External,
            Problem::TooLarge { .. } => ErrorKind::TooLarge,
            Problem::Wire(error) => error.kind(),
            Problem::Onnx(error) => error.kind(),
            Problem::Safetensors(error) => error.kind(),
            Problem::Gguf(error) => error.kind(),
            Problem::Npy(error) => error.kind(),
            Problem::Values(_)
            | Problem::Outside { .. }
            | Problem::Index { .. }
            | Problem::Piece { .. }
            | Problem::TwiceInShards { .. } => ErrorKind::Malformed,
            Problem::Torch(error) => error.kind(),
            Problem::Zip(error) => error.kind(),
            Problem::Compress(error) => error.kind(),
            Problem::Pickle(error) => error.kind(),
            Problem::Checkpoint(error) => error.kind(),
        }
    }

    /// The byte of the file at which it was noticed, where that is known.
    pub fn offset(&self) -> Option<u64> {
        match self.problem() {
            Problem::Wire(error) => Some(error.offset()),
            Problem::Onnx(error) => error.offset(),
            Problem::Safetensors(error) => error.offset(),
            Problem::Gguf(error) => error.offset(),
            Problem::Npy(error) => error.offset(),
            Problem::Torch(error) => error.offset(),
            Problem::Zip(error) => error.offset(),
            Problem::Compress(error) => error.offset(),
            Problem::Pickle(error) => error.offset(),
            Problem::Checkpoint(error) => error.offset(),
            _ => None,
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self.problem() {
            Problem::Folder => Some("name a file inside the folder"),
            Problem::Unknown { .. } => Some(
                "docs/formats.md lists the formats that are read; some others run with --python INTERPRETER",
            ),
            Problem::Onnx(OnnxError::External { problem: ExternalError::Outside { .. }, .. }) => Some(
                "put the data file itself beside the model; download caches keep links to files elsewhere",
            ),
            Problem::Onnx(OnnxError::External { problem: ExternalError::Missing { .. }, .. }) => {
                Some("copy the external data file together with the model")
            }
            Problem::Gguf(error) => error.hint(),
            Problem::Npy(NpyError::TooMuchCompressed { .. }) => Some(
                "save the archive uncompressed, with `numpy.savez`: its arrays are then read where they lie",
            ),
            Problem::Npy(NpyError::Objects) => {
                Some("object arrays are pickles; convert the array to numbers or texts and save it again")
            }
            _ => None,
        }
    }
}
