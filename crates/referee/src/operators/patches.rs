//! What lies under windows, as the right operand of a product: a step along a sum is an element of a channel's window,
//! a column is a window. Padding is zeros that take part.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use std::ops::Range;

use super::window::Windows;
use crate::product::Matrix;

/// The patches of the channels of one group of one item.
pub(super) struct Patches<'a> {
    values: &'a [f64],
    windows: &'a Windows,
    /// Elements of a channel.
    size: usize,
}

/// Windows in groups that lie side by side along the last dim.
pub(super) struct Sides {
    /// How many there are in each, and where the first one begins along the last dim, padding counted.
    along: Vec<(usize, usize)>,
    /// Where each begins along the other dims, padding counted.
    origins: Vec<usize>,
}

impl<'a> Patches<'a> {
    pub(super) fn new(values: &'a [f64], windows: &'a Windows) -> Self {
        Self { values, windows, size: windows.size() }
    }

    /// The line of the input under a row of the windows; nothing in the padding.
    fn line_under(&self, origin: &[usize], mut row: usize) -> Option<usize> {
        let Windows { input, kernel, dilations, before, .. } = self.windows;
        let (mut line, mut step) = (0, 1);
        for (dim, origin) in origin.iter().enumerate().rev() {
            let at = origin.saturating_add(row % kernel[dim] * dilations[dim]);
            let at = at.checked_sub(before[dim]).filter(|at| *at < input[dim])?;
            line += at * step;
            step *= input[dim];
            row /= kernel[dim];
        }
        Some(line)
    }

    /// Tells of the runs of an element of the windows, in order.
    fn runs(&self, sides: &Sides, element: usize, mut tell: impl FnMut(Run)) {
        let Windows { input, kernel, strides, dilations, before, .. } = self.windows;
        let last = input.len() - 1;
        let (wide, stride, before) = (input[last], strides[last], before[last]);
        let (row, across) = (element / kernel[last], element % kernel[last] * dilations[last]);
        let mut first = 0;
        for (index, (count, at)) in sides.along.iter().enumerate() {
            if let Some(line) = self.line_under(&sides.origins[index * last..][..last], row) {
                // Where the first one lies along the line, padding counted.
                let at = at.saturating_add(across);
                let lead = before.saturating_sub(at).div_ceil(stride).min(*count);
                let start = at.saturating_add(lead.saturating_mul(stride)).saturating_sub(before);
                let there = wide.saturating_sub(start).div_ceil(stride).min(count - lead);
                if there > 0 {
                    tell(Run { first: first + lead, count: there, at: line * wide + start });
                }
            }
            first += count;
        }
    }

    fn stride(&self) -> usize {
        self.windows.strides.last().copied().unwrap_or(1)
    }
}

impl Matrix for Patches<'_> {
    type Columns = Sides;

    fn columns(&self, columns: Range<usize>) -> Sides {
        let Windows { output, strides, .. } = self.windows;
        let leading = output.len() - 1;
        let wide = output[leading];
        let groups = columns.len() / wide + 2;
        let (mut along, mut origins) = (Vec::with_capacity(groups), Vec::with_capacity(groups * leading));
        let mut column = columns.start;
        while column < columns.end {
            let (mut line, x) = (column / wide, column % wide);
            let count = (columns.end - column).min(wide - x);
            along.push((count, x * strides[leading]));
            origins.resize(origins.len() + leading, 0);
            let first = origins.len() - leading;
            for dim in (0..leading).rev() {
                origins[first + dim] = line % output[dim] * strides[dim];
                line /= output[dim];
            }
            column += count;
        }
        Sides { along, origins }
    }

    #[inline(always)]
    fn pack(&self, sides: &Sides, steps: Range<usize>, width: usize, target: &mut [f64]) {
        let (window, stride) = (self.windows.kernel_size(), self.stride());
        let columns: usize = sides.along.iter().map(|(count, _)| count).sum();
        // Where runs lie is the same in every channel.
        let elements = steps.len().min(window);
        let (mut runs, mut ends) = (Vec::with_capacity(elements * sides.along.len()), vec![0]);
        for step in steps.clone().take(elements) {
            self.runs(sides, step % window, |run| runs.push(run));
            ends.push(runs.len());
        }
        let steps = steps.zip((0..elements).cycle());
        for ((step, index), target) in steps.zip(target.chunks_exact_mut(width)) {
            let source = &self.values[step / window * self.size..][..self.size];
            let mut done = 0;
            for run in &runs[ends[index]..ends[index + 1]] {
                run.copy(&mut done, source, stride, target);
            }
            zeros(&mut target[done..columns]);
        }
    }

    fn line<'a>(&'a self, sides: &Sides, step: usize, scratch: &'a mut [f64]) -> &'a [f64] {
        let window = self.windows.kernel_size();
        let source = &self.values[step / window * self.size..][..self.size];
        let mut done = 0;
        self.runs(sides, step % window, |run| run.copy(&mut done, source, self.stride(), scratch));
        zeros(&mut scratch[done..]);
        scratch
    }
}

