//! What runs in the widest vectors of this processor.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use std::ops::Range;

use reproof_tensor::DType;

use super::Matrix;
use super::bounds::Bounds;
use super::tile::{self, Block, Steps};
use crate::arithmetic::vectors::{Level, Vectors, decide, widest};

/// Depth of a block of packed operands, so that a panel of it stays in the nearest cache.
pub(super) const DEPTH: usize = 256;

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

#[inline(always)]
fn lanes<V: Vectors>(_: V) -> usize {
    V::LANES
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
        let (rows, columns) = tile::shape(widest!(level, vectors => lanes(vectors)));
        Self { rows, columns, level }
    }

    /// Adds the products of a block to its sums, `stride` apart from row to row.
    pub(super) fn run(self, work: &Block<'_>, sums: &mut [f64], stride: usize, steps: Steps) {
        widest!(self.level, vectors => tile::add(vectors, work, sums, stride, steps));
    }

    /// Packs columns, as many as a tile has; see [`Matrix::pack`].
    pub(super) fn pack<Right: Matrix>(
        self,
        right: &Right,
        columns: &Right::Columns,
        steps: Range<usize>,
        target: &mut [f64],
    ) {
        widest!(self.level, _ => right.pack(columns, steps, self.columns, target));
    }

    /// Takes packed columns into account; see [`Bounds::extend`].
    pub(super) fn extend(self, bounds: &mut Bounds, first: usize, packed: &[f64], dtype: DType) {
        widest!(self.level, _ => bounds.extend(first, self.columns, packed, dtype));
    }

    /// Rounds sums to float32, each as the lower end of what it may be; tells whether an upper end is another number.
    pub(super) fn round_singles(self, sums: &mut [f64], errors: &[f64]) -> bool {
        decide(self.level, sums, errors)
    }

    /// As [`dots`].
    pub(super) fn dots(self, vectors: [&[f64]; DOTS], other: &[f64], own: &mut [(f64, f64); DOTS]) {
        widest!(self.level, _ => dots(vectors, other, own));
    }

    /// As [`add_line`].
    pub(super) fn add_line(self, factor: f64, line: &[f64], sums: &mut [f64]) {
        widest!(self.level, _ => add_line(factor, line, sums));
    }

    /// As [`add_line_sized`].
    pub(super) fn add_line_sized(self, factor: f64, line: &[f64], sums: &mut [f64], sizes: &mut [f64]) {
        widest!(self.level, _ => add_line_sized(factor, line, sums, sizes));
    }
}
