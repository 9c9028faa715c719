//! The inner loop of every large product: a tile of sums, each in ascending order.
//!
//! Vectors run across the tile, never along a sum, so that no width of them changes a bit. A product and its addition are
//! one fused step where the products of the type are exact anyway, and where the processor has one; else two.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use crate::arithmetic::vectors::Vectors;

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
const EITHER: u8 = 1;

/// A block of sums.
pub(super) struct Block<'a> {
    /// Packed rows: panels of as many as [`shape`] says, for each step.
    pub(super) left: &'a [f64],
    /// Packed columns: panels of as many as [`shape`] says, for each step.
    pub(super) right: &'a [f64],
    /// Steps along the sums.
    pub(super) depth: usize,
    /// Rows that are there.
    pub(super) rows: usize,
    /// Columns that are there.
    pub(super) columns: usize,
}

/// Vectors in each row of a tile.
const ACROSS: usize = 2;

/// Rows and columns of a tile whose sums fit the registers, with so many numbers in a vector: enough sums that none waits
/// for its last addition.
pub(super) const fn shape(lanes: usize) -> (usize, usize) {
    (if lanes == 8 { 8 } else { 4 }, lanes * ACROSS)
}

/// Adds the products of a block to its sums, `stride` apart from row to row.
#[inline(always)]
pub(super) fn add<V: Vectors>(vectors: V, block: &Block<'_>, sums: &mut [f64], stride: usize, steps: Steps) {
    match (V::LANES, steps) {
        (8, Steps::Two) => panels(vectors, block, sums, stride, eight_rows::<V, 16, TWO>),
        (8, Steps::Either) => panels(vectors, block, sums, stride, eight_rows::<V, 16, EITHER>),
        (8, Steps::Single) => panels(vectors, block, sums, stride, singles::<V, 8, 16>),
        (4, Steps::Two) => panels(vectors, block, sums, stride, four_rows::<V, 8, TWO>),
        (4, Steps::Either) => panels(vectors, block, sums, stride, four_rows::<V, 8, EITHER>),
        (4, Steps::Single) => panels(vectors, block, sums, stride, singles::<V, 4, 8>),
        (_, Steps::Two) => panels(vectors, block, sums, stride, four_rows::<V, 4, TWO>),
        (_, Steps::Either) => panels(vectors, block, sums, stride, four_rows::<V, 4, EITHER>),
        (_, Steps::Single) => panels(vectors, block, sums, stride, singles::<V, 4, 4>),
    }
}

/// Gives `tile` each panel of rows with each of columns, and the sums that they add to.
#[inline(always)]
fn panels<V: Vectors, const ROWS: usize, const COLUMNS: usize>(
    vectors: V,
    block: &Block<'_>,
    sums: &mut [f64],
    stride: usize,
    tile: impl Fn(V, &[f64], &[f64], &mut [[f64; COLUMNS]; ROWS]),
) {
    for (panel, right) in block.right.chunks_exact(COLUMNS * block.depth).enumerate() {
        let first_column = panel * COLUMNS;
        let columns = COLUMNS.min(block.columns - first_column);
        for (panel, left) in block.left.chunks_exact(ROWS * block.depth).enumerate() {
            let first_row = panel * ROWS;
            let rows = ROWS.min(block.rows - first_row);
            let mut own = [[0.0; COLUMNS]; ROWS];
            let starts = (0..rows).map(|row| (first_row + row) * stride + first_column);
            for (own, start) in own.iter_mut().zip(starts.clone()) {
                match sums[start..].first_chunk::<COLUMNS>().filter(|_| columns == COLUMNS) {
                    // Of a length that the compiler knows.
                    Some(sums) => *own = *sums,
                    None => own[..columns].copy_from_slice(&sums[start..start + columns]),
                }
            }
            tile(vectors, left, right, &mut own);
            for (own, start) in own.iter().zip(starts) {
                match sums[start..].first_chunk_mut::<COLUMNS>().filter(|_| columns == COLUMNS) {
                    Some(sums) => *sums = *own,
                    None => sums[start..start + columns].copy_from_slice(&own[..columns]),
                }
            }
        }
    }
}

/// Adds the products of a panel of rows and a panel of columns to a tile: `left` holds a number of each row for each step
/// along the sum, `right` one of each column.
///
/// Each row of the tile has a name. What is an array, and be it of vectors, compilers keep in memory, which takes three times
/// as long.
macro_rules! tile {
    ($name:ident, $rows:literal: $($sum:ident $row:literal),*) => {
        #[inline(always)]
        fn $name<V: Vectors, const COLUMNS: usize, const STEPS: u8>(
            vectors: V,
            left: &[f64],
            right: &[f64],
            sums: &mut [[f64; COLUMNS]; $rows],
        ) {
            $(
                let (first, second) = sums[$row].split_at(V::LANES);
                let mut $sum = (vectors.load(first), vectors.load(second));
            )*
            // Arrays instead of slices: nothing is checked in the loop.
            let rows = left.chunks_exact($rows).filter_map(|step| step.first_chunk::<$rows>());
            let columns = right.chunks_exact(COLUMNS).filter_map(|step| step.first_chunk::<COLUMNS>());
            for (left, right) in rows.zip(columns) {
                let (first, second) = right.split_at(V::LANES);
                let (first, second) = (vectors.load(first), vectors.load(second));
                $(
                    let factor = vectors.splat(left[$row]);
                    $sum = if STEPS == EITHER {
                        (
                            vectors.add_product($sum.0, factor, first),
                            vectors.add_product($sum.1, factor, second),
                        )
                    } else {
                        (
                            vectors.add_rounded_product($sum.0, factor, first),
                            vectors.add_rounded_product($sum.1, factor, second),
                        )
                    };
                )*
            }
            $(
                let (first, second) = sums[$row].split_at_mut(V::LANES);
                vectors.store($sum.0, first);
                vectors.store($sum.1, second);
            )*
        }
    };
}

tile!(eight_rows, 8: a 0, b 1, c 2, d 3, e 4, f 5, g 6, h 7);
tile!(four_rows, 4: a 0, b 1, c 2, d 3);

/// As the others, each product and each sum rounded to float32.
#[inline(always)]
fn singles<V: Vectors, const ROWS: usize, const COLUMNS: usize>(
    _: V,
    left: &[f64],
    right: &[f64],
    sums: &mut [[f64; COLUMNS]; ROWS],
) {
    let rows = left.chunks_exact(ROWS).filter_map(|step| step.first_chunk::<ROWS>());
    let columns = right.chunks_exact(COLUMNS).filter_map(|step| step.first_chunk::<COLUMNS>());
    let mut own = sums.map(|row| row.map(|sum| sum as f32));
    for (left, right) in rows.zip(columns) {
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                own[row][column] += left[row] as f32 * right[column] as f32;
            }
        }
    }
    *sums = own.map(|row| row.map(f64::from));
}
