//! How a tree of values fails to be read or written.

use std::io;

use reproof_digest::Digest;
use reproof_tensor::DType;

use crate::safetensors::SafetensorsError;

/// A tree of values, or the tensors beside it, that contradict each other.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValuesError {
    /// Not the JSON that it should be.
    #[error("tree is not a sound JSON document")]
    Json(#[source] serde_json::Error),
    /// Not sound tensors.
    #[error("tensors are not sound")]
    Tensors(#[source] SafetensorsError),
    /// A tree too deep to be read back.
    #[error("value `{name}` is nested deeper than {limit} levels")]
    TooDeep {
        /// The value.
        name: String,
        /// The cap.
        limit: usize,
    },
    /// Two values of one name.
    #[error("value name `{name}` occurs twice")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// A tensor that the tree names and the file lacks.
    #[error("tensor `{key}` is missing")]
    MissingTensor {
        /// Its key.
        key: String,
    },
    /// A tensor that the tree names twice.
    #[error("tensor `{key}` is named twice")]
    RepeatedTensor {
        /// Its key.
        key: String,
    },
    /// A tensor that the tree does not name.
    #[error("tensor `{key}` belongs to no value")]
    StrayTensor {
        /// Its key.
        key: String,
    },
    /// A tensor of another type or shape than the tree tells.
    #[error(
        "tensor `{key}` is {actual_dtype} {actual_shape:?}, expected {expected_dtype} {expected_shape:?}"
    )]
    WrongTensor {
        /// Its key.
        key: String,
        /// What the tree tells.
        expected_dtype: DType,
        /// What the tree tells.
        expected_shape: Vec<u64>,
        /// What is stored.
        actual_dtype: DType,
        /// What is stored.
        actual_shape: Vec<u64>,
    },
    /// A tensor of other values than the tree tells.
    #[error("tensor `{key}` has digest {actual}, expected {expected}")]
    WrongDigest {
        /// Its key.
        key: String,
        /// What the tree tells.
        expected: Digest,
        /// What is stored.
        actual: Digest,
    },
    /// A tensor of which only a sample is stored, where whole values are wanted.
    #[error("tensor `{key}` is stored as a sample only")]
    Sampled {
        /// Its key.
        key: String,
    },
    /// A sample of every zeroth element.
    #[error("tensor `{key}` is sampled with stride 0, expected at least 1")]
    ZeroStride {
        /// Its key.
        key: String,
    },
    /// An integer that is not one of 64 bits.
    #[error("integer `{text}` is not a whole number of 64 bits")]
    Integer {
        /// What is written.
        text: String,
    },
    /// A tensor of texts whose shape asks for another number of them.
    #[error("tensor of texts of shape {shape:?} has {actual} texts")]
    TextCount {
        /// Its shape.
        shape: Vec<u64>,
        /// The texts there are.
        actual: usize,
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
}
