//! The inner loop of every product: a tile of sums, each in ascending order.
//!
//! Vectors run across the tile, never along a sum, so that no width of them changes a bit. A product and its addition are
//! one fused step where the products of the type are exact anyway, and where the processor has one; else two.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use std::ops::Range;

use reproof_tensor::DType;

use super::Matrix;
use super::bounds::{Bounds, Sizes};
use crate::arithmetic::vectors::{Level, widest};

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

/// Lines that are added at once, so that sums are read and written once for all of them.
pub(super) const LINES: usize = 8;

/// Adds scaled lines to sums, one after the other, and the magnitudes of the products to sizes, where there are any.
#[inline(always)]
fn add_lines<const COUNT: usize, const LANES: usize>(
    factors: &[f64; COUNT],
    lines: [&[f64]; COUNT],
    sums: &mut [f64],
    sizes: &mut [f64],
) {
    if sizes.is_empty() {
        add::<COUNT, LANES, false>(factors, lines, sums, sizes);
    } else {
        add::<COUNT, LANES, true>(factors, lines, sums, sizes);
    }
}

#[inline(always)]
fn add<const COUNT: usize, const LANES: usize, const SIZED: bool>(
    factors: &[f64; COUNT],
    lines: [&[f64]; COUNT],
    sums: &mut [f64],
    sizes: &mut [f64],
) {
    let count = sums.len();
    let (lines, sizes) = (lines.map(|line| &line[..count]), &mut sizes[..if SIZED { count } else { 0 }]);
    let mut at = 0;
    while let Some(sums) = sums[at..].first_chunk_mut::<LANES>() {
        let (mut own, mut size) = (*sums, [0.0; LANES]);
        if SIZED {
            size.copy_from_slice(&sizes[at..at + LANES]);
        }
        for (factor, line) in factors.iter().zip(&lines) {
            let mut products = [0.0; LANES];
            products.copy_from_slice(&line[at..at + LANES]);
            for lane in 0..LANES {
                products[lane] *= factor;
                own[lane] += products[lane];
                if SIZED {
                    size[lane] += products[lane].abs();
                }
            }
        }
        *sums = own;
        if SIZED {
            sizes[at..at + LANES].copy_from_slice(&size);
        }
        at += LANES;
    }
    for at in at..count {
        for (factor, line) in factors.iter().zip(&lines) {
            let product = factor * line[at];
            sums[at] += product;
            if SIZED {
                sizes[at] += product.abs();
            }
        }
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
    /// What the sums of each row start with; else with what is there.
    pub(super) starts: Option<&'a [f64]>,
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
            let places = (0..rows).map(|row| (first_row + row) * stride + first_column);
            if let Some(starts) = block.starts {
                let starts = &starts[first_row..first_row + rows];
                own.iter_mut().zip(starts).for_each(|(own, start)| *own = [*start; COLUMNS]);
            }
            if columns == COLUMNS {
                // Of a length that the compiler knows.
                if block.starts.is_none() {
                    for (own, start) in own.iter_mut().zip(places.clone()) {
                        own.copy_from_slice(&sums[start..start + COLUMNS]);
                    }
                }
                tile::<ROWS, COLUMNS, STEPS>(left, right, &mut own);
                for (own, start) in own.iter().zip(places) {
                    sums[start..start + COLUMNS].copy_from_slice(own);
                }
            } else {
                if block.starts.is_none() {
                    for (own, start) in own.iter_mut().zip(places.clone()) {
                        own[..columns].copy_from_slice(&sums[start..start + columns]);
                    }
                }
                tile::<ROWS, COLUMNS, STEPS>(left, right, &mut own);
                for (own, start) in own.iter().zip(places) {
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

    /// Rounds sums to float32, each as the lower end of what it may be, and tells whether an upper end is another number.
    /// `errors` become what each may be off by.
    pub(super) fn round_singles(
        self,
        sums: &mut [f64],
        sizes: &Sizes<'_>,
        unit: f64,
        errors: &mut [f64],
    ) -> bool {
        widest!(self.level, sizes.round(sums, unit, errors))
    }

    /// As [`dots`].
    pub(super) fn dots(self, vectors: [&[f64]; DOTS], other: &[f64], own: &mut [(f64, f64); DOTS]) {
        widest!(self.level, dots(vectors, other, own));
    }

    /// As [`add_lines`].
    pub(super) fn add_lines<const COUNT: usize>(
        self,
        factors: &[f64; COUNT],
        lines: [&[f64]; COUNT],
        sums: &mut [f64],
        sizes: &mut [f64],
    ) {
        // As many at once as registers hold, with their sizes.
        match self.columns * self.rows {
            64 => widest!(self.level, add_lines::<COUNT, 32>(factors, lines, sums, sizes)),
            32 => widest!(self.level, add_lines::<COUNT, 16>(factors, lines, sums, sizes)),
            _ => widest!(self.level, add_lines::<COUNT, 8>(factors, lines, sums, sizes)),
        }
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
