//! Contiguous tensors in row-major order, little-endian.

use crate::{DType, Elements};

/// Why bytes are not a tensor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    /// The product of the dims, or the bytes they need, does not fit 64 bits.
    #[error("shape {shape:?} of {dtype} is larger than any memory")]
    TooLarge {
        /// The element type.
        dtype: DType,
        /// The refused shape.
        shape: Vec<u64>,
    },
    /// The bytes do not match dtype and shape.
    #[error("{dtype} tensor of shape {shape:?}: expected {expected} bytes, got {actual}")]
    WrongLength {
        /// The element type.
        dtype: DType,
        /// The declared shape.
        shape: Vec<u64>,
        /// Bytes that dtype and shape need.
        expected: u64,
        /// Bytes there are.
        actual: u64,
    },
}

/// The number of elements of a shape, `None` if it overflows 64 bits.
pub fn element_count(shape: &[u64]) -> Option<u64> {
    // A zero anywhere makes the tensor empty, whatever the other dims multiply to.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_u64, |count, dim| count.checked_mul(*dim))
}

/// The number of bytes of a contiguous tensor (sub-byte elements and blocks packed), `None` if it overflows 64 bits.
pub fn byte_length(dtype: DType, shape: &[u64]) -> Option<u64> {
    let count = element_count(shape)?;
    match dtype {
        DType::Block(block) => count.div_ceil(block.elements()).checked_mul(block.bytes()),
        _ => Some(count.checked_mul(dtype.bits())?.div_ceil(8)),
    }
}

fn check(dtype: DType, shape: &[u64], actual: usize) -> Result<(), TensorError> {
    let expected =
        byte_length(dtype, shape).ok_or_else(|| TensorError::TooLarge { dtype, shape: shape.to_vec() })?;
    if expected == actual as u64 {
        Ok(())
    } else {
        Err(TensorError::WrongLength { dtype, shape: shape.to_vec(), expected, actual: actual as u64 })
    }
}

/// An owned tensor.
#[derive(Clone, PartialEq, Eq)]
pub struct Tensor {
    dtype: DType,
    shape: Vec<u64>,
    bytes: Vec<u8>,
}

impl Tensor {
    /// A tensor from row-major little-endian bytes.
    pub fn new(dtype: DType, shape: Vec<u64>, bytes: Vec<u8>) -> Result<Self, TensorError> {
        check(dtype, &shape, bytes.len())?;
        Ok(Self { dtype, shape, bytes })
    }

    /// A float32 tensor from values.
    pub fn from_f32(shape: Vec<u64>, values: &[f32]) -> Result<Self, TensorError> {
        Self::new(DType::F32, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A float64 tensor from values.
    pub fn from_f64(shape: Vec<u64>, values: &[f64]) -> Result<Self, TensorError> {
        Self::new(DType::F64, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// An int64 tensor from values.
    pub fn from_i64(shape: Vec<u64>, values: &[i64]) -> Result<Self, TensorError> {
        Self::new(DType::I64, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dims, outermost first.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The row-major little-endian bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, by value.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.view().len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A borrowed view.
    pub fn view(&self) -> TensorView<'_> {
        TensorView { dtype: self.dtype, shape: &self.shape, bytes: &self.bytes }
    }
}

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor({} {:?})", self.dtype, self.shape)
    }
}

/// A borrowed tensor.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TensorView<'a> {
    dtype: DType,
    shape: &'a [u64],
    bytes: &'a [u8],
}

impl<'a> TensorView<'a> {
    /// A view of row-major little-endian bytes.
    pub fn new(dtype: DType, shape: &'a [u64], bytes: &'a [u8]) -> Result<Self, TensorError> {
        check(dtype, shape, bytes.len())?;
        Ok(Self { dtype, shape, bytes })
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The dims, outermost first.
    pub fn shape(&self) -> &'a [u64] {
        self.shape
    }

    /// The row-major little-endian bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        element_count(self.shape).expect("checked when the view was made") as usize
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as numbers; `None` for complex tensors, which have no order.
    pub fn elements(&self) -> Option<Elements<'a>> {
        Elements::new(self.dtype, self.bytes, self.len())
    }

    /// The index along each dim of the element at `position` in row-major order.
    pub fn index_of(&self, position: usize) -> Vec<u64> {
        let mut rest = position as u64;
        let mut index: Vec<u64> = self
            .shape
            .iter()
            .rev()
            .map(|dim| {
                let dim = (*dim).max(1);
                let along = rest % dim;
                rest /= dim;
                along
            })
            .collect();
        index.reverse();
        index
    }

    /// An owned copy.
    pub fn to_tensor(self) -> Tensor {
        Tensor { dtype: self.dtype, shape: self.shape.to_vec(), bytes: self.bytes.to_vec() }
    }
}

impl std::fmt::Debug for TensorView<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TensorView({} {:?})", self.dtype, self.shape)
    }
}
