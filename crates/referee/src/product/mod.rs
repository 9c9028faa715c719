//! Products of matrices, which convolutions are as well.
//!
//! *wide*, and float64 in a graph: every element is `start + a[0] b[0] + a[1] b[1] + ...` from left to right, each product
//! and each sum rounded to float64.
//!
//! *typed*, of narrower types: every element is the exact sum of these terms, rounded once; see
//! [`crate::arithmetic::exact`].

mod bounds;
mod kernel;
mod matrix;

use std::cell::OnceCell;
use std::ops::Range;

use reproof_tensor::DType;

use self::bounds::{Bounds, is_certain};
use self::kernel::{Block, DEPTH, Kernel};
use crate::arithmetic::exact::{self, Accumulator};
use crate::arithmetic::{canonical, round};
use crate::parallel;

pub(crate) use self::matrix::{Dense, Matrix};

/// Columns of one block of work: as many as leave its packed operands in the second cache.
const COLUMNS: usize = 256;

/// What a product is made of.
pub(crate) struct Product<'a, Right: Matrix> {
    /// Rows of the result.
    pub(crate) rows: usize,
    /// Steps of each sum.
    pub(crate) steps: usize,
    /// Columns of the result.
    pub(crate) columns: usize,
    /// The left operand: rows and steps.
    pub(crate) left: Dense<'a>,
    /// The right operand: steps and columns.
    pub(crate) right: &'a Right,
    /// The type of the result.
    pub(crate) dtype: DType,
    /// Threads that may share the work.
    pub(crate) threads: usize,
}

impl<Right: Matrix> Product<'_, Right> {
    fn is_exact(&self) -> bool {
        self.dtype != DType::F64
    }

    /// Adds the products to `sums`, which hold what each sum starts with, row by row; then each is rounded.
    pub(crate) fn run(&self, sums: &mut [f64]) {
        assert_eq!(sums.len(), self.rows * self.columns, "one sum for each element");
        let kernel = Kernel::new();
        let starts = (self.is_exact() && sums.iter().any(|start| *start != 0.0)).then(|| sums.to_vec());
        let left = self.packed_left(kernel);
        let bounds = self.row_bounds();
        let share = self.columns.div_ceil(self.threads.max(1)).next_multiple_of(kernel.columns);
        let width = COLUMNS.min(share).max(1);
        let mut results: Vec<Vec<f64>> = vec![Vec::new(); self.columns.div_ceil(width)];
        let work = self.rows.saturating_mul(self.steps).saturating_mul(width);
        let source: &[f64] = sums;
        parallel::fill(self.threads, &mut results, 1, work, |first, part| {
            for (index, result) in part.iter_mut().enumerate() {
                let column = (first + index) * width;
                let columns = column..self.columns.min(column + width);
                *result = self.block(kernel, &left, &bounds, columns, source, starts.as_deref());
            }
        });
        for (index, result) in results.into_iter().enumerate() {
            let column = index * width;
            let count = width.min(self.columns - column);
            for (row, values) in result.chunks_exact(count).enumerate() {
                sums[row * self.columns + column..][..count].copy_from_slice(values);
            }
        }
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
                for row in 0..kernel.rows.min(self.rows - panel * kernel.rows) {
                    let source = &self.left.values[(panel * kernel.rows + row) * down + number * across..];
                    let targets = target[row..].iter_mut().step_by(kernel.rows);
                    targets.zip(source.iter().step_by(across)).take(depth).for_each(|(to, from)| *to = *from);
                }
            }
        }
        packed
    }

    /// One block of columns, row by row.
    fn block(
        &self,
        kernel: Kernel,
        left: &[f64],
        rows: &Bounds,
        columns: Range<usize>,
        sums: &[f64],
        starts: Option<&[f64]>,
    ) -> Vec<f64> {
        let (column, count) = (columns.start, columns.len());
        let panels = count.div_ceil(kernel.columns);
        let mut own = Vec::with_capacity(self.rows * count);
        for row in 0..self.rows {
            own.extend_from_slice(&sums[row * self.columns + column..][..count]);
        }
        let mut bounds = Bounds::new(panels * kernel.columns);
        let mut packed = vec![0.0; panels * kernel.columns * DEPTH.min(self.steps)];
        let padded_rows = self.rows.div_ceil(kernel.rows) * kernel.rows;
        for (step, depth) in depths(self.steps) {
            let packed = &mut packed[..panels * kernel.columns * depth];
            for (panel, target) in packed.chunks_exact_mut(kernel.columns * depth).enumerate() {
                let first = panel * kernel.columns;
                let width = kernel.columns.min(count - first);
                if width < kernel.columns {
                    target.fill(0.0);
                }
                self.right.pack(step, depth, column + first, width, kernel.columns, target);
                if self.is_exact() {
                    bounds.extend(first, kernel.columns, target, self.dtype);
                }
            }
            let left = &left[step * padded_rows..][..padded_rows * depth];
            let work = Block { left, right: packed, depth, rows: self.rows, columns: count };
            kernel.run(&work, &mut own, count);
        }
        self.finish(&mut own, rows, &bounds, column, starts);
        own
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

    /// Rounds sums to the type, those that were not decided by their neighbourhood after an exact sum.
    fn finish(&self, own: &mut [f64], rows: &Bounds, columns: &Bounds, first: usize, starts: Option<&[f64]>) {
        if !self.is_exact() {
            for value in own.iter_mut() {
                *value = canonical(*value);
            }
            return;
        }
        let count = own.len() / self.rows.max(1);
        let sizes: Vec<f64> = (0..count).map(|column| columns.size(column)).collect();
        // Columns that exact sums need, each gathered once.
        let gathered = vec![OnceCell::new(); count];
        let exact = |row: usize, index: usize, start: f64| {
            let column = gathered[index].get_or_init(|| self.column(first + index));
            self.exact(row, column, start)
        };
        // A starting value is one more term.
        let unit = exact::error(self.steps + 1, 1.0);
        for (row, sums) in own.chunks_exact_mut(count.max(1)).enumerate() {
            let size = rows.size(row);
            let start =
                |index: usize| starts.map_or(0.0, |starts| starts[row * self.columns + first + index]);
            let size = |index: usize| size * sizes[index] + start(index).abs();
            if self.dtype == DType::F32 {
                self.finish_singles(
                    sums,
                    |index| unit * size(index),
                    |index| exact(row, index, start(index)),
                );
                continue;
            }
            for (index, sum) in sums.iter_mut().enumerate() {
                let size = size(index);
                *sum = if is_certain(size, start(index), rows.lowest[row] + columns.lowest[index]) {
                    round(self.dtype, *sum + 0.0)
                } else {
                    let exact = || exact(row, index, start(index));
                    exact::settle(*sum, unit * size, |value| round(self.dtype, value), exact)
                };
            }
        }
    }

    /// As [`exact::settle`] for a row of float32: all at once, then the few that are undecided.
    fn finish_singles(&self, sums: &mut [f64], error: impl Fn(usize) -> f64, exact: impl Fn(usize) -> f64) {
        let mut undecided = false;
        let ends = |sum: f64, error: f64| ((sum - error + 0.0) as f32, (sum + error + 0.0) as f32);
        let plain = sums.to_vec();
        for (index, sum) in sums.iter_mut().enumerate() {
            let (low, high) = ends(*sum, error(index));
            undecided |= low.to_bits() != high.to_bits() || low.is_nan();
            *sum = f64::from(low);
        }
        if undecided {
            for (index, (sum, plain)) in sums.iter_mut().zip(plain).enumerate() {
                *sum = exact::settle(plain, error(index), |value| round(self.dtype, value), || exact(index));
            }
        }
    }

    /// The elements of a column of the right operand.
    fn column(&self, column: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.steps];
        self.right.pack(0, self.steps, column, 1, 1, &mut values);
        values
    }

    /// The odd sum of one element.
    fn exact(&self, row: usize, column: &[f64], start: f64) -> f64 {
        let mut left = vec![0.0; self.steps];
        self.left.row(row, &mut left);
        let mut sum = Accumulator::default();
        sum.add(start);
        left.iter().zip(column).for_each(|(left, right)| sum.add(left * right));
        sum.odd()
    }
}

