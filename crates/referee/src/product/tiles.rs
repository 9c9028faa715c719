//! Large products: tiles of packed operands.

use std::cell::OnceCell;
use std::ops::Range;

use reproof_tensor::DType;

use super::bounds::{Bounds, Sizes, is_certain};
use super::kernel::{Block, DEPTH, Kernel, Steps};
use super::{Matrix, Product, Starts, exact_sum};
use crate::arithmetic::{exact, round};
use crate::parallel;

/// Columns of one block of work: as many as leave its packed operands in the second cache.
const COLUMNS: usize = 256;

/// Sums of a block of columns: `stride` from row to row.
struct Sums<'a> {
    values: &'a mut [f64],
    stride: usize,
}

/// What one thread does: blocks of columns with their sums.
struct Share {
    blocks: Vec<(Range<usize>, Vec<f64>)>,
    packed: Vec<f64>,
}

/// What is known of the rows of a product.
struct Rows<'a> {
    /// In panels.
    packed: Vec<f64>,
    bounds: Bounds,
    /// What the sums of each row start with.
    starts: Option<Vec<f64>>,
    /// What each sum starts with, where each has its own.
    each: Option<&'a [f64]>,
}

impl<Right: Matrix> Product<'_, Right> {
    pub(super) fn tiles(&self, kernel: Kernel, sums: &mut [f64]) {
        let each = (self.is_exact() && matches!(self.starts, Starts::Given)).then(|| sums.to_vec());
        let rows = Rows {
            packed: self.packed_left(kernel),
            bounds: self.row_bounds(),
            starts: (0..self.rows).map(|row| self.starts.of_row(row)).collect(),
            each: each.as_deref(),
        };
        let share = self.columns.div_ceil(self.options.threads.max(1)).next_multiple_of(kernel.columns);
        let width = COLUMNS.min(share).max(1);
        let columns = |index: usize| index * width..self.columns.min((index + 1) * width);
        let blocks = self.columns.div_ceil(width);
        if self.options.threads <= 1 || blocks < 2 {
            let mut packed = self.room(kernel, width);
            for columns in (0..blocks).map(columns) {
                let values = &mut sums[columns.start..];
                self.block(kernel, &rows, columns, Sums { values, stride: self.columns }, &mut packed);
            }
            return;
        }
        // A thread that has just begun gets its memory from the system, page by page: what is large is made here.
        let each = blocks.div_ceil(self.options.threads);
        let share = |first: usize| {
            let own = (first..blocks.min(first + each)).map(columns);
            let taken = |columns: Range<usize>| {
                let mut values = Vec::with_capacity(self.rows * columns.len());
                for row in sums.chunks_exact(self.columns) {
                    values.extend_from_slice(&row[columns.clone()]);
                }
                (columns, values)
            };
            Share { blocks: own.map(taken).collect(), packed: self.room(kernel, width) }
        };
        let mut shares: Vec<Share> = (0..blocks).step_by(each).map(share).collect();
        let work = self.rows.saturating_mul(self.steps).saturating_mul(width * each);
        parallel::fill(self.options.threads, &mut shares, 1, work, |_, shares| {
            for Share { blocks, packed } in shares {
                for (columns, values) in blocks {
                    let stride = columns.len();
                    self.block(kernel, &rows, columns.clone(), Sums { values, stride }, packed);
                }
            }
        });
        for (columns, values) in shares.into_iter().flat_map(|share| share.blocks) {
            for (row, values) in values.chunks_exact(columns.len()).enumerate() {
                sums[row * self.columns..][columns.clone()].copy_from_slice(values);
            }
        }
    }

    /// Memory for the packed columns of a block.
    fn room(&self, kernel: Kernel, columns: usize) -> Vec<f64> {
        vec![0.0; columns.next_multiple_of(kernel.columns) * DEPTH.min(self.steps)]
    }

    /// The left operand in panels: for each block of depth, for each panel of rows, its steps.
    fn packed_left(&self, kernel: Kernel) -> Vec<f64> {
        let panels = self.rows.div_ceil(kernel.rows);
        let mut packed = vec![0.0; panels * kernel.rows * self.steps];
        let (down, across) = self.left.strides;
        for (number, depth) in depths(self.steps) {
            let start = number * panels * kernel.rows;
            for panel in 0..panels {
                let target = &mut packed[start + panel * kernel.rows * depth..][..kernel.rows * depth];
                let first = panel * kernel.rows;
                let rows = first..self.rows.min(first + kernel.rows);
                for (step, target) in target.chunks_exact_mut(kernel.rows).enumerate() {
                    let place = (number + step) * across;
                    for (target, row) in target.iter_mut().zip(rows.clone()) {
                        *target = self.left.values[row * down + place];
                    }
                }
            }
        }
        packed
    }

    /// One block of columns, which are packed into memory with [`Self::room`] for them.
    fn block(
        &self,
        kernel: Kernel,
        rows: &Rows<'_>,
        columns: Range<usize>,
        mut sums: Sums<'_>,
        packed: &mut [f64],
    ) {
        let (column, count) = (columns.start, columns.len());
        let panels = count.div_ceil(kernel.columns);
        let mut bounds = Bounds::new(panels * kernel.columns);
        let own = |panel: usize| {
            let first = column + panel * kernel.columns;
            let own = first..columns.end.min(first + kernel.columns);
            self.right.columns(own)
        };
        let columns_of: Vec<_> = (0..panels).map(own).collect();
        let padded_rows = self.rows.div_ceil(kernel.rows) * kernel.rows;
        let steps = match self.dtype {
            _ if self.is_ordinary() => Steps::Single,
            DType::F64 => Steps::Two,
            _ => Steps::Either,
        };
        for (step, depth) in depths(self.steps) {
            let packed = &mut packed[..panels * kernel.columns * depth];
            let targets = packed.chunks_exact_mut(kernel.columns * depth);
            for (panel, (columns, target)) in columns_of.iter().zip(targets).enumerate() {
                kernel.pack(self.right, columns, step..step + depth, target);
                if self.is_exact() {
                    kernel.extend(&mut bounds, panel * kernel.columns, target, self.dtype);
                }
            }
            let starts = rows.starts.as_deref().filter(|_| step == 0);
            let left = &rows.packed[step * padded_rows..][..padded_rows * depth];
            let work = Block { left, right: packed, depth, rows: self.rows, columns: count, starts };
            kernel.run(&work, sums.values, sums.stride, steps);
        }
        self.finish(kernel, &mut sums, rows, &bounds, columns);
    }

    fn row_bounds(&self) -> Bounds {
        let mut bounds = Bounds::new(if self.is_exact() { self.rows } else { 0 });
        let mut own = vec![0.0; self.steps];
        for row in 0..bounds.squares.len() {
            self.left.row(row, &mut own);
            bounds.set(row, &own, self.dtype);
        }
        bounds
    }

    /// Rounds sums to the type.
    fn finish(
        &self,
        kernel: Kernel,
        sums: &mut Sums<'_>,
        rows: &Rows<'_>,
        bounds: &Bounds,
        columns: Range<usize>,
    ) {
        let count = columns.len();
        let sizes: Vec<f64> =
            if self.is_exact() { (0..count).map(|column| bounds.size(column)).collect() } else { Vec::new() };
        // Columns that exact sums need, each gathered once.
        let gathered = vec![OnceCell::new(); count];
        let unit = exact::error(self.steps + 1, 1.0);
        for row in 0..self.rows {
            let sums = &mut sums.values[row * sums.stride..][..count];
            let size = if self.is_exact() { rows.bounds.size(row) } else { 0.0 };
            let own = self.starts.of_row(row).unwrap_or(0.0);
            let each = rows.each.map(|each| &each[row * self.columns + columns.start..][..count]);
            let start = |index: usize| each.map_or(own, |each| each[index]);
            let exact = |index: usize| {
                let column = gathered[index].get_or_init(|| self.column(columns.start + index));
                exact_sum(&self.row(row), column, start(index))
            };
            if !self.is_exact() || self.dtype == DType::F32 {
                let sized = each.map(|each| {
                    let sizes = sizes.iter().zip(each).map(|(own, start)| size * own + start.abs());
                    sizes.collect::<Vec<_>>()
                });
                let sizes = match &sized {
                    Some(sizes) => Sizes { each: sizes, scale: 1.0, start: 0.0 },
                    None => Sizes { each: &sizes, scale: size, start: own.abs() },
                };
                self.settle(kernel, sums, sizes, exact);
                continue;
            }
            for (index, sum) in sums.iter_mut().enumerate() {
                let size = size * sizes[index] + start(index).abs();
                let lowest = rows.bounds.lowest[row] + bounds.lowest[index];
                *sum = if is_certain(size, start(index), lowest) {
                    round(self.dtype, *sum + 0.0)
                } else {
                    let finish = |value| round(self.dtype, value);
                    exact::settle(*sum, unit * size, finish, || exact(index))
                };
            }
        }
    }
}

/// The first step and the depth of each block along the sum.
fn depths(steps: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..steps).step_by(DEPTH).map(move |step| (step, DEPTH.min(steps - step)))
}
