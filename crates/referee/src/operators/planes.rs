//! Padded copies of images, one for each phase of the strides, in which what lies under one element of all windows is one
//! line of numbers: the same for each element, but for where it begins.
//!
//! Windows that lie side by side are neighbours in that line. From one row of windows to the next come numbers that
//! belong to none.

use super::window::Windows;

/// Numbers behind the last plane, so that a few may always be read at once.
pub(super) const BEYOND: usize = 16;

/// Where everything lies in the planes of one image.
pub(super) struct Planes<'a> {
    windows: &'a Windows,
    /// Sizes of the dims of a plane.
    shape: Vec<usize>,
    /// For each dim, what a plane's first element is counted from the first of the padding.
    phases: Vec<Vec<usize>>,
    /// Numbers in all planes of an image.
    pub(super) size: usize,
    /// Where the first window's elements lie.
    pub(super) shifts: Vec<usize>,
    /// Where rows of windows begin, counted from the first.
    pub(super) rows: Vec<usize>,
}

impl<'a> Planes<'a> {
    /// The planes of windows, where they take hardly more memory than the image.
    pub(super) fn of(windows: &'a Windows) -> Option<Self> {
        let Windows { kernel, strides, dilations, output, .. } = windows;
        if windows.count() == 0 || windows.size() == 0 {
            return None;
        }
        let rank = output.len();
        let (mut shape, mut size) = (Vec::with_capacity(rank), 1_usize);
        for dim in 0..rank {
            let reach = (kernel[dim] - 1) * dilations[dim] / strides[dim];
            shape.push(output[dim].checked_add(reach)?);
            size = size.checked_mul(shape[dim])?.checked_mul(kernel[dim].min(strides[dim]))?;
        }
        if size > windows.size().saturating_mul(2).saturating_add(64) {
            return None;
        }
        // A window of no more elements than a stride needs only their phases.
        let phases = (0..rank).map(|dim| {
            let count = kernel[dim].min(strides[dim]);
            let is_each = kernel[dim] <= strides[dim];
            (0..count).map(|at| if is_each { at * dilations[dim] % strides[dim] } else { at }).collect()
        });
        let phases: Vec<Vec<usize>> = phases.collect();
        let plane = shape.iter().product::<usize>();
        let shift = |mut element: usize| {
            let (mut shift, mut pitch, mut phase, mut step) = (0, 1, 0, 1);
            for dim in (0..rank).rev() {
                let at = element % kernel[dim];
                element /= kernel[dim];
                let place = at * dilations[dim];
                shift += place / strides[dim] * pitch;
                pitch *= shape[dim];
                phase += step * if kernel[dim] <= strides[dim] { at } else { place % strides[dim] };
                step *= phases[dim].len();
            }
            phase * plane + shift
        };
        let shifts = (0..windows.kernel_size()).map(shift).collect();
        let row = |row: usize| offset(row, &output[..rank - 1], &shape);
        let rows = (0..output[..rank - 1].iter().product()).map(row).collect();
        Some(Self { windows, shape, phases, size, shifts, rows })
    }

    /// Windows in a row.
    pub(super) fn wide(&self) -> usize {
        self.windows.output.last().copied().unwrap_or(1)
    }

    /// Numbers from the first window's to the last one's.
    pub(super) fn count(&self) -> usize {
        self.rows.last().map_or(0, |last| last + self.wide())
    }

    /// The planes of some images.
    pub(super) fn filled(&self, values: &[f64], padding: f64) -> Vec<f64> {
        let size = self.windows.size();
        let images = values.len() / size.max(1);
        let mut planes = vec![padding; images * self.size + BEYOND];
        for (values, target) in values.chunks_exact(size.max(1)).zip(planes.chunks_exact_mut(self.size)) {
            let plane = self.shape.iter().product();
            for (phase, target) in target.chunks_exact_mut(plane).enumerate() {
                self.fill(phase, values, target);
            }
        }
        planes
    }

    /// Writes what a plane has of an image.
    fn fill(&self, mut phase: usize, values: &[f64], target: &mut [f64]) {
        let Windows { input, strides, before, .. } = self.windows;
        let last = input.len() - 1;
        let mut own = vec![0; input.len()];
        for dim in (0..input.len()).rev() {
            own[dim] = self.phases[dim][phase % self.phases[dim].len()];
            phase /= self.phases[dim].len();
        }
        let (wide, stride) = (self.shape[last], strides[last]);
        let lead = before[last].saturating_sub(own[last]).div_ceil(stride).min(wide);
        let start = lead.saturating_mul(stride).saturating_add(own[last]).saturating_sub(before[last]);
        let count = input[last].saturating_sub(start).div_ceil(stride).min(wide - lead);
        if count == 0 {
            return;
        }
        for (row, target) in target.chunks_exact_mut(wide).enumerate() {
            let Some(line) = self.line(row, &own) else { continue };
            let (source, target) = (&values[line * input[last] + start..], &mut target[lead..lead + count]);
            if stride == 1 {
                target.copy_from_slice(&source[..count]);
            } else {
                target.iter_mut().zip(source.iter().step_by(stride)).for_each(|(to, from)| *to = *from);
            }
        }
    }

    /// The line of the image that a row of a plane of these phases is of; nothing in the padding.
    fn line(&self, mut row: usize, phases: &[usize]) -> Option<usize> {
        let Windows { input, strides, before, .. } = self.windows;
        let (mut line, mut step) = (0, 1);
        for dim in (0..input.len() - 1).rev() {
            let at = (row % self.shape[dim]).saturating_mul(strides[dim]).saturating_add(phases[dim]);
            line += at.checked_sub(before[dim]).filter(|at| *at < input[dim])? * step;
            row /= self.shape[dim];
            step *= input[dim];
        }
        Some(line)
    }

    /// Takes what belongs to windows out of a line of as many numbers as [`Self::count`] tells.
    pub(super) fn gather(&self, line: &[f64], target: &mut [f64]) {
        let wide = self.wide();
        for (row, target) in self.rows.iter().zip(target.chunks_exact_mut(wide)) {
            target.copy_from_slice(&line[*row..row + wide]);
        }
    }
}

/// Where a row of windows begins in a plane of this shape.
fn offset(mut row: usize, leading: &[usize], shape: &[usize]) -> usize {
    let mut pitch = shape.last().copied().unwrap_or(1);
    let mut offset = 0;
    for (count, size) in leading.iter().zip(shape).rev() {
        offset += row % count * pitch;
        row /= count;
        pitch *= size;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Square windows over a square image of 28 by 28.
    fn square(kernel: usize, stride: usize, dilation: usize, padding: usize) -> Windows {
        let output = (28 + 2 * padding - (kernel - 1) * dilation - 1) / stride + 1;
        let both = |size| vec![size; 2];
        Windows {
            input: both(28),
            kernel: both(kernel),
            strides: both(stride),
            dilations: both(dilation),
            before: both(padding),
            after: both(padding),
            output: both(output),
        }
    }

    #[test]
    fn the_windows_of_common_networks_have_planes() {
        for (kernel, stride, dilation, padding) in
            [(3, 1, 1, 1), (3, 2, 1, 1), (7, 2, 1, 3), (1, 2, 1, 0), (2, 2, 1, 0), (3, 1, 2, 2), (5, 1, 1, 2)]
        {
            let windows = square(kernel, stride, dilation, padding);
            assert!(Planes::of(&windows).is_some(), "{windows:?}");
        }
        // Mostly padding.
        assert!(Planes::of(&square(3, 1, 100, 100)).is_none());
    }
}