/// The first step and the depth of each block along the sum.
fn depths(steps: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..steps).step_by(DEPTH).map(move |step| (step, DEPTH.min(steps - step)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arithmetic::power;

    /// Numbers of a type, whose products cancel now and then.
    fn numbers(dtype: DType, count: usize) -> impl Strategy<Value = Vec<f64>> {
        let number = (-1000_i32..1000, -12_i32..12)
            .prop_map(move |(whole, exponent)| round(dtype, f64::from(whole) / 7.0 * power(exponent)));
        proptest::collection::vec(number, count)
    }

    fn naive(
        dtype: DType,
        left: &[f64],
        right: &[f64],
        starts: &[f64],
        [rows, steps, columns]: [usize; 3],
    ) -> Vec<f64> {
        let element = |at: usize| {
            let (row, column) = (at / columns, at % columns);
            let terms = (0..steps).map(|step| left[row * steps + step] * right[step * columns + column]);
            if dtype == DType::F64 {
                return terms.fold(starts[at], |sum, term| sum + term);
            }
            round(dtype, exact::sum(std::iter::once(starts[at]).chain(terms)))
        };
        (0..rows * columns).map(element).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn products_are_what_they_are_defined_to_be(
            (dtype, sizes, left, right, starts) in prop::sample::select(vec![DType::F64, DType::F32, DType::F16, DType::BF16])
                .prop_flat_map(|dtype| (Just(dtype), 1_usize..20, 0_usize..300, 1_usize..40))
                .prop_flat_map(|(dtype, rows, steps, columns)| (
                    Just(dtype),
                    Just([rows, steps, columns]),
                    numbers(dtype, rows * steps),
                    numbers(dtype, steps * columns),
                    numbers(dtype, rows * columns),
                ))
        ) {
            let [rows, steps, columns] = sizes;
            let expected = naive(dtype, &left, &right, &starts, sizes);
            for threads in [1, 3] {
                let right = Dense { values: &right, strides: (columns, 1) };
                let product = Product {
                    rows, steps, columns, dtype, threads,
                    left: Dense { values: &left, strides: (steps, 1) },
                    right: &right,
                };
                let mut sums = starts.clone();
                product.run(&mut sums);
                let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
                prop_assert_eq!(bits(&sums), bits(&expected));
            }
        }
    }
}
