//! Products in which one operand has few vectors, and the other's many lie in memory along the sum: a layer of weights
//! stored by feature, applied to one item.

use super::bounds::Sizes;
use super::kernel::{DOTS, Kernel};
use super::{Dense, FEW, Matrix, Product, Starts, exact_sum};
use crate::parallel;

/// Vectors that lie along the sum.
pub(super) struct Along<'a> {
    values: &'a [f64],
    stride: usize,
    count: usize,
    /// Whether they are rows of the left operand, else columns of the right one.
    of_left: bool,
}

impl<Right: Matrix> Product<'_, Right> {
    /// The many vectors, where a product is of this kind.
    pub(super) fn along(&self) -> Option<Along<'_>> {
        let Dense { values, strides: (stride, step) } = self.left;
        if step == 1 && self.columns < FEW && self.columns <= self.rows {
            return Some(Along { values, stride, count: self.rows, of_left: true });
        }
        let Dense { values, strides: (step, stride) } = *self.right.dense()?;
        (step == 1 && self.rows < FEW).then_some(Along {
            values,
            stride,
            count: self.columns,
            of_left: false,
        })
    }

    pub(super) fn dots(&self, kernel: Kernel, along: &Along<'_>, sums: &mut [f64]) {
        let few = if along.of_left { self.columns } else { self.rows };
        for index in 0..few {
            let vector = if along.of_left { self.column(index) } else { self.row(index) };
            // Places of these sums: a column of the result, or a row.
            let (first, step) = if along.of_left { (index, self.columns) } else { (index * self.columns, 1) };
            let mut own: Vec<f64> = sums[first..].iter().step_by(step).take(along.count).copied().collect();
            if !along.of_left {
                self.begin(index, &mut own);
            } else if !matches!(self.starts, Starts::Given) {
                own.iter_mut().enumerate().for_each(|(row, own)| self.begin(row, std::slice::from_mut(own)));
            }
            parallel::fill(self.options.threads, &mut own, 1, self.steps, |first, part| {
                self.part(kernel, along, &vector, first, part);
            });
            sums[first..].iter_mut().step_by(step).zip(own).for_each(|(sum, own)| *sum = own);
        }
    }

    /// The sums of the vectors from `first` on.
    fn part(&self, kernel: Kernel, along: &Along<'_>, vector: &[f64], first: usize, sums: &mut [f64]) {
        let of = |index: usize| &along.values[(first + index) * along.stride..][..self.steps];
        let starts = if self.is_exact() { sums.to_vec() } else { Vec::new() };
        let mut sizes: Vec<f64> = starts.iter().map(|start| start.abs()).collect();
        sizes.resize(sums.len(), 0.0);
        for (block, (sums, sizes)) in sums.chunks_mut(DOTS).zip(sizes.chunks_mut(DOTS)).enumerate() {
            // The last block repeats its last vector, whose sums are not taken.
            let vectors = std::array::from_fn(|index| of(block * DOTS + index.min(sums.len() - 1)));
            let mut own = [(0.0, 0.0); DOTS];
            own.iter_mut().zip(sums.iter().zip(&*sizes)).for_each(|(own, (sum, size))| *own = (*sum, *size));
            kernel.dots(vectors, vector, &mut own);
            for ((sum, size), own) in sums.iter_mut().zip(sizes).zip(own) {
                (*sum, *size) = own;
            }
        }
        let exact = |index: usize| exact_sum(of(index), vector, starts[index]);
        self.settle(kernel, sums, Sizes::summed(&sizes), exact);
    }
}
