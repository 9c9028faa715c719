//! Windows that slide over the last dims of `[batch, channels, ...]`: those of convolutions and pools.

use crate::call::{Call, dim};
use crate::{Failure, Tensor};

/// Where windows lie.
#[derive(Debug)]
pub(super) struct Windows {
    /// Sizes of the input's dims.
    pub(super) input: Vec<usize>,
    /// Sizes of a window.
    pub(super) kernel: Vec<usize>,
    pub(super) strides: Vec<usize>,
    pub(super) dilations: Vec<usize>,
    /// Padding before the first element of each dim.
    pub(super) before: Vec<usize>,
    /// Padding after the last one.
    pub(super) after: Vec<usize>,
    /// How many windows lie along each dim.
    pub(super) output: Vec<usize>,
}

impl Windows {
    /// The windows of a node over dims of these sizes.
    pub(super) fn of(call: &Call<'_>, input: &[usize], kernel: Vec<usize>) -> Result<Self, Failure> {
        let rank = input.len();
        let strides = sizes(call, "strides", rank)?;
        let dilations = sizes(call, "dilations", rank)?;
        if kernel.len() != rank || kernel.contains(&0) {
            return Err(Failure::refused(format!("windows of {kernel:?} over {input:?}")));
        }
        let refused = || Failure::refused(format!("windows of {kernel:?} over {input:?}"));
        let extent = kernel.iter().zip(&dilations);
        let extent = extent.map(|(size, dilation)| (size - 1).checked_mul(*dilation)?.checked_add(1));
        let extent: Vec<usize> = extent.collect::<Option<_>>().ok_or_else(refused)?;
        let auto = call.text("auto_pad", "NOTSET")?;
        let (before, after) = match auto {
            "NOTSET" | "" => pads(call, rank)?,
            "VALID" => (vec![0; rank], vec![0; rank]),
            "SAME_UPPER" | "SAME_LOWER" => {
                let total = |dim: usize| {
                    let windows = input[dim].div_ceil(strides[dim]);
                    let covered = (windows.saturating_sub(1) * strides[dim]).checked_add(extent[dim])?;
                    Some(covered.saturating_sub(input[dim]))
                };
                let total: Vec<usize> = (0..rank).map(total).collect::<Option<_>>().ok_or_else(refused)?;
                let smaller: Vec<usize> = total.iter().map(|total| total / 2).collect();
                let larger: Vec<usize> = total.iter().map(|total| total - total / 2).collect();
                if auto == "SAME_UPPER" { (smaller, larger) } else { (larger, smaller) }
            }
            other => return Err(Failure::refused(format!("auto_pad `{other}`"))),
        };
        let ceil = call.flag("ceil_mode", false)?;
        let count = |dim: usize| -> Option<usize> {
            let padded = input[dim].checked_add(before[dim])?.checked_add(after[dim])?;
            let room = padded.checked_sub(extent[dim])?;
            if !ceil {
                return Some(room / strides[dim] + 1);
            }
            let windows = room.div_ceil(strides[dim]) + 1;
            // A window that begins in the padding after the last element is none.
            let last = (windows - 1).checked_mul(strides[dim])?;
            Some(if last >= input[dim] + before[dim] { windows - 1 } else { windows })
        };
        let output = (0..rank).map(count).collect::<Option<_>>();
        let output = output.ok_or_else(refused)?;
        Ok(Self { input: input.to_vec(), kernel, strides, dilations, before, after, output })
    }

    /// The same windows without dims that are one element long: lines are as long as they can be.
    pub(super) fn squeezed(mut self) -> Self {
        for dim in (0..self.input.len()).rev() {
            let single = [self.input[dim], self.kernel[dim], self.output[dim]] == [1; 3];
            if single && self.before[dim] == 0 && self.input.len() > 1 {
                for list in [
                    &mut self.input,
                    &mut self.kernel,
                    &mut self.strides,
                    &mut self.dilations,
                    &mut self.before,
                    &mut self.after,
                    &mut self.output,
                ] {
                    list.remove(dim);
                }
            }
        }
        self
    }

    /// Whether each element is one window.
    pub(super) fn is_whole(&self) -> bool {
        let is_one = |list: &[usize]| list.iter().all(|size| *size == 1);
        is_one(&self.kernel)
            && is_one(&self.strides)
            && self.output == self.input
            && self.before.iter().all(|size| *size == 0)
    }

    /// Elements of the input.
    pub(super) fn size(&self) -> usize {
        self.input.iter().product()
    }

    /// Elements of a window.
    pub(super) fn kernel_size(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Windows.
    pub(super) fn count(&self) -> usize {
        self.output.iter().product()
    }

    /// Each dim from the last on, with where an element of a window lies along it, counted from the first element of the padding.
    fn places(&self, mut window: usize, mut element: usize) -> impl Iterator<Item = (usize, usize)> {
        (0..self.input.len()).rev().map(move |dim| {
            let inside = element % self.kernel[dim] * self.dilations[dim];
            let at = (window % self.output[dim] * self.strides[dim]).saturating_add(inside);
            window /= self.output[dim];
            element /= self.kernel[dim];
            (dim, at)
        })
    }

    /// The input's element under an element of a window; nothing in the padding.
    pub(super) fn under(&self, window: usize, element: usize) -> Option<usize> {
        let (mut place, mut step) = (0, 1);
        for (dim, at) in self.places(window, element) {
            place += at.checked_sub(self.before[dim]).filter(|at| *at < self.input[dim])? * step;
            step *= self.input[dim];
        }
        Some(place)
    }

    /// Where an element of a window lies along each dim, counted from the first element of the input.
    pub(super) fn place(&self, window: usize, element: usize) -> Vec<f64> {
        let mut places: Vec<f64> =
            self.places(window, element).map(|(dim, at)| at as f64 - self.before[dim] as f64).collect();
        places.reverse();
        places
    }

    /// Whether an element of a window lies in the input or in its declared padding; not beyond, where a last window can
    /// reach.
    pub(super) fn is_padded(&self, window: usize, element: usize) -> bool {
        self.places(window, element)
            .all(|(dim, at)| at < self.input[dim] + self.before[dim] + self.after[dim])
    }
}

/// A list of positive sizes, 1 where it is left out.
pub(super) fn sizes(call: &Call<'_>, name: &str, rank: usize) -> Result<Vec<usize>, Failure> {
    let Some(told) = call.integers(name)? else { return Ok(vec![1; rank]) };
    let sizes: Vec<usize> = told.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
    if sizes.len() != rank || sizes.contains(&0) {
        return Err(Failure::refused(format!("{name} {told:?} for {rank} dims")));
    }
    Ok(sizes)
}

/// Padding before and after.
pub(super) fn pads(call: &Call<'_>, rank: usize) -> Result<(Vec<usize>, Vec<usize>), Failure> {
    let Some(told) = call.integers("pads")? else { return Ok((vec![0; rank], vec![0; rank])) };
    let pads: Vec<usize> = told.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
    if pads.len() != 2 * rank {
        return Err(Failure::refused(format!("pads {told:?} for {rank} dims")));
    }
    Ok((pads[..rank].to_vec(), pads[rank..].to_vec()))
}

/// Batch, channels and the sizes of the other dims.
pub(super) fn image(tensor: &Tensor) -> Result<(usize, usize, &[usize]), Failure> {
    match tensor.shape() {
        [batch, channels, rest @ ..] if !rest.is_empty() => Ok((*batch, *channels, rest)),
        shape => Err(Failure::refused(format!("expected batch, channels and dims, got {shape:?}"))),
    }
}
