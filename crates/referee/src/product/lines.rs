//! Products of few rows: each step adds a line of the right operand, scaled, to a row of sums. No tile stays
//! empty; convolutions by channel are such products.

use super::bounds::Sizes;
use super::kernel::{Kernel, LINES};
use super::{Matrix, Product, exact_sum};
use crate::parallel;

/// Sums that are made together: with their sizes and the lines they stay in the nearest cache.
const LINE: usize = 256;

impl<Right: Matrix> Product<'_, Right> {
    pub(super) fn lines(&self, kernel: Kernel, sums: &mut [f64]) {
        if self.columns == 0 {
            return;
        }
        for (row, sums) in sums.chunks_exact_mut(self.columns).enumerate() {
            let factors = self.row(row);
            parallel::fill(self.options.threads, sums, 1, self.steps, |first, part| {
                self.begin(row, part);
                let mut scratch = vec![0.0; LINES * LINE];
                for (index, sums) in part.chunks_mut(LINE).enumerate() {
                    self.line(kernel, &factors, first + index * LINE, sums, &mut scratch);
                }
            });
        }
    }

    /// The sums of one row from a column on.
    fn line(&self, kernel: Kernel, factors: &[f64], column: usize, sums: &mut [f64], scratch: &mut [f64]) {
        let starts = if self.is_exact() { sums.to_vec() } else { Vec::new() };
        // Each of its own: of what is zero after a rectifier, a bound of all would leave every sum undecided.
        let mut sizes: Vec<f64> = starts.iter().map(|start| start.abs()).collect();
        let columns = self.right.columns(column..column + sums.len());
        for (group, own) in factors.chunks(LINES).enumerate() {
            let step = group * LINES;
            if let Some(own) = own.first_chunk::<LINES>() {
                self.add(kernel, own, &columns, step, sums, &mut sizes, scratch);
            } else {
                for (index, factor) in own.iter().enumerate() {
                    self.add(kernel, &[*factor], &columns, step + index, sums, &mut sizes, scratch);
                }
            }
        }
        let exact = |index: usize| exact_sum(factors, &self.column(column + index), starts[index]);
        self.settle(kernel, sums, Sizes::summed(&sizes), exact);
    }

    /// Adds the lines of some steps.
    #[expect(clippy::too_many_arguments, reason = "what is added, and to what")]
    fn add<const COUNT: usize>(
        &self,
        kernel: Kernel,
        factors: &[f64; COUNT],
        columns: &Right::Columns,
        step: usize,
        sums: &mut [f64],
        sizes: &mut [f64],
        scratch: &mut [f64],
    ) {
        let count = sums.len();
        if self.right.line(columns, step).is_none() {
            self.right.pack(columns, step..step + COUNT, count, &mut scratch[..COUNT * count]);
        }
        let packed = |index: usize| &scratch[index * count..][..count];
        let lines = std::array::from_fn(|index| {
            self.right.line(columns, step + index).unwrap_or_else(|| packed(index))
        });
        kernel.add_lines(factors, lines, sums, sizes);
    }
}
