//! The inner loop of every product: a tile of sums, each in ascending order.
//!
//! Vectors run across the tile, never along a sum, so that no width of them changes a bit. A product and its addition are
//! one fused step where the products of the type are exact anyway, and where the processor has one; else two.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use std::ops::Range;

use reproof_tensor::DType;

use super::Matrix;
use super::bounds::Bounds;
use crate::arithmetic::vectors::{Level, decide, widest};

/// Depth of a block of packed operands, so that a panel of it stays in the nearest cache.
pub(super) const DEPTH: usize = 256;

/// How a product is added to a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    /// In two steps of float64.
    Two,
    /// In two or in one, whichever is faster: float64 holds the product, so that both give the same.
    Either,
    /// In two steps of float32.
    Single,
}

const TWO: u8 = 0;
const FUSED: u8 = 1;
const SINGLE: u8 = 2;

/// Adds the products of a panel of rows and a panel of columns to a tile.
///
/// `left` holds `ROWS` numbers for each step along the sum, `right` holds `COLUMNS`.
#[inline(always)]
fn tile<const ROWS: usize, const COLUMNS: usize, const STEPS: u8>(
    left: &[f64],
    right: &[f64],
    sums: &mut [[f64; COLUMNS]; ROWS],
) {
    // Arrays instead of slices: nothing is checked in the loop.
    let rows = left.chunks_exact(ROWS).filter_map(|step| step.first_chunk::<ROWS>());
    let columns = right.chunks_exact(COLUMNS).filter_map(|step| step.first_chunk::<COLUMNS>());
    if STEPS == SINGLE {
        let mut own = sums.map(|row| row.map(|sum| sum as f32));
        for (left, right) in rows.zip(columns) {
            for row in 0..ROWS {
                for column in 0..COLUMNS {
                    own[row][column] += left[row] as f32 * right[column] as f32;
                }
            }
        }
        *sums = own.map(|row| row.map(f64::from));
        return;
    }
    let mut own = *sums;
    for (left, right) in rows.zip(columns) {
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                let sum = &mut own[row][column];
                *sum = if STEPS == FUSED {
                    left[row].mul_add(right[column], *sum)
                } else {
                    *sum + left[row] * right[column]
                };
            }
        }
    }
    *sums = own;
}

/// Vectors that are multiplied at once, so that no sum waits for its last addition.
pub(super) const DOTS: usize = 8;

/// What covers the rounding of a sum of magnitudes.
pub(super) const SLACK: f64 = 1.0 + 1e-7;

/// Adds the products of eight vectors and another to their sums, and the magnitudes of the products to the sizes.
#[inline(always)]
fn dots(vectors: [&[f64]; DOTS], other: &[f64], own: &mut [(f64, f64); DOTS]) {
    let vectors = vectors.map(|vector| &vector[..other.len()]);
    for (step, factor) in other.iter().enumerate() {
        for (own, vector) in own.iter_mut().zip(&vectors) {
            let product = vector[step] * factor;
            own.0 += product;
            own.1 += product.abs();
        }
    }
}

/// Adds a scaled line to sums.
#[inline(always)]
fn add_line(factor: f64, line: &[f64], sums: &mut [f64]) {
    sums.iter_mut().zip(line).for_each(|(sum, value)| *sum += factor * value);
}

/// As [`add_line`], with the magnitudes of the products.
#[inline(always)]
fn add_line_sized(factor: f64, line: &[f64], sums: &mut [f64], sizes: &mut [f64]) {
    for ((sum, size), value) in sums.iter_mut().zip(sizes).zip(line) {
        let product = factor * value;
        *sum += product;
        *size += product.abs();
    }
}

/// A block of sums.
pub(super) struct Block<'a> {
    /// Packed rows: panels of [`Kernel::rows`] for each step.
    pub(super) left: &'a [f64],
    /// Packed columns: panels of [`Kernel::columns`] for each step.
    pub(super) right: &'a [f64],
    /// Steps along the sums.
    pub(super) depth: usize,
    /// Rows that are there.
    pub(super) rows: usize,
    /// Columns that are there.
    pub(super) columns: usize,
}

