//! What is known of rows and columns before their products are summed.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use reproof_tensor::DType;

use crate::arithmetic::exact::lowest_bit;
use crate::arithmetic::exponent;

/// Whether a plain sum is exact: every term is a multiple of the same power of two, of which the sum of magnitudes has
/// less than 2^53.
pub(super) fn is_certain(size: f64, start: f64, lowest: i32) -> bool {
    lowest >= exponent(size) - 51 && lowest_bit(start) >= lowest
}

/// What is known of rows or columns.
pub(super) struct Bounds {
    /// Sums of squares so far.
    pub(super) squares: Vec<f64>,
    /// The exponent of the lowest bit that is set anywhere. Types of many bits are not looked at.
    pub(super) lowest: Vec<i32>,
}

impl Bounds {
    pub(super) fn new(count: usize) -> Self {
        Self { squares: vec![0.0; count], lowest: vec![i32::MAX / 4; count] }
    }

    /// Takes in steps of `width` rows or columns from `first` on.
    #[inline(always)]
    pub(super) fn extend(&mut self, first: usize, width: usize, steps: &[f64], dtype: DType) {
        let squares = &mut self.squares[first..first + width];
        for step in steps.chunks_exact(width) {
            for (sum, value) in squares.iter_mut().zip(step) {
                *sum += value * value;
            }
        }
        if dtype != DType::F32 {
            let lowest = &mut self.lowest[first..first + width];
            for step in steps.chunks_exact(width) {
                for (lowest, value) in lowest.iter_mut().zip(step) {
                    *lowest = lowest_bit(*value).min(*lowest);
                }
            }
        }
    }

    /// Takes in all of one row.
    pub(super) fn set(&mut self, row: usize, values: &[f64], dtype: DType) {
        const LANES: usize = 8;
        let mut lanes = [0.0; LANES];
        for values in values.chunks(LANES) {
            for (lane, value) in lanes.iter_mut().zip(values) {
                *lane += value * value;
            }
        }
        self.squares[row] = lanes.iter().sum();
        if dtype != DType::F32 {
            self.lowest[row] = values.iter().map(|value| lowest_bit(*value)).fold(i32::MAX / 4, i32::min);
        }
    }

    /// At least the Euclidean norm: the product of two is at least the sum of the magnitudes of products. Of terms of one
    /// sign, the sum is off by far less than what is added here.
    pub(super) fn size(&self, index: usize) -> f64 {
        (self.squares[index] * (1.0 + 1e-7)).sqrt() * (1.0 + 1e-7)
    }
}
