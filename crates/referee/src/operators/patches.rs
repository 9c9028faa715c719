//! What lies under windows, as the right operand of a product: a step along a sum is an element of a channel's window,
//! a column is a window. Padding is zeros that take part.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use std::ops::Range;

use super::planes::{BEYOND, Planes};
use super::window::Windows;
use crate::product::Matrix;

/// The patches of channels, from their planes.
pub(super) struct Patches<'a> {
    pub(super) planes: &'a Planes<'a>,
    /// As [`Planes::filled`] makes them.
    pub(super) values: &'a [f64],
}

/// Columns that lie side by side in the planes.
pub(super) struct Run {
    /// The first of them, of those that are packed.
    first: usize,
    count: usize,
    /// Where it lies in a plane.
    at: usize,
}

impl Patches<'_> {
    /// Where each of some steps begins in the planes.
    #[inline(always)]
    fn starts(&self, steps: Range<usize>) -> impl Iterator<Item = usize> {
        let Planes { shifts, size, .. } = self.planes;
        let (mut channel, mut element) = (steps.start / shifts.len() * size, steps.start % shifts.len());
        steps.map(move |_| {
            let start = channel + shifts[element];
            element += 1;
            if element == shifts.len() {
                (channel, element) = (channel + size, 0);
            }
            start
        })
    }

    /// As [`Matrix::pack`], of a width that the compiler knows.
    #[inline(always)]
    fn copy<const WIDTH: usize>(&self, runs: &[Run], steps: Range<usize>, target: &mut [f64]) {
        const { assert!(WIDTH <= BEYOND, "what is read lies in the planes") };
        let Some(last) = steps.end.checked_sub(1).filter(|last| *last >= steps.start) else { return };
        for (step, start) in self.starts(steps.start..last).enumerate() {
            for run in runs {
                // With numbers after the run: of the next run or step, which write their own.
                let source = &self.values[start + run.at..][..WIDTH];
                target[step * WIDTH + run.first..][..WIDTH].copy_from_slice(source);
            }
        }
        self.copy_each(runs, last..steps.end, WIDTH, &mut target[(last - steps.start) * WIDTH..]);
    }

    #[inline(always)]
    fn copy_each(&self, runs: &[Run], steps: Range<usize>, width: usize, target: &mut [f64]) {
        for (start, target) in self.starts(steps).zip(target.chunks_exact_mut(width)) {
            for run in runs {
                let source = &self.values[start + run.at..][..run.count];
                target[run.first..][..run.count].copy_from_slice(source);
            }
        }
    }
}

impl Matrix for Patches<'_> {
    type Columns = Vec<Run>;

    fn columns(&self, columns: Range<usize>) -> Vec<Run> {
        let wide = self.planes.wide();
        let (mut runs, mut column) = (Vec::with_capacity(columns.len() / wide + 2), columns.start);
        while column < columns.end {
            let (row, x) = (column / wide, column % wide);
            let count = (columns.end - column).min(wide - x);
            runs.push(Run { first: column - columns.start, count, at: self.planes.rows[row] + x });
            column += count;
        }
        runs
    }

    #[inline(always)]
    fn pack(&self, runs: &Vec<Run>, steps: Range<usize>, width: usize, target: &mut [f64]) {
        match width {
            8 => self.copy::<8>(runs, steps, target),
            16 => self.copy::<16>(runs, steps, target),
            _ => self.copy_each(runs, steps, width, target),
        }
    }
}

/// As [`Patches`], where what lies between rows of windows counts as columns: each step is one line in memory.
pub(super) struct Lines<'a>(pub(super) Patches<'a>);

impl Matrix for Lines<'_> {
    type Columns = Vec<Run>;

    fn columns(&self, columns: Range<usize>) -> Vec<Run> {
        vec![Run { first: 0, count: columns.len(), at: columns.start }]
    }

    #[inline(always)]
    fn pack(&self, runs: &Vec<Run>, steps: Range<usize>, width: usize, target: &mut [f64]) {
        self.0.pack(runs, steps, width, target);
    }

    fn line(&self, runs: &Vec<Run>, step: usize) -> Option<&[f64]> {
        let (run, start) = (runs.first()?, self.0.starts(step..step + 1).next()?);
        Some(&self.0.values[start + run.at..][..run.count])
    }
}