#[inline(always)]
fn block<const ROWS: usize, const COLUMNS: usize, const STEPS: u8>(
    block: &Block<'_>,
    sums: &mut [f64],
    stride: usize,
) {
    for (panel, right) in block.right.chunks_exact(COLUMNS * block.depth).enumerate() {
        let first_column = panel * COLUMNS;
        let columns = COLUMNS.min(block.columns - first_column);
        for (panel, left) in block.left.chunks_exact(ROWS * block.depth).enumerate() {
            let first_row = panel * ROWS;
            let rows = ROWS.min(block.rows - first_row);
            let mut own = [[0.0; COLUMNS]; ROWS];
            let starts = (0..rows).map(|row| (first_row + row) * stride + first_column);
            if columns == COLUMNS {
                // Of a length that the compiler knows.
                for (own, start) in own.iter_mut().zip(starts.clone()) {
                    own.copy_from_slice(&sums[start..start + COLUMNS]);
                }
                tile::<ROWS, COLUMNS, STEPS>(left, right, &mut own);
                for (own, start) in own.iter().zip(starts) {
                    sums[start..start + COLUMNS].copy_from_slice(own);
                }
            } else {
                for (own, start) in own.iter_mut().zip(starts.clone()) {
                    own[..columns].copy_from_slice(&sums[start..start + columns]);
                }
                tile::<ROWS, COLUMNS, STEPS>(left, right, &mut own);
                for (own, start) in own.iter().zip(starts) {
                    sums[start..start + columns].copy_from_slice(&own[..columns]);
                }
            }
        }
    }
}

/// The tile that suits a processor, and how it is run there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) rows: usize,
    pub(super) columns: usize,
    level: Level,
}

impl Kernel {
    /// The one for this processor.
    pub(super) fn new() -> Self {
        let level = Level::new();
        let (rows, columns) = tile_of(level);
        Self { rows, columns, level }
    }

    /// Adds the products of a block to its sums, `stride` apart from row to row.
    pub(super) fn run(self, work: &Block<'_>, sums: &mut [f64], stride: usize, steps: Steps) {
        widest!(self.level, self.choose(work, sums, stride, steps));
    }

    /// Packs columns, as many as a tile has; see [`Matrix::pack`].
    pub(super) fn pack<Right: Matrix>(
        self,
        right: &Right,
        columns: &Right::Columns,
        steps: Range<usize>,
        target: &mut [f64],
    ) {
        widest!(self.level, right.pack(columns, steps, self.columns, target));
    }

    /// Takes packed columns into account; see [`Bounds::extend`].
    pub(super) fn extend(self, bounds: &mut Bounds, first: usize, packed: &[f64], dtype: DType) {
        widest!(self.level, bounds.extend(first, self.columns, packed, dtype));
    }

    /// Rounds sums to float32, each as the lower end of what it may be; tells whether an upper end is another number.
    pub(super) fn round_singles(self, sums: &mut [f64], errors: &[f64]) -> bool {
        decide(self.level, sums, errors)
    }

    /// As [`dots`].
    pub(super) fn dots(self, vectors: [&[f64]; DOTS], other: &[f64], own: &mut [(f64, f64); DOTS]) {
        widest!(self.level, dots(vectors, other, own));
    }

    /// As [`add_line`].
    pub(super) fn add_line(self, factor: f64, line: &[f64], sums: &mut [f64]) {
        widest!(self.level, add_line(factor, line, sums));
    }

    /// As [`add_line_sized`].
    pub(super) fn add_line_sized(self, factor: f64, line: &[f64], sums: &mut [f64], sizes: &mut [f64]) {
        widest!(self.level, add_line_sized(factor, line, sums, sizes));
    }

    #[inline(always)]
    fn choose(self, work: &Block<'_>, sums: &mut [f64], stride: usize, steps: Steps) {
        match (self.rows, self.columns, steps) {
            (4, 16, Steps::Either) => block::<4, 16, FUSED>(work, sums, stride),
            (4, 16, Steps::Two) => block::<4, 16, TWO>(work, sums, stride),
            (4, 16, Steps::Single) => block::<4, 16, SINGLE>(work, sums, stride),
            (4, 8, Steps::Either) => block::<4, 8, FUSED>(work, sums, stride),
            (4, 8, Steps::Two) => block::<4, 8, TWO>(work, sums, stride),
            (4, 8, Steps::Single) => block::<4, 8, SINGLE>(work, sums, stride),
            (_, _, Steps::Single) => block::<2, 8, SINGLE>(work, sums, stride),
            // Of these processors many have no fused step, which would then be a call.
            _ => block::<2, 8, TWO>(work, sums, stride),
        }
    }
}

/// Rows and columns of a tile whose sums fit the registers.
#[cfg(feature = "vectors")]
fn tile_of(level: Level) -> (usize, usize) {
    match level {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx512(_) => (4, 16),
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx2(_) => (4, 8),
        _ => (2, 8),
    }
}

#[cfg(not(feature = "vectors"))]
fn tile_of(_: Level) -> (usize, usize) {
    (2, 8)
}
