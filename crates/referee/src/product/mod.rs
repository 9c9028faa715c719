//! Products of matrices, which convolutions are as well.
//!
//! *wide*, and float64 in a graph: every element is `start + a[0] b[0] + a[1] b[1] + ...` from left to right, each product
//! and each sum rounded to float64.
//!
//! *typed*, of narrower types: every element is the exact sum of these terms, rounded once; see
//! [`crate::arithmetic::exact`].
//!
//! Three ways lead to the same bits: tiles of packed operands for large products, scaled lines where the left operand has
//! few rows, and sums along vectors where one operand has few and the other's lie in memory.

mod bounds;
mod dots;
mod kernel;
mod lines;
mod matrix;
mod tiles;

use reproof_tensor::DType;

use self::bounds::Sizes;
use self::kernel::Kernel;
use crate::arithmetic::exact::{self, Accumulator};
use crate::arithmetic::{round, round_all};
use crate::run::{Mode, Options};

pub(crate) use self::matrix::{Dense, Matrix};

/// With fewer rows or columns than this, a tile would compute mostly nothing.
pub(crate) const FEW: usize = 4;

/// What sums start with.
#[derive(Clone, Copy)]
pub(crate) enum Starts<'a> {
    /// With zero.
    Zeros,
    /// With a number for each row.
    Rows(&'a [f64]),
    /// With what is there.
    Given,
}

impl Starts<'_> {
    /// The number that all sums of a row start with.
    fn of_row(self, row: usize) -> Option<f64> {
        match self {
            Self::Zeros => Some(0.0),
            Self::Rows(starts) => Some(starts[row]),
            Self::Given => None,
        }
    }
}

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
    /// What sums start with.
    pub(crate) starts: Starts<'a>,
    /// The type of the result.
    pub(crate) dtype: DType,
    /// How it is run.
    pub(crate) options: Options,
}

impl<Right: Matrix> Product<'_, Right> {
    fn is_exact(&self) -> bool {
        self.dtype != DType::F64 && !self.is_ordinary()
    }

    /// Whether sums are in float32, as those of ordinary engines.
    fn is_ordinary(&self) -> bool {
        self.options.mode == Mode::Ordinary && self.dtype != DType::F64
    }

    /// Sums the products into `sums`, row by row; then each is rounded.
    pub(crate) fn run(&self, sums: &mut [f64]) {
        assert_eq!(sums.len(), self.rows * self.columns, "one sum for each element");
        if sums.is_empty() {
            return;
        }
        if self.steps == 0 {
            for (row, sums) in sums.chunks_exact_mut(self.columns).enumerate() {
                self.begin(row, sums);
            }
        }
        // Of narrower types most sums need no exact one only if the lowest bits of operands are known, as tiles do.
        let simple = matches!(self.dtype, DType::F32 | DType::F64);
        let kernel = Kernel::new();
        if self.is_ordinary() {
            self.tiles(kernel, sums);
        } else if let Some(along) = self.along().filter(|_| simple) {
            self.dots(kernel, &along, sums);
        } else if simple && self.rows < FEW {
            self.lines(kernel, sums);
        } else {
            self.tiles(kernel, sums);
        }
    }

    /// Writes what sums of a row start with.
    fn begin(&self, row: usize, sums: &mut [f64]) {
        if let Some(start) = self.starts.of_row(row) {
            sums.fill(start);
        }
    }

    /// Rounds sums to float32 or float64; `exact` computes the few that are not decided by their neighbourhood.
    fn settle(&self, kernel: Kernel, sums: &mut [f64], sizes: Sizes<'_>, exact: impl Fn(usize) -> f64) {
        const TOGETHER: usize = 64;
        if !self.is_exact() {
            return round_all(self.dtype, sums);
        }
        // A starting value is one more term.
        let unit = exact::error(self.steps + 1, 1.0);
        let (mut errors, mut plain) = ([0.0; TOGETHER], [0.0; TOGETHER]);
        for (block, sums) in sums.chunks_mut(TOGETHER).enumerate() {
            let (first, count) = (block * TOGETHER, sums.len());
            let (errors, plain) = (&mut errors[..count], &mut plain[..count]);
            plain.copy_from_slice(sums);
            if !kernel.round_singles(sums, &sizes.part(first, count), unit, errors) {
                continue;
            }
            for (index, (sum, (plain, error))) in sums.iter_mut().zip(plain.iter().zip(errors)).enumerate() {
                let finish = |value| round(self.dtype, value);
                *sum = exact::settle(*plain, *error, finish, || exact(first + index));
            }
        }
    }

    /// A row of the left operand.
    fn row(&self, row: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.steps];
        self.left.row(row, &mut values);
        values
    }

    /// The elements of a column of the right operand.
    fn column(&self, column: usize) -> Vec<f64> {
        let mut values = vec![0.0; self.steps];
        self.right.pack(&self.right.columns(column..column + 1), 0..self.steps, 1, &mut values);
        values
    }
}

/// The odd sum of one element.
fn exact_sum(row: &[f64], column: &[f64], start: f64) -> f64 {
    let mut sum = Accumulator::default();
    sum.add(start);
    row.iter().zip(column).for_each(|(left, right)| sum.add(left * right));
    sum.odd()
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

    /// The transposed matrix.
    fn turned(values: &[f64], rows: usize, columns: usize) -> Vec<f64> {
        (0..rows * columns).map(|at| values[at % rows * columns + at / rows]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn products_are_what_they_are_defined_to_be(
            (dtype, sizes, left, right, starts) in prop::sample::select(vec![DType::F64, DType::F32, DType::F16, DType::BF16])
                .prop_flat_map(|dtype| (Just(dtype), 0_usize..20, 0_usize..300, prop_oneof![1_usize..6, 1_usize..40, 510_usize..520]))
                .prop_flat_map(|(dtype, rows, steps, columns)| (
                    Just(dtype),
                    Just([rows, steps, columns]),
                    numbers(dtype, rows * steps),
                    numbers(dtype, steps * columns),
                    numbers(dtype, rows * columns),
                ))
        ) {
            let [rows, steps, columns] = sizes;
            let (turned_left, turned_right) = (turned(&left, rows, steps), turned(&right, steps, columns));
            let of_rows: Vec<f64> = (0..rows).map(|row| starts.get(row * columns).copied().unwrap_or(0.0)).collect();
            let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
            for kind in [Starts::Given, Starts::Rows(&of_rows), Starts::Zeros] {
                let started: Vec<f64> =
                    (0..rows * columns).map(|at| kind.of_row(at / columns).unwrap_or(starts[at])).collect();
                let expected = naive(dtype, &left, &right, &started, sizes);
                for (threads, turns) in [(1, (false, false)), (3, (false, false)), (1, (true, false)), (3, (false, true)), (1, (true, true))] {
                    let right = if turns.1 {
                        Dense { values: &turned_right, strides: (1, steps) }
                    } else {
                        Dense { values: &right, strides: (columns, 1) }
                    };
                    let left = if turns.0 {
                        Dense { values: &turned_left, strides: (1, rows) }
                    } else {
                        Dense { values: &left, strides: (steps, 1) }
                    };
                    let options = Options { threads, ..Options::default() };
                    let product = Product { rows, steps, columns, dtype, options, left, right: &right, starts: kind };
                    // What is there is taken into account or overwritten.
                    let is_given = matches!(kind, Starts::Given);
                    let mut sums = if is_given { starts.clone() } else { vec![f64::NAN; starts.len()] };
                    product.run(&mut sums);
                    prop_assert_eq!(bits(&sums), bits(&expected));
                }
            }
        }
    }
}