/// As [`Patches`], one element at a time: for windows whose planes would take far more memory than the image.
pub(super) struct Sparse<'a> {
    pub(super) windows: &'a Windows,
    /// The channels.
    pub(super) values: &'a [f64],
}

impl Matrix for Sparse<'_> {
    type Columns = Range<usize>;

    fn columns(&self, columns: Range<usize>) -> Range<usize> {
        columns
    }

    fn pack(&self, columns: &Range<usize>, steps: Range<usize>, width: usize, target: &mut [f64]) {
        let (window, size) = (self.windows.kernel_size(), self.windows.size());
        for (step, target) in steps.zip(target.chunks_exact_mut(width)) {
            let channel = &self.values[step / window * size..][..size];
            for (column, target) in columns.clone().zip(target) {
                *target = self.windows.under(column, step % window).map_or(0.0, |at| channel[at]);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in super::super) fn windows() -> impl Strategy<Value = Windows> {
        // Size, kernel, stride, dilation, padding before and after.
        let dim = (1_usize..6, 1_usize..4, 1_usize..4, 1_usize..3, 0_usize..4, 0_usize..4).prop_map(
            |(size, kernel, stride, dilation, before, after)| [size, kernel, stride, dilation, before, after],
        );
        proptest::collection::vec(dim, 1..4).prop_filter_map("windows that fit", |dims| {
            let of = |place: usize| dims.iter().map(|dim| dim[place]).collect::<Vec<_>>();
            let output = |[size, kernel, stride, dilation, before, after]: &[usize; 6]| {
                let room = (size + before + after).checked_sub((kernel - 1) * dilation + 1)?;
                Some(room / stride + 1)
            };
            Some(Windows {
                input: of(0),
                kernel: of(1),
                strides: of(2),
                dilations: of(3),
                before: of(4),
                after: of(5),
                output: dims.iter().map(output).collect::<Option<_>>()?,
            })
        })
    }

    proptest! {
        #[test]
        fn patches_are_what_lies_under_windows(windows in windows(), channels in 1_usize..4, from in 0_usize..50) {
            let (size, kernel, count) = (windows.size(), windows.kernel_size(), windows.count());
            let values: Vec<f64> = (1..=channels * size).map(|value| value as f64).collect();
            let (column, step) = (from % count, from % (channels * kernel));
            let steps = step..channels * kernel;
            let sparse = Sparse { windows: &windows, values: &values };
            let expected = packed(&sparse, column..count, steps.clone(), count - column);
            for (place, expected) in expected.iter().enumerate() {
                let (step, column) = (step + place / (count - column), column + place % (count - column));
                let under = windows.under(column, step % kernel);
                prop_assert_eq!(*expected, under.map_or(0.0, |at| values[step / kernel * size + at]));
            }
            let Some(planes) = Planes::of(&windows) else { return Ok(()) };
            let values = planes.filled(&values, 0.0);
            let patches = || Patches { planes: &planes, values: &values };
            for width in [1, 8, 16, 17] {
                let columns = column..count.min(column + width);
                let expected = packed(&sparse, columns.clone(), steps.clone(), width);
                prop_assert_eq!(packed(&patches(), columns, steps.clone(), width), expected);
            }
            let lines = Lines(patches());
            for step in steps {
                let expected = packed(&sparse, 0..count, step..step + 1, count);
                let line = lines.line(&lines.columns(0..planes.count()), step);
                let mut gathered = vec![-1.0; count];
                planes.gather(line.unwrap(), &mut gathered);
                prop_assert_eq!(gathered, expected);
            }
        }
    }

    /// Packed columns, without what lies behind them.
    fn packed<Of: Matrix>(matrix: &Of, columns: Range<usize>, steps: Range<usize>, width: usize) -> Vec<f64> {
        let mut target = vec![-1.0; steps.len() * width];
        matrix.pack(&matrix.columns(columns.clone()), steps, width, &mut target);
        target.chunks(width).flat_map(|step| step[..columns.len()].to_vec()).collect()
    }
}