/// Columns that lie side by side in the input under one element of the windows, and not in the padding.
struct Run {
    /// The first of them, of those that are packed.
    first: usize,
    count: usize,
    /// Where it lies in a channel.
    at: usize,
}

impl Run {
    /// Copies what lies there, with zeros from `done` on, which becomes its end.
    #[inline(always)]
    fn copy(&self, done: &mut usize, source: &[f64], stride: usize, target: &mut [f64]) {
        zeros(&mut target[*done..self.first]);
        *done = self.first + self.count;
        let (target, source) = (&mut target[self.first..*done], &source[self.at..]);
        if stride == 1 {
            copy(target, &source[..self.count]);
        } else {
            target.iter_mut().zip(source.iter().step_by(stride)).for_each(|(to, from)| *to = *from);
        }
    }
}

/// Padding, of which there is none mostly.
#[inline(always)]
fn zeros(target: &mut [f64]) {
    if !target.is_empty() {
        target.fill(0.0);
    }
}

/// Numbers from which on a call to copy them takes less time than it saves.
const WORTH_A_CALL: usize = 64;

/// Copies numbers, mostly few.
#[inline(always)]
fn copy(target: &mut [f64], source: &[f64]) {
    let count = target.len();
    if count > WORTH_A_CALL {
        target.copy_from_slice(source);
    } else if count >= 8 {
        for at in (0..count - 7).step_by(8) {
            copy_at::<8>(target, source, at);
        }
        // What is left, and some of what is not.
        copy_at::<8>(target, source, count - 8);
    } else if count >= 4 {
        copy_at::<4>(target, source, 0);
        copy_at::<4>(target, source, count - 4);
    } else if count >= 2 {
        copy_at::<2>(target, source, 0);
        copy_at::<2>(target, source, count - 2);
    } else if count == 1 {
        target[0] = source[0];
    }
}

#[inline(always)]
fn copy_at<const COUNT: usize>(target: &mut [f64], source: &[f64], at: usize) {
    target[at..at + COUNT].copy_from_slice(&source[at..at + COUNT]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows() -> impl Strategy<Value = Windows> {
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
            let patches = Patches::new(&values, &windows);
            let (column, step) = (from % count, from % (channels * kernel));
            let (columns, steps) = (count - column, channels * kernel - step);
            let width = columns + from % 3;
            let mut packed = vec![-1.0; steps * width];
            let sides = patches.columns(column..column + columns);
            patches.pack(&sides, step..step + steps, width, &mut packed);
            for row in 0..steps {
                for index in 0..columns {
                    let (channel, element) = ((step + row) / kernel, (step + row) % kernel);
                    let under = windows.under(column + index, element);
                    let expected = under.map_or(0.0, |at| values[channel * size + at]);
                    prop_assert_eq!(packed[row * width + index], expected);
                }
                let mut scratch = vec![-1.0; columns];
                let line = patches.line(&sides, step + row, &mut scratch);
                prop_assert_eq!(line, &packed[row * width..][..columns]);
            }
        }
    }
}
