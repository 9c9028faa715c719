//! Why a tensor has no values that can be read.

use reproof_tensor::DType;

/// A view or a set of pieces that contradicts itself or its file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// More or fewer strides than dims.
    #[error("it has {strides} strides for {dims} dims")]
    Rank {
        /// Dims.
        dims: usize,
        /// Strides.
        strides: usize,
    },
    /// A shape, stride or offset whose arithmetic leaves 64 bits.
    #[error("shape {shape:?} with strides {strides:?} reaches beyond any file")]
    Overflow {
        /// Dims.
        shape: Vec<u64>,
        /// Strides in elements.
        strides: Vec<u64>,
    },
    /// A view beyond the end of what it views, or values of another size than dtype and shape say.
    #[error("it needs {needed} bytes of its storage, which has {stored}")]
    Beyond {
        /// Bytes up to the end of the view.
        needed: u64,
        /// Bytes of the storage.
        stored: u64,
    },
    /// A view of elements that have no byte of their own.
    #[error("{dtype} elements are packed and cannot be read in another order")]
    Packed {
        /// The element type.
        dtype: DType,
    },
    /// A negated view of elements that have no sign, or that are packed.
    #[error("{dtype} elements cannot be negated")]
    Signless {
        /// The element type.
        dtype: DType,
    },
    /// Pieces that leave a hole or lie on each other.
    #[error("its pieces hold {held} elements, expected {expected}")]
    Coverage {
        /// Elements of all pieces.
        held: u64,
        /// Elements of the tensor.
        expected: u64,
    },
    /// A piece that leaves the tensor.
    #[error("piece {piece} of shape {shape:?} at {at:?} leaves the shape {whole:?}")]
    Outside {
        /// Which, from 0.
        piece: usize,
        /// Its place in the tensor.
        at: Vec<u64>,
        /// Its dims.
        shape: Vec<u64>,
        /// The dims of the tensor.
        whole: Vec<u64>,
    },
    /// Two pieces for the same elements.
    #[error("pieces {first} and {second} overlap")]
    Overlap {
        /// One, from 0.
        first: usize,
        /// The other.
        second: usize,
    },
    /// Far more values than are stored.
    #[error("it claims {logical} bytes of values from {stored} stored bytes")]
    Inflated {
        /// Bytes of its values.
        logical: u64,
        /// Bytes that they come from.
        stored: u64,
    },
    /// No values at all.
    #[error("it has no values: {reason}")]
    Absent {
        /// Why.
        reason: &'static str,
    },
}
