//! The inner loop of every product: a tile of sums, each in ascending order.
//!
//! Vectors run across the tile, never along a sum, so that no width of them changes a bit. A product and its addition are
//! two steps; one fused step would be no faster here, because loading operands takes as long.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

/// Depth of a block of packed operands, so that a panel of it stays in the nearest cache.
pub(super) const DEPTH: usize = 256;

/// Adds the products of a panel of rows and a panel of columns to a tile.
///
/// `left` holds `ROWS` numbers for each step along the sum, `right` holds `COLUMNS`.
#[inline(always)]
fn tile<const ROWS: usize, const COLUMNS: usize>(
    left: &[f64],
    right: &[f64],
    sums: &mut [[f64; COLUMNS]; ROWS],
) {
    let mut own = *sums;
    // Arrays instead of slices: nothing is checked in the loop.
    let rows = left.chunks_exact(ROWS).filter_map(|step| step.first_chunk::<ROWS>());
    let columns = right.chunks_exact(COLUMNS).filter_map(|step| step.first_chunk::<COLUMNS>());
    for (left, right) in rows.zip(columns) {
        for row in 0..ROWS {
            for column in 0..COLUMNS {
                own[row][column] += left[row] * right[column];
            }
        }
    }
    *sums = own;
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
fn block<const ROWS: usize, const COLUMNS: usize>(block: &Block<'_>, sums: &mut [f64], stride: usize) {
    for (panel, right) in block.right.chunks_exact(COLUMNS * block.depth).enumerate() {
        let first_column = panel * COLUMNS;
        let columns = COLUMNS.min(block.columns - first_column);
        for (panel, left) in block.left.chunks_exact(ROWS * block.depth).enumerate() {
            let first_row = panel * ROWS;
            let rows = ROWS.min(block.rows - first_row);
            let mut own = [[0.0; COLUMNS]; ROWS];
            for (row, own) in own.iter_mut().enumerate().take(rows) {
                let start = (first_row + row) * stride + first_column;
                own[..columns].copy_from_slice(&sums[start..start + columns]);
            }
            tile::<ROWS, COLUMNS>(left, right, &mut own);
            for (row, own) in own.iter().enumerate().take(rows) {
                let start = (first_row + row) * stride + first_column;
                sums[start..start + columns].copy_from_slice(&own[..columns]);
            }
        }
    }
}

/// The tile that suits a processor, and how it is run there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) rows: usize,
    pub(super) columns: usize,
    #[cfg(feature = "vectors")]
    level: fearless_simd::Level,
}

impl Kernel {
    /// The one for this processor.
    #[cfg(feature = "vectors")]
    pub(super) fn new() -> Self {
        let level = fearless_simd::Level::new();
        let (rows, columns) = match level {
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Avx512(_) => (4, 16),
            #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
            fearless_simd::Level::Avx2(_) => (4, 8),
            _ => (2, 8),
        };
        Self { rows, columns, level }
    }

    /// The one for any processor of the kind that this was compiled for.
    #[cfg(not(feature = "vectors"))]
    pub(super) fn new() -> Self {
        Self { rows: 2, columns: 8 }
    }

    /// Adds the products of a block to its sums, `stride` apart from row to row.
    pub(super) fn run(self, work: &Block<'_>, sums: &mut [f64], stride: usize) {
        #[cfg(feature = "vectors")]
        fearless_simd::dispatch!(self.level, _ => self.choose(work, sums, stride));
        #[cfg(not(feature = "vectors"))]
        self.choose(work, sums, stride);
    }

    #[inline(always)]
    fn choose(self, work: &Block<'_>, sums: &mut [f64], stride: usize) {
        match (self.rows, self.columns) {
            (4, 16) => block::<4, 16>(work, sums, stride),
            (4, 8) => block::<4, 8>(work, sums, stride),
            _ => block::<2, 8>(work, sums, stride),
        }
    }
}
