//! A tensor of another library's memory.

use std::borrow::Cow;

use pyo3::prelude::*;
use reproof_tensor::{DType, Tensor, TensorView, byte_length};

use super::{array_interface, dlpack, unfit};

/// A tensor that another library owns, kept alive as long as this.
#[derive(Debug)]
pub(crate) struct Borrowed {
    /// What keeps the memory: the array, or the capsule that lends it.
    pub(super) owner: Py<PyAny>,
    pub(super) dtype: DType,
    pub(super) shape: Vec<u64>,
    /// Bytes between neighbours along each dim; nothing for row-major order.
    pub(super) strides: Option<Vec<i64>>,
    pub(super) pointer: Pointer,
}

/// The first element. The owner lends it to readers of any thread.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pointer(pub(super) *const u8);

#[expect(unsafe_code, reason = "memory that is only read, while the owner is kept alive")]
// SAFETY: nothing writes through the pointer, and whoever holds it holds the owner.
unsafe impl Send for Pointer {}

#[expect(unsafe_code, reason = "memory that is only read, while the owner is kept alive")]
// SAFETY: as above.
unsafe impl Sync for Pointer {}

/// The row-major bytes of a tensor with what they mean: lent, or gathered from a stranger order.
pub(crate) struct Bytes<'a> {
    dtype: DType,
    shape: &'a [u64],
    values: Cow<'a, [u8]>,
}

impl Bytes<'_> {
    pub(crate) fn view(&self) -> TensorView<'_> {
        TensorView::new(self.dtype, self.shape, &self.values)
            .expect("the length was computed from dtype and shape")
    }
}

impl Borrowed {
    /// Whether an object says that it is a tensor.
    pub(crate) fn is_tensor(object: &Bound<'_, PyAny>) -> PyResult<bool> {
        Ok(object.hasattr("__array_interface__")? || object.hasattr("__dlpack__")?)
    }

    /// A look at a tensor: through the array interface where there is one, which is NumPy's and knows every layout, else
    /// through DLPack.
    pub(crate) fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if object.hasattr("__array_interface__")? {
            return array_interface::borrow(object)?.with_memory(object);
        }
        if object.hasattr("__dlpack__")? {
            return dlpack::borrow(object)?.with_memory(object);
        }
        let kind = object.get_type().fully_qualified_name()?.to_string();
        let hint = "give an array of NumPy, PyTorch or JAX, or anything with __dlpack__";
        Err(unfit(object.py(), &format!("a {kind} is no tensor"), hint))
    }

    /// Refuses what says that it has elements and does not say where.
    fn with_memory(self, object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if !self.pointer.0.is_null() || self.shape.contains(&0) {
            return Ok(self);
        }
        let kind = object.get_type().fully_qualified_name()?;
        let hint = "give the tensor that has the values: of a distributed one tensor.to_local() or tensor.full_tensor()";
        Err(unfit(object.py(), &format!("a {kind} without memory of its own"), hint))
    }

    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    pub(crate) fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// The bytes in row-major order: where they lie, if that is their order.
    pub(crate) fn view(&self, py: Python<'_>) -> PyResult<Bytes<'_>> {
        let length = byte_length(self.dtype, &self.shape).and_then(|length| usize::try_from(length).ok());
        let length = length.filter(|length| isize::try_from(*length).is_ok());
        let Some(length) = length else {
            let what = format!("a tensor of the shape {:?} is larger than any memory", self.shape);
            return Err(unfit(py, &what, "check who made it"));
        };
        let values = if length == 0 {
            Cow::Borrowed(&[][..])
        } else if self.is_row_major() {
            Cow::Borrowed(self.lent(0, length))
        } else {
            Cow::Owned(py.detach(|| self.gathered(length)))
        };
        Ok(Bytes { dtype: self.dtype, shape: &self.shape, values })
    }

    /// Works on the bytes in row-major order, without the interpreter's lock.
    pub(crate) fn with_bytes<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&[u8]) -> T + Send,
    ) -> PyResult<T> {
        let bytes = self.view(py)?;
        Ok(py.detach(|| work(&bytes.values)))
    }

    /// A copy of our own.
    pub(crate) fn to_tensor(&self, py: Python<'_>) -> PyResult<Tensor> {
        Ok(self.view(py)?.view().to_tensor())
    }

    fn width(&self) -> usize {
        (self.dtype.bits() / 8).max(1) as usize
    }

    fn is_row_major(&self) -> bool {
        let Some(strides) = &self.strides else { return true };
        let mut expected = self.width() as i64;
        for (size, stride) in self.shape.iter().zip(strides).rev() {
            // The stride of a dim with one entry is never used.
            if *size != 1 && *stride != expected {
                return false;
            }
            expected = expected.saturating_mul(*size as i64);
        }
        true
    }

    /// Copies the elements in row-major order.
    fn gathered(&self, length: usize) -> Vec<u8> {
        let width = self.width();
        let strides = self.strides.as_deref().unwrap_or_default();
        let mut bytes = Vec::with_capacity(length);
        let mut index = vec![0_u64; self.shape.len()];
        while bytes.len() < length {
            let offset: i64 = index.iter().zip(strides).map(|(at, stride)| *at as i64 * stride).sum();
            bytes.extend_from_slice(self.lent(offset as isize, width));
            for (at, size) in index.iter_mut().zip(&self.shape).rev() {
                *at += 1;
                if *at < *size {
                    break;
                }
                *at = 0;
            }
        }
        bytes
    }

    #[expect(unsafe_code, reason = "the memory of another library, which says how far it reaches")]
    fn lent(&self, offset: isize, length: usize) -> &[u8] {
        let _ = &self.owner;
        // SAFETY: the owner, which lives as long as `self`, vouches for every element that shape and strides name, and
        // both callers stay within these. What another thread writes meanwhile is the caller's race, as with any reader
        // of NumPy's memory.
        unsafe { std::slice::from_raw_parts(self.pointer.0.offset(offset), length) }
    }
}
