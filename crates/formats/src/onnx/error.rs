//! How a protobuf message fails to be a sound model.

use std::io;

use reproof_tensor::{DType, TensorError};

use super::{ExternalError, WireError};
use crate::ErrorKind;

/// A model, or published test data of one, that contradicts itself or goes beyond this version.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OnnxError {
    /// Not even protobuf.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// No graph, so no model.
    #[error("model holds no graph")]
    NoGraph,
    /// Larger than protobuf allows.
    #[error("model file has {actual} bytes, expected at most {limit}")]
    TooLarge {
        /// The cap.
        limit: u64,
        /// Bytes there are.
        actual: u64,
    },
    /// An element type without a meaning here.
    #[error("tensor `{tensor}` at byte {offset} has element type {code}, which this version does not know")]
    ElementType {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
        /// The type as ONNX numbers it.
        code: i32,
    },
    /// A dim below zero.
    #[error("tensor `{tensor}` at byte {offset} has dim {dim}, expected 0 or more")]
    NegativeDim {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
        /// The dim.
        dim: i64,
    },
    /// Dims whose product does not fit 64 bits, or values that do not match them.
    #[error("tensor `{tensor}` at byte {offset} does not match its dims")]
    Tensor {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
        /// Which, and how many bytes.
        #[source]
        source: TensorError,
    },
    /// Values in a field of another type.
    #[error(
        "tensor `{tensor}` at byte {offset} of type {element} has its values in {actual}, expected {expected}"
    )]
    WrongField {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
        /// Its element type.
        element: &'static str,
        /// Where values of this type belong.
        expected: &'static str,
        /// Where they are.
        actual: &'static str,
    },
    /// Values in two places.
    #[error("tensor `{tensor}` at byte {offset} has values in both {first} and {second}")]
    TwoPlaces {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
        /// One place.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A number of values that the dims do not ask for.
    #[error("tensor `{tensor}` at byte {offset} holds {actual} values, expected {expected}")]
    ValueCount {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
        /// What the dims ask for.
        expected: u64,
        /// What is there.
        actual: u64,
    },
    /// A tensor in segments, which no exporter writes.
    #[error("tensor `{tensor}` at byte {offset} is stored in segments, which this version does not read")]
    Segmented {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
    },
    /// Two weights of one name.
    #[error("tensor name `{tensor}` occurs twice, the second time at byte {offset}")]
    DuplicateTensor {
        /// The name.
        tensor: String,
        /// Where the second one starts.
        offset: u64,
    },
    /// Tensors that share bytes so often that reading them all would take forever.
    #[error("tensors refer to {logical} bytes in files of {stored} bytes, expected at most {limit}")]
    Overlap {
        /// The sum over tensors that lie at different places.
        logical: u64,
        /// The sum of the files.
        stored: u64,
        /// The cap.
        limit: u64,
    },
    /// An external file that cannot be used.
    #[error("external data of tensor `{tensor}`")]
    External {
        /// The tensor that names it.
        tensor: String,
        /// What is wrong with it.
        #[source]
        problem: ExternalError,
    },
    /// Values that could not be read.
    #[error("could not read the values of tensor `{tensor}`")]
    Read {
        /// Its name.
        tensor: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A text value that is not UTF-8.
    #[error("tensor `{tensor}` at byte {offset} holds a text that is not UTF-8")]
    NotText {
        /// Its name.
        tensor: String,
        /// Where it starts.
        offset: u64,
    },
    /// A value of test data that has no form here.
    #[error("value of kind {kind} in test data, which this version does not read")]
    ValueKind {
        /// The kind as ONNX numbers it.
        kind: i32,
    },
    /// A dictionary of test data with as many keys as values.
    #[error("map in test data has {keys} keys and {values} values")]
    MapSize {
        /// Keys.
        keys: usize,
        /// Values.
        values: usize,
    },
    /// A tensor of test data of another type than the model declares.
    #[error("test data holds {actual}, expected {expected}")]
    TestType {
        /// What the model declares.
        expected: DType,
        /// What is there.
        actual: DType,
    },
}

impl OnnxError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Wire(error) => error.kind(),
            Self::TooLarge { .. } | Self::Overlap { .. } => ErrorKind::TooLarge,
            Self::ElementType { .. } | Self::Segmented { .. } | Self::ValueKind { .. } => {
                ErrorKind::Unsupported
            }
            Self::External { .. } => ErrorKind::External,
            Self::Read { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the file at which it was noticed, where that is known.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self {
            Self::Wire(error) => Some(error.offset()),
            Self::ElementType { offset, .. }
            | Self::NegativeDim { offset, .. }
            | Self::Tensor { offset, .. }
            | Self::WrongField { offset, .. }
            | Self::TwoPlaces { offset, .. }
            | Self::ValueCount { offset, .. }
            | Self::Segmented { offset, .. }
            | Self::DuplicateTensor { offset, .. }
            | Self::NotText { offset, .. } => Some(*offset),
            _ => None,
        }
    }
}
