//! Tensors as operators see them: every float is the float64 of the same value, every integer an int64.
//!
//! An operator computes once for all types and rounds its result to the type that the graph declares. In float64 nothing
//! is lost: every narrower float and every product of two of them fits.

use reproof_tensor::DType;

use crate::Failure;
use crate::arithmetic::round_all;

/// The elements of a tensor, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// Floats of a type, each a number of it; NaN is the canonical one.
    Float(DType, Vec<f64>),
    /// Integers of a type, each within its range. An unsigned one beyond 2^63 is the negative of the same 64 bits.
    Integer(DType, Vec<i64>),
    /// Truth values.
    Boolean(Vec<bool>),
    /// Texts.
    Text(Vec<String>),
}

impl Data {
    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::Float(_, values) => values.len(),
            Self::Integer(_, values) => values.len(),
            Self::Boolean(values) => values.len(),
            Self::Text(values) => values.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements at these positions, in their order.
    pub(crate) fn gather(&self, positions: impl Iterator<Item = usize>) -> Self {
        match self {
            Self::Float(dtype, values) => Self::Float(*dtype, positions.map(|at| values[at]).collect()),
            Self::Integer(dtype, values) => Self::Integer(*dtype, positions.map(|at| values[at]).collect()),
            Self::Boolean(values) => Self::Boolean(positions.map(|at| values[at]).collect()),
            Self::Text(values) => Self::Text(positions.map(|at| values[at].clone()).collect()),
        }
    }

    /// A word for the type.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Float(dtype, _) | Self::Integer(dtype, _) => dtype.name(),
            Self::Boolean(_) => DType::Bool.name(),
            Self::Text(_) => "string",
        }
    }
}

/// A tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Data,
}

impl Tensor {
    /// A tensor of this shape.
    ///
    /// # Panics
    /// If the shape holds another number of elements: operators count before they compute.
    pub fn new(shape: Vec<usize>, data: Data) -> Self {
        assert_eq!(count(&shape), Some(data.len()), "{shape:?}");
        Self { shape, data }
    }

    /// Floats, each rounded to the type.
    pub(crate) fn rounded(shape: Vec<usize>, dtype: DType, mut values: Vec<f64>) -> Self {
        round_all(dtype, &mut values);
        Self::new(shape, Data::Float(dtype, values))
    }

    /// Integers, each wrapped to the type as two's complement does.
    pub(crate) fn wrapped(shape: Vec<usize>, dtype: DType, mut values: Vec<i64>) -> Self {
        if !matches!(dtype, DType::I64 | DType::U64) {
            for value in &mut values {
                *value = wrap(dtype, *value);
            }
        }
        Self::new(shape, Data::Integer(dtype, values))
    }

    /// 64-bit integers in a row.
    pub(crate) fn integers(values: Vec<i64>) -> Self {
        Self::new(vec![values.len()], Data::Integer(DType::I64, values))
    }

    /// One element.
    pub(crate) fn scalar(data: Data) -> Self {
        Self::new(Vec::new(), data)
    }

    /// The dims, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The number of dims.
    pub(crate) fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The same elements in another shape of as many.
    pub(crate) fn reshaped(&self, shape: Vec<usize>) -> Self {
        Self::new(shape, self.data.clone())
    }

    /// The floats with their type.
    pub(crate) fn floats(&self) -> Result<(DType, &[f64]), Failure> {
        match &self.data {
            Data::Float(dtype, values) => Ok((*dtype, values)),
            other => Err(Failure::refused(format!("expected floats, got {}", other.kind()))),
        }
    }

    /// The integers with their type.
    pub(crate) fn whole(&self) -> Result<(DType, &[i64]), Failure> {
        match &self.data {
            Data::Integer(dtype, values) => Ok((*dtype, values)),
            other => Err(Failure::refused(format!("expected integers, got {}", other.kind()))),
        }
    }

    /// The truth values.
    pub(crate) fn truths(&self) -> Result<&[bool], Failure> {
        match &self.data {
            Data::Boolean(values) => Ok(values),
            other => Err(Failure::refused(format!("expected truth values, got {}", other.kind()))),
        }
    }

    /// The single integer of a tensor of one element.
    pub(crate) fn single(&self) -> Result<i64, Failure> {
        match self.whole()?.1 {
            [value] => Ok(*value),
            values => Err(Failure::refused(format!("expected one integer, got {}", values.len()))),
        }
    }
}

/// The number of elements of a shape, where it fits. Dims beside a 0 must fit too: parts of the shape are counted as well.
pub(crate) fn count(shape: &[usize]) -> Option<usize> {
    let count = shape.iter().try_fold(1_usize, |count, dim| count.checked_mul((*dim).max(1)))?;
    Some(if shape.contains(&0) { 0 } else { count })
}

/// An integer as its type holds it: the lowest bits.
pub(crate) fn wrap(dtype: DType, value: i64) -> i64 {
    match dtype {
        DType::I32 => i64::from(value as i32),
        DType::I16 => i64::from(value as i16),
        DType::I8 => i64::from(value as i8),
        DType::I4 => i64::from(((value as i8) << 4) >> 4),
        DType::U32 => i64::from(value as u32),
        DType::U16 => i64::from(value as u16),
        DType::U8 => i64::from(value as u8),
        DType::U4 => value & 0xF,
        _ => value,
    }
}

/// Elements from one step along each dim to the next.
pub(crate) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for dim in (1..shape.len()).rev() {
        strides[dim - 1] = strides[dim] * shape[dim];
    }
    strides
}

/// Whether a type is a float that operators compute in.
pub fn is_float(dtype: DType) -> bool {
    matches!(
        dtype,
        DType::F64
            | DType::F32
            | DType::F16
            | DType::BF16
            | DType::F8E4M3
            | DType::F8E5M2
            | DType::F8E4M3Fnuz
            | DType::F8E5M2Fnuz
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_the_bits_of_their_type() {
        assert_eq!(wrap(DType::U8, 300), 44);
        assert_eq!(wrap(DType::U8, -1), 255);
        assert_eq!(wrap(DType::I8, 200), -56);
        assert_eq!(wrap(DType::I4, 9), -7);
        assert_eq!(wrap(DType::U4, 31), 15);
        assert_eq!(wrap(DType::I32, 1 << 40), 0);
    }

    #[test]
    fn shapes_that_overflow_have_no_count() {
        assert_eq!(count(&[usize::MAX, 2]), None);
        assert_eq!(count(&[usize::MAX, 2, 0]), None);
        assert_eq!(count(&[usize::MAX, 0]), Some(0));
        assert_eq!(strides(&[2, 3, 4]), [12, 4, 1]);
    }
}
