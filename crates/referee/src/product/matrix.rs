//! Operands of a product, wherever their elements lie.

/// A matrix by its elements, wherever they lie. Padding is zeros that take part.
pub(crate) trait Matrix: Sync {
    /// Writes the elements of some columns, step by step along the sum: `target` holds `count` for each step from
    /// `step` on, `width` apart.
    fn pack(&self, step: usize, steps: usize, column: usize, count: usize, width: usize, target: &mut [f64]);
}

/// A dense matrix, `steps` down and columns across, or the other way round.
pub(crate) struct Dense<'a> {
    pub(crate) values: &'a [f64],
    /// Elements from one step to the next, and from one column to the next.
    pub(crate) strides: (usize, usize),
}

impl Matrix for Dense<'_> {
    fn pack(&self, step: usize, steps: usize, column: usize, count: usize, width: usize, target: &mut [f64]) {
        let (down, across) = self.strides;
        for (row, target) in target.chunks_exact_mut(width).take(steps).enumerate() {
            let start = (step + row) * down + column * across;
            if across == 1 {
                target[..count].copy_from_slice(&self.values[start..start + count]);
            } else {
                let source = self.values[start..].iter().step_by(across);
                target[..count].iter_mut().zip(source).for_each(|(target, source)| *target = *source);
            }
        }
    }
}

impl Dense<'_> {
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
