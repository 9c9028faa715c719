//! Operands of a product, wherever their elements lie.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use std::ops::Range;

/// A matrix by its elements, wherever they lie. Padding is zeros that take part.
pub(crate) trait Matrix: Sync {
    /// Where some columns lie: found once, used for every step along the sum.
    type Columns;

    /// Finds columns.
    fn columns(&self, columns: Range<usize>) -> Self::Columns;

    /// Writes the elements of columns, step by step along the sum: `target` holds those of each of `steps`, `width` apart.
    fn pack(&self, columns: &Self::Columns, steps: Range<usize>, width: usize, target: &mut [f64]);

    /// The elements of one step, where they lie side by side in memory.
    fn line(&self, _columns: &Self::Columns, _step: usize) -> Option<&[f64]> {
        None
    }

    /// The matrix, where it is one in memory.
    fn dense(&self) -> Option<&Dense<'_>> {
        None
    }
}

/// A dense matrix, `steps` down and columns across, or the other way round.
pub(crate) struct Dense<'a> {
    pub(crate) values: &'a [f64],
    /// Elements from one step to the next, and from one column to the next.
    pub(crate) strides: (usize, usize),
}

impl Matrix for Dense<'_> {
    type Columns = Range<usize>;

    fn columns(&self, columns: Range<usize>) -> Range<usize> {
        columns
    }

    #[inline(always)]
    fn pack(&self, columns: &Range<usize>, steps: Range<usize>, width: usize, target: &mut [f64]) {
        let (down, across) = self.strides;
        match (across, columns.len() == width, width) {
            (1, true, 4) => return self.copy::<4>(columns.start, steps, target),
            (1, true, 8) => return self.copy::<8>(columns.start, steps, target),
            (1, true, 16) => return self.copy::<16>(columns.start, steps, target),
            _ => {}
        }
        for (step, target) in steps.zip(target.chunks_exact_mut(width)) {
            let start = step * down + columns.start * across;
            let target = &mut target[..columns.len()];
            if across == 1 {
                target.copy_from_slice(&self.values[start..start + columns.len()]);
            } else {
                let source = self.values[start..].iter().step_by(across);
                target.iter_mut().zip(source).for_each(|(target, source)| *target = *source);
            }
        }
    }

    fn line(&self, columns: &Range<usize>, step: usize) -> Option<&[f64]> {
        let (down, across) = self.strides;
        (across == 1).then(|| &self.values[step * down + columns.start..][..columns.len()])
    }

    fn dense(&self) -> Option<&Dense<'_>> {
        Some(self)
    }
}

impl Dense<'_> {
    /// As [`Matrix::pack`], of a width that the compiler knows.
    #[inline(always)]
    fn copy<const WIDTH: usize>(&self, column: usize, steps: Range<usize>, target: &mut [f64]) {
        let down = self.strides.0;
        for (step, target) in steps.zip(target.chunks_exact_mut(WIDTH)) {
            target.copy_from_slice(&self.values[step * down + column..][..WIDTH]);
        }
    }

    /// The elements of a row, where rows are the first stride.
    pub(super) fn row(&self, row: usize, target: &mut [f64]) {
        let (down, across) = self.strides;
        if target.is_empty() {
            return;
        }
        let source = &self.values[row * down..];
        if across == 1 {
            target.copy_from_slice(&source[..target.len()]);
        } else {
            target.iter_mut().zip(source.iter().step_by(across)).for_each(|(to, from)| *to = *from);
        }
    }
}
