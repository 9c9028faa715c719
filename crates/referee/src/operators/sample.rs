//! Operators that look at pictures at places between their elements, or put windows back.

use reproof_tensor::DType;

use super::shape::part;
use super::window::{image, pads, sizes};
use super::{Outputs, one};
use crate::call::{Call, axis, dim};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

/// How a picture is looked at.
struct Lens<'a> {
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

impl Lens<'_> {
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
    fn look(&self, plane: &[f64], at: &[f64], along: usize, offset: usize) -> f64 {
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

/// Windows put back where they were taken from, summed where they overlap, in the order of windows.
pub(super) fn col_to_im(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let list = |index: usize| -> Result<Vec<usize>, Failure> {
        call.tensor(index)?.whole()?.1.iter().map(|size| dim(*size)).collect()
    };
    let (picture, block) = (list(1)?, list(2)?);
    let rank = picture.len();
    let (steps, gaps) = (sizes(call, "strides", rank)?, sizes(call, "dilations", rank)?);
    let (before, after) = pads(call, rank)?;
    let [batch, rows, columns] = *tensor.shape() else { return Err(Failure::refused("expected three dims")) };
    let window = call.count(&block)?;
    if block.len() != rank {
        return Err(Failure::refused(format!("windows of {block:?} for {picture:?}")));
    }
    let along = |dim: usize| -> Option<usize> {
        let padded = picture[dim].checked_add(before[dim])?.checked_add(after[dim])?;
        Some(padded.checked_sub(gaps[dim].checked_mul(block[dim].checked_sub(1)?)? + 1)? / steps[dim] + 1)
    };
    let windows: Option<Vec<usize>> = (0..rank).map(along).collect();
    let fits = window > 0 && rows % window == 0;
    let Some(windows) = windows.filter(|windows| fits && crate::tensor::count(windows) == Some(columns))
    else {
        return Err(Failure::refused(format!("windows of {block:?} for {picture:?}")));
    };
    let channels = rows / window;
    let shape = [&[batch, channels], picture.as_slice()].concat();
    let mut output = vec![0.0; call.count(&shape)?];
    let (size, own) = (picture.iter().product::<usize>(), strides(&picture));
    let (window_steps, block_steps) = (strides(&windows), strides(&block));
    for plane in 0..batch * channels {
        for element in 0..window {
            for column in 0..columns {
                let place = |dim: usize| -> Option<usize> {
                    let at = column / window_steps[dim] % windows[dim] * steps[dim]
                        + element / block_steps[dim] % block[dim] * gaps[dim];
                    Some(at.checked_sub(before[dim]).filter(|at| *at < picture[dim])? * own[dim])
                };
                let place: Option<usize> = (0..rank).map(place).sum();
                if let Some(place) = place {
                    output[plane * size + place] += values[(plane * window + element) * columns + column];
                }
            }
        }
    }
    one(Tensor::rounded(shape, dtype, output))
}

/// Numbers put back where a pool found them, zeros elsewhere.
pub(super) fn max_unpool(call: &Call<'_>) -> Outputs {
    let (tensor, indices) = (call.tensor(0)?, call.tensor(1)?);
    let ((dtype, values), (_, places)) = (tensor.floats()?, indices.whole()?);
    let (batch, channels, input) = image(tensor)?;
    let rank = input.len();
    let kernel = sizes(call, "kernel_shape", rank)?;
    let (steps, (before, after)) = (sizes(call, "strides", rank)?, pads(call, rank)?);
    let inferred = |dim: usize| {
        let whole = (input[dim].saturating_sub(1)).saturating_mul(steps[dim]).saturating_add(kernel[dim]);
        whole.saturating_sub(before[dim].saturating_add(after[dim]))
    };
    let natural: Vec<usize> = [batch, channels].into_iter().chain((0..rank).map(inferred)).collect();
    let shape: Vec<usize> = match call.optional(2)? {
        Some(told) => told.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?,
        None => natural.clone(),
    };
    if shape.len() != natural.len() {
        return Err(Failure::refused(format!("a result of {shape:?}")));
    }
    let mut output = vec![0.0; call.count(&shape)?];
    let (from, to) = (strides(&natural), strides(&shape));
    for (value, place) in values.iter().zip(places) {
        // Places are those in a result of the natural size.
        let place = dim(*place)?;
        let moved: usize =
            (0..shape.len()).map(|dim| place / from[dim] % natural[dim].max(1) * to[dim]).sum();
        *output.get_mut(moved).ok_or_else(|| Failure::refused(format!("the place {place}")))? = *value;
    }
    one(Tensor::rounded(shape, dtype, output))
}

/// Cut or padded with zeros around the middle.
pub(super) fn center_crop_pad(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let told: Vec<usize> =
        call.tensor(1)?.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
    let axes: Vec<usize> = match call.integers("axes")? {
        Some(told) => told.iter().map(|told| axis(*told, tensor.rank())).collect::<Result<_, _>>()?,
        None => (0..tensor.rank()).collect(),
    };
    if axes.len() != told.len() {
        return Err(Failure::refused(format!("{} sizes for {} axes", told.len(), axes.len())));
    }
    let mut made = tensor.clone();
    for (along, size) in axes.into_iter().zip(told) {
        let own = made.shape()[along];
        if size <= own {
            made = part(&made, along, (own - size) / 2, size);
            continue;
        }
        let before = (size - own) / 2;
        let mut shape = made.shape().to_vec();
        shape[along] = size;
        let total = call.count(&shape)?;
        let (steps, source) = (strides(&shape), strides(made.shape()));
        let from = |at: usize| {
            let index = (at / steps[along] % size).checked_sub(before).filter(|index| *index < own)?;
            let dims =
                (0..shape.len()).map(|dim| if dim == along { index } else { at / steps[dim] % shape[dim] });
            Some(dims.zip(&source).map(|(index, step)| index * step).sum::<usize>())
        };
        let data = match made.data() {
            Data::Float(dtype, values) => {
                Data::Float(*dtype, (0..total).map(|at| from(at).map_or(0.0, |at| values[at])).collect())
            }
            Data::Integer(dtype, values) => {
                Data::Integer(*dtype, (0..total).map(|at| from(at).map_or(0, |at| values[at])).collect())
            }
            Data::Boolean(values) => {
                Data::Boolean((0..total).map(|at| from(at).is_some_and(|at| values[at])).collect())
            }
            Data::Text(values) => Data::Text(
                (0..total).map(|at| from(at).map_or_else(String::new, |at| values[at].clone())).collect(),
            ),
        };
        made = Tensor::new(shape, data);
    }
    one(made)
}

/// Boxes in the order of their scores, without those that overlap a better one too much. Of equal scores the first
/// box comes first.
pub(super) fn non_max_suppression(call: &Call<'_>) -> Outputs {
    let (boxes, scores) = (call.tensor(0)?, call.tensor(1)?);
    let ((_, corners), (_, values)) = (boxes.floats()?, scores.floats()?);
    let ([batch, count, 4], [_, classes, known]) = (boxes.shape(), scores.shape()) else {
        return Err(Failure::refused(format!(
            "boxes of {:?} and scores of {:?}",
            boxes.shape(),
            scores.shape()
        )));
    };
    if known != count {
        return Err(Failure::refused(format!("{known} scores for {count} boxes")));
    }
    let most = call.optional(2)?.map(Tensor::single).transpose()?.unwrap_or(0).max(0) as usize;
    let number = |index: usize, default: f64| -> Result<f64, Failure> {
        let told = call.optional(index)?.map(Tensor::floats).transpose()?;
        Ok(told.and_then(|(_, values)| values.first().copied()).unwrap_or(default))
    };
    let (overlap, threshold) = (number(3, 0.0)?, number(4, f64::NEG_INFINITY)?);
    let centred = call.flag("center_point_box", false)?;
    let corners_of = |item: usize, at: usize| {
        let own: [f64; 4] = std::array::from_fn(|place| corners[(item * count + at) * 4 + place]);
        if centred {
            let [x, y, width, height] = own;
            [y - height / 2.0, x - width / 2.0, y + height / 2.0, x + width / 2.0]
        } else {
            [own[0].min(own[2]), own[1].min(own[3]), own[0].max(own[2]), own[1].max(own[3])]
        }
    };
    let mut found = Vec::new();
    for item in 0..*batch {
        for class in 0..*classes {
            let score = |at: usize| values[(item * classes + class) * count + at];
            let mut order: Vec<usize> = (0..*count).filter(|at| score(*at) > threshold).collect();
            order.sort_by(|left, right| score(*right).total_cmp(&score(*left)));
            let mut kept: Vec<[f64; 4]> = Vec::new();
            for at in order {
                if kept.len() == most {
                    break;
                }
                let own = corners_of(item, at);
                if kept.iter().all(|other| union_share(&own, other) <= overlap) {
                    kept.push(own);
                    found.extend([item as i64, class as i64, at as i64]);
                }
            }
        }
    }
    one(Tensor::wrapped(vec![found.len() / 3, 3], DType::I64, found))
}

/// The area that two boxes share over that of both.
fn union_share(left: &[f64; 4], right: &[f64; 4]) -> f64 {
    let height = left[2].min(right[2]) - left[0].max(right[0]);
    let width = left[3].min(right[3]) - left[1].max(right[1]);
    if height <= 0.0 || width <= 0.0 {
        return 0.0;
    }
    let area = |of: &[f64; 4]| (of[2] - of[0]) * (of[3] - of[1]);
    let shared = height * width;
    shared / (area(left) + area(right) - shared)
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
