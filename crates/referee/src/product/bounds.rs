//! What is known of rows and columns before their products are summed.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use reproof_tensor::DType;

use crate::arithmetic::exact::lowest_bit;
use crate::arithmetic::exponent;
use crate::arithmetic::vectors::decide;

/// Whether a plain sum is exact: every term is a multiple of the same power of two, of which the sum of magnitudes has
/// less than 2^53.
pub(super) fn is_certain(size: f64, start: f64, lowest: i32) -> bool {
    lowest >= exponent(size) - 51 && lowest_bit(start) >= lowest
}

/// At least the sums of the magnitudes of terms, but for their rounding: `scale * each + start`.
#[derive(Clone, Copy)]
pub(super) struct Sizes<'a> {
    pub(super) each: &'a [f64],
    pub(super) scale: f64,
    pub(super) start: f64,
}

impl<'a> Sizes<'a> {
    /// Sizes that only their own rounding is missing in.
    pub(super) fn summed(each: &'a [f64]) -> Self {
        const SLACK: f64 = 1.0 + 1e-7;
        Self { each, scale: SLACK, start: 0.0 }
    }

    /// Those of the sums from one on.
    pub(super) fn part(self, first: usize, count: usize) -> Self {
        Self { each: &self.each[first..first + count], ..self }
    }

    /// Rounds sums to float32, each as the lower end of what it may be, and tells whether an upper end is another number.
    /// `errors` become what each may be off by: `unit` of its size.
    #[inline(always)]
    pub(super) fn round(self, sums: &mut [f64], unit: f64, errors: &mut [f64]) -> bool {
        let (scale, start) = (self.scale * unit, self.start * unit);
        for (error, size) in errors.iter_mut().zip(self.each) {
            *error = scale * size + start;
        }
        decide(sums, errors)
    }
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
        match width {
            8 => square::<8>(squares, steps),
            16 => square::<16>(squares, steps),
            _ => steps.chunks_exact(width).for_each(|step| {
                squares.iter_mut().zip(step).for_each(|(sum, value)| *sum += value * value);
            }),
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

/// Adds the squares of steps to their sums, which stay in registers.
#[inline(always)]
fn square<const WIDTH: usize>(sums: &mut [f64], steps: &[f64]) {
    let mut own = [0.0; WIDTH];
    own.copy_from_slice(sums);
    for step in steps.chunks_exact(WIDTH).filter_map(|step| step.first_chunk::<WIDTH>()) {
        own.iter_mut().zip(step).for_each(|(sum, value)| *sum += value * value);
    }
    sums.copy_from_slice(&own);
}
