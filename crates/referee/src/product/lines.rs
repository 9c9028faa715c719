//! Products of few rows: each step adds a line of the right operand, scaled, to a row of sums. No tile stays
//! empty; convolutions by channel are such products.

use super::kernel::{Kernel, SLACK};
use super::{Matrix, Product, exact_sum};
use crate::parallel;

/// Sums that are made together: with their sizes and a line they fill half of the nearest cache.
const LINE: usize = 512;

impl<Right: Matrix> Product<'_, Right> {
    pub(super) fn lines(&self, kernel: Kernel, sums: &mut [f64]) {
        if self.columns == 0 {
            return;
        }
        for (row, sums) in sums.chunks_exact_mut(self.columns).enumerate() {
            let factors = self.row(row);
            parallel::fill(self.options.threads, sums, 1, self.steps, |first, part| {
                let mut scratch = [0.0; LINE];
                for (index, sums) in part.chunks_mut(LINE).enumerate() {
                    self.line(kernel, &factors, first + index * LINE, sums, &mut scratch);
                }
            });
        }
    }

    /// The sums of one row from a column on.
    fn line(
        &self,
        kernel: Kernel,
        factors: &[f64],
        column: usize,
        sums: &mut [f64],
        scratch: &mut [f64; LINE],
    ) {
        let starts = if self.is_exact() { sums.to_vec() } else { Vec::new() };
        // Each of its own: of what is zero after a rectifier, a bound of all would leave every sum undecided.
        let mut sizes: Vec<f64> = starts.iter().map(|start| start.abs()).collect();
        let columns = self.right.columns(column..column + sums.len());
        for (step, factor) in factors.iter().enumerate() {
            let line = self.right.line(&columns, step, &mut scratch[..sums.len()]);
            if self.is_exact() {
                kernel.add_line_sized(*factor, line, sums, &mut sizes);
            } else {
                kernel.add_line(*factor, line, sums);
            }
        }
        let exact = |index: usize| exact_sum(factors, &self.column(column + index), starts[index]);
        self.settle(kernel, sums, |index| sizes[index] * SLACK, exact);
    }
}
