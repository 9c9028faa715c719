//! Pictures looked at between their elements.

use super::window::image;
use super::{Outputs, one};
use crate::call::{Call, dim};
use crate::tensor::strides;
use crate::{Failure, Tensor};

/// How a picture is looked at.
pub(super) struct Lens<'a> {
    mode: &'a str,
    padding: &'a str,
    corners: bool,
    /// Sizes of the picture's dims.
    dims: &'a [usize],
}

pub(super) fn grid_sample(call: &Call<'_>) -> Outputs {
    let (tensor, grid) = (call.tensor(0)?, call.tensor(1)?);
    let ((dtype, values), (_, points)) = (tensor.floats()?, grid.floats()?);
    let (batch, channels, dims) = image(tensor)?;
    let rank = dims.len();
    let lens = Lens {
        mode: call.text("mode", "linear")?,
        padding: call.text("padding_mode", "zeros")?,
        corners: call.flag("align_corners", false)?,
        dims,
    };
    let outer = grid.shape();
    if outer.len() != rank + 2 || outer[0] != batch || outer[rank + 1] != rank || dims.contains(&0) {
        return Err(Failure::refused(format!("a grid of {outer:?} for {:?}", tensor.shape())));
    }
    let shape = [&[batch, channels], &outer[1..=rank]].concat();
    let mut output = Vec::with_capacity(call.count(&shape)?);
    let (size, count) = (dims.iter().product::<usize>(), outer[1..=rank].iter().product::<usize>());
    for item in 0..batch {
        for channel in 0..channels {
            let plane = &values[(item * channels + channel) * size..][..size];
            for point in 0..count {
                // The last coordinate is that of the first dim.
                let at = &points[(item * count + point) * rank..][..rank];
                let at: Vec<f64> =
                    at.iter().rev().zip(dims).map(|(at, size)| lens.place(*at, *size)).collect();
                output.push(lens.look(plane, &at, 0, 0));
            }
        }
    }
    one(Tensor::rounded(shape, dtype, output))
}

impl<'a> Lens<'a> {
    /// Between the nearest elements, with zeros beyond.
    pub(super) fn between(dims: &'a [usize]) -> Self {
        Self { mode: "linear", padding: "zeros", corners: false, dims }
    }

    /// A coordinate between -1 and 1 as a place among elements.
    fn place(&self, at: f64, size: usize) -> f64 {
        let size = size as f64;
        let place = if self.corners {
            f64::midpoint(at, 1.0) * (size - 1.0)
        } else {
            ((at + 1.0) * size - 1.0) / 2.0
        };
        let place = if self.mode == "nearest" { place.round_ties_even() } else { place };
        let (low, high) = if self.corners { (0.0, size - 1.0) } else { (-0.5, size - 0.5) };
        if (low..=high).contains(&place) {
            return place;
        }
        match self.padding {
            "border" => place.clamp(0.0, size - 1.0),
            "reflection" => reflect(place, low, high),
            _ => place,
        }
    }

    /// The value at a place, from a dim on.
    pub(super) fn look(&self, plane: &[f64], at: &[f64], along: usize, offset: usize) -> f64 {
        let Some(place) = at.get(along) else { return plane[offset] };
        let step: usize = self.dims[along + 1..].iter().product();
        let element = |index: f64| match self.inside(index, self.dims[along]) {
            Some(index) => self.look(plane, at, along + 1, offset + index * step),
            None => 0.0,
        };
        let floor = place.floor();
        match self.mode {
            "nearest" => element(*place),
            "cubic" | "bicubic" => {
                let weights = cubic(place - floor);
                let near = weights.iter().enumerate();
                near.fold(0.0, |sum, (number, weight)| sum + weight * element(floor + number as f64 - 1.0))
            }
            _ => {
                let right = place - floor;
                (1.0 - right) * element(floor) + right * element(floor + 1.0)
            }
        }
    }

    /// The element that an index stands for; nothing in a padding of zeros.
    fn inside(&self, index: f64, size: usize) -> Option<usize> {
        let last = (size - 1) as f64;
        if (0.0..=last).contains(&index) {
            return Some(index as usize);
        }
        match self.padding {
            "border" => Some(index.clamp(0.0, last) as usize),
            "reflection" => {
                let (low, high) = if self.corners { (0.0, last) } else { (-0.5, last + 0.5) };
                Some(reflect(index, low, high).clamp(0.0, last) as usize)
            }
            _ => None,
        }
    }
}

/// A place brought between two ends by reflection.
fn reflect(place: f64, low: f64, high: f64) -> f64 {
    let range = high - low;
    if range == 0.0 || !place.is_finite() {
        return low;
    }
    let beyond = if place < low { low - place } else { place - high };
    let turns = (beyond / range).floor();
    let rest = beyond - turns * range;
    let from_same_end = turns % 2.0 == 0.0;
    if (place < low) == from_same_end { low + rest } else { high - rest }
}

/// Weights of four elements around a place, by the kernel of Keys (1981) with a coefficient of -0.75.
fn cubic(x: f64) -> [f64; 4] {
    const A: f64 = -0.75;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    [far(x + 1.0), near(x), near(1.0 - x), far(2.0 - x)]
}

/// A grid of places for each matrix of an affine map.
pub(super) fn affine_grid(call: &Call<'_>) -> Outputs {
    let maps = call.tensor(0)?;
    let (dtype, values) = maps.floats()?;
    let told: Vec<usize> =
        call.tensor(1)?.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
    let corners = call.flag("align_corners", false)?;
    let rank = told.len().saturating_sub(2);
    if rank == 0 || maps.shape() != [told[0], rank, rank + 1] {
        return Err(Failure::refused(format!("maps of {:?} for {told:?}", maps.shape())));
    }
    let dims = &told[2..];
    let shape = [&[told[0]], dims, &[rank]].concat();
    let mut output = Vec::with_capacity(call.count(&shape)?);
    let steps = strides(dims);
    let coordinate = |index: usize, size: usize| {
        let size = size as f64;
        if corners {
            if size == 1.0 { 0.0 } else { -1.0 + index as f64 * 2.0 / (size - 1.0) }
        } else {
            (2.0 * index as f64 + 1.0) / size - 1.0
        }
    };
    for item in 0..told[0] {
        for place in 0..dims.iter().product() {
            let at: Vec<f64> =
                (0..rank).rev().map(|dim| coordinate(place / steps[dim] % dims[dim], dims[dim])).collect();
            for row in 0..rank {
                let map = &values[(item * rank + row) * (rank + 1)..][..=rank];
                let sum = at.iter().zip(map).fold(0.0, |sum, (at, factor)| sum + at * factor);
                output.push(sum + map[rank]);
            }
        }
    }
    one(Tensor::rounded(shape, dtype, output))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_reflected_at_both_ends() {
        let row: Vec<f64> = (-4..7).map(|at| reflect(f64::from(at), 0.0, 2.0)).collect();
        assert_eq!(row[..4], [0.0, 1.0, 2.0, 1.0]);
        assert_eq!(row[7..], [1.0, 0.0, 1.0, 2.0]);
        assert_eq!(cubic(0.0), [0.0, 1.0, 0.0, 0.0]);
    }
}
