//! What lies under windows, as the right operand of a product: a step along a sum is an element of a channel's window,
//! a column is a window. Padding is zeros that take part.

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

    /// How far a row of a window lies below the window's first element, along each dim but the last.
    fn place(&self, mut row: usize, place: &mut [usize]) {
        let Windows { kernel, dilations, .. } = self.windows;
        for dim in (0..place.len()).rev() {
            place[dim] = row % kernel[dim] * dilations[dim];
            row /= kernel[dim];
        }
    }

    /// The line of the input under a row of the windows; nothing in the padding.
    fn line(&self, origin: &[usize], place: &[usize]) -> Option<usize> {
        let Windows { input, before, .. } = self.windows;
        let mut dims = origin.iter().zip(place).zip(before.iter().zip(input));
        dims.try_fold(0, |line, ((origin, place), (before, size))| {
            let at = origin.saturating_add(*place).checked_sub(*before).filter(|at| at < size)?;
            Some(line * size + at)
        })
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

    fn pack(&self, sides: &Sides, steps: Range<usize>, width: usize, target: &mut [f64]) {
        let Windows { input, kernel, strides, dilations, before, .. } = self.windows;
        let last = input.len() - 1;
        let (wide, long) = (input[last], kernel[last]);
        // The element of the window: along the last dim, the row, the channel.
        let (mut element, rest) = (steps.start % long, steps.start / long);
        let rows: usize = kernel[..last].iter().product();
        let (mut row, mut channel) = (rest % rows, rest / rows);
        let mut place = vec![0; last];
        self.place(row, &mut place);
        for target in target.chunks_exact_mut(width).take(steps.len()) {
            let source = &self.values[channel * self.size..][..self.size];
            let across = element * dilations[last];
            let mut target = target;
            for (index, (count, at)) in sides.along.iter().enumerate() {
                let (own, others) = target.split_at_mut(*count);
                target = others;
                match self.line(&sides.origins[index * last..][..last], &place) {
                    Some(line) => {
                        let source = &source[line * wide..][..wide];
                        spaced(own, source, at.saturating_add(across), before[last], strides[last]);
                    }
                    None => own.fill(0.0),
                }
            }
            element += 1;
            if element == long {
                (element, row) = (0, row + 1);
                if row == rows {
                    (row, channel) = (0, channel + 1);
                }
                self.place(row, &mut place);
            }
        }
    }
}

/// Copies every `stride`-th element of a line from the place `at` on, which counts `before` zeros before the line; zeros
/// lie behind it as well.
fn spaced(target: &mut [f64], source: &[f64], at: usize, before: usize, stride: usize) {
    let lead = before.saturating_sub(at).div_ceil(stride).min(target.len());
    let (zeros, target) = target.split_at_mut(lead);
    zeros.fill(0.0);
    let first = at.saturating_add(lead.saturating_mul(stride)).saturating_sub(before);
    let there = source.len().saturating_sub(first).div_ceil(stride).min(target.len());
    let (target, zeros) = target.split_at_mut(there);
    zeros.fill(0.0);
    match stride {
        _ if there == 0 => {}
        1 => target.copy_from_slice(&source[first..first + there]),
        _ => target.iter_mut().zip(source[first..].iter().step_by(stride)).for_each(|(to, from)| *to = *from),
    }
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
            }
        }
    }
}
