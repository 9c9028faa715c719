//! Rows of features, which most operators of this domain take.

use std::borrow::Cow;

use reproof_tensor::DType;

use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// The first input as rows of numbers; a single row may come without its batch.
pub(super) struct Rows<'a> {
    /// Row by row.
    pub(super) values: Cow<'a, [f64]>,
    pub(super) count: usize,
    /// Features of a row.
    pub(super) width: usize,
    /// What products with float32 are summed as: float32 if the features are, else float64.
    pub(super) dtype: DType,
}

impl<'a> Rows<'a> {
    pub(super) fn of(call: &Call<'a>) -> Result<Self, Failure> {
        let tensor = call.tensor(0)?;
        let (count, width) = shape(tensor)?;
        let dtype = match tensor.data() {
            Data::Float(DType::F32, _) => DType::F32,
            _ => DType::F64,
        };
        Ok(Self { values: numbers(tensor)?, count, width, dtype })
    }

    /// The features of a row.
    pub(super) fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.width..][..self.width]
    }
}

/// How many rows a tensor has, and how many elements each.
pub(super) fn shape(tensor: &Tensor) -> Result<(usize, usize), Failure> {
    match tensor.shape() {
        [width] => Ok((1, *width)),
        [count, width] => Ok((*count, *width)),
        other => Err(Failure::refused(format!("expected rows of features, got {other:?}"))),
    }
}

/// The numbers of a tensor; integers are the nearest float64.
pub(super) fn numbers(tensor: &Tensor) -> Result<Cow<'_, [f64]>, Failure> {
    match tensor.data() {
        Data::Float(_, values) => Ok(Cow::Borrowed(values)),
        Data::Integer(DType::I32 | DType::I64, values) => {
            Ok(Cow::Owned(values.iter().map(|value| *value as f64).collect()))
        }
        other => Err(Failure::refused(format!("expected floats, I32 or I64, got {}", other.kind()))),
    }
}
