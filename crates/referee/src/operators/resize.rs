//! Resize: one dim after the other, weights in float64, each dim's sum from the left, rounded once at the end.

use super::{Outputs, one};
use crate::call::{Call, axis, dim};
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// Weights of the input's elements for one element of the result.
type Taps = Vec<(usize, f64)>;

/// How one dim is resized.
struct Axis {
    input: usize,
    output: usize,
    scale: f64,
    /// The part of the input that is looked at, of `tf_crop_and_resize`.
    region: (f64, f64),
}

struct Rule<'a> {
    mode: &'a str,
    coordinates: &'a str,
    nearest: &'a str,
    cubic: f64,
    excludes_outside: bool,
    antialias: bool,
}

pub(super) fn resize(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let rank = tensor.rank();
    // Version 10 had no region of interest.
    let (roi, scales, sizes) = if call.opset < 11 {
        (None, call.optional(1)?, None)
    } else {
        (call.optional(1)?, call.optional(2)?, call.optional(3)?)
    };
    let axes: Vec<usize> = match call.integers("axes")? {
        Some(told) => told.iter().map(|told| axis(*told, rank)).collect::<Result<_, _>>()?,
        None => (0..rank).collect(),
    };
    let coordinates = call
        .text("coordinate_transformation_mode", if call.opset < 11 { "asymmetric" } else { "half_pixel" })?;
    let rule = Rule {
        mode: call.text("mode", "nearest")?,
        coordinates,
        nearest: call.text("nearest_mode", if call.opset < 11 { "floor" } else { "round_prefer_floor" })?,
        cubic: call.float("cubic_coeff_a", -0.75)?,
        excludes_outside: call.flag("exclude_outside", false)?,
        antialias: call.flag("antialias", false)?,
    };
    let told = match (scales.filter(|tensor| !tensor.is_empty()), sizes.filter(|tensor| !tensor.is_empty())) {
        (Some(scales), None) => Told::Scales(scales.floats()?.1.to_vec()),
        (None, Some(sizes)) => {
            let sizes = sizes.whole()?.1.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?;
            Told::Sizes(sizes)
        }
        _ => return Err(Failure::refused("either scales or sizes are needed")),
    };
    let resized = plan(call, tensor, &axes, &told, roi)?;
    apply(call, tensor, &resized, &rule)
}

/// Before version 10, an operator of its own.
pub(super) fn upsample(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let scales: Vec<f64> = if let Some(scales) = call.optional(1)? {
        scales.floats()?.1.to_vec()
    } else {
        let told = call.reals("scales")?.ok_or_else(|| Failure::refused("no scales"))?;
        told.iter().map(|scale| f64::from(*scale)).collect()
    };
    let axes: Vec<usize> = (0..tensor.rank()).collect();
    let rule = Rule {
        mode: call.text("mode", "nearest")?,
        coordinates: "asymmetric",
        nearest: "floor",
        cubic: -0.75,
        excludes_outside: false,
        antialias: false,
    };
    let resized = plan(call, tensor, &axes, &Told::Scales(scales), None)?;
    apply(call, tensor, &resized, &rule)
}

enum Told {
    Scales(Vec<f64>),
    Sizes(Vec<usize>),
}

/// What becomes of each dim.
fn plan(
    call: &Call<'_>,
    tensor: &Tensor,
    axes: &[usize],
    told: &Told,
    roi: Option<&Tensor>,
) -> Result<Vec<Axis>, Failure> {
    let count = match told {
        Told::Scales(scales) => scales.len(),
        Told::Sizes(sizes) => sizes.len(),
    };
    if count != axes.len() {
        return Err(Failure::refused(format!("{count} sizes for {} axes", axes.len())));
    }
    let roi =
        roi.filter(|roi| roi.len() == 2 * axes.len()).map(Tensor::floats).transpose()?.map(|(_, roi)| roi);
    let policy = call.text("keep_aspect_ratio_policy", "stretch")?;
    let mut plan: Vec<Axis> = tensor
        .shape()
        .iter()
        .map(|size| Axis { input: *size, output: *size, scale: 1.0, region: (0.0, 1.0) })
        .collect();
    let ratio = match told {
        Told::Sizes(sizes) if policy != "stretch" => {
            let ratios =
                sizes.iter().zip(axes).map(|(size, along)| *size as f64 / tensor.shape()[*along] as f64);
            let pick = if policy == "not_larger" { f64::min } else { f64::max };
            ratios.reduce(pick)
        }
        _ => None,
    };
    for (index, along) in axes.iter().enumerate() {
        let own = &mut plan[*along];
        match told {
            Told::Scales(scales) => {
                let scale = scales[index];
                if !(scale > 0.0 && scale.is_finite()) {
                    return Err(Failure::refused(format!("a scale of {scale}")));
                }
                own.scale = scale;
                own.output = (own.input as f64 * scale).floor() as usize;
            }
            Told::Sizes(sizes) => {
                if let Some(ratio) = ratio {
                    own.output = (ratio * own.input as f64 + 0.5).floor() as usize;
                    own.scale = ratio;
                } else {
                    own.output = sizes[index];
                    own.scale = sizes[index] as f64 / own.input as f64;
                }
            }
        }
        if let Some(roi) = roi {
            own.region = (roi[index], roi[index + axes.len()]);
        }
    }
    Ok(plan)
}

fn apply(call: &Call<'_>, tensor: &Tensor, plan: &[Axis], rule: &Rule<'_>) -> Outputs {
    let shape: Vec<usize> = plan.iter().map(|axis| axis.output).collect();
    call.count(&shape)?;
    let extrapolation = call.float("extrapolation_value", 0.0)?;
    let (floats, kind) = match tensor.data() {
        Data::Float(_, values) => (values.clone(), None),
        Data::Integer(dtype, values) => (values.iter().map(|value| *value as f64).collect(), Some(*dtype)),
        other => return Err(Failure::refused(format!("a picture of {}", other.kind()))),
    };
    let mut values = floats;
    let mut dims = tensor.shape().to_vec();
    let crops = rule.coordinates == "tf_crop_and_resize";
    let mut outside: Vec<Vec<bool>> = Vec::new();
    for (along, axis) in plan.iter().enumerate() {
        let changes = axis.output != axis.input || axis.scale != 1.0 || (crops && axis.region != (0.0, 1.0));
        outside.push(vec![false; axis.output]);
        if !changes {
            continue;
        }
        if axis.input == 0 {
            return Err(Failure::refused("a picture of no elements"));
        }
        let taps: Vec<Taps> = (0..axis.output)
            .map(|index| {
                let at = axis.coordinate(index, rule);
                outside[along][index] = crops && !(0.0..=(axis.input - 1) as f64).contains(&at);
                axis.taps(at, rule)
            })
            .collect::<Result<_, _>>()?;
        values = along_axis(&values, &dims, along, &taps);
        dims[along] = axis.output;
    }
    if crops {
        let steps = crate::tensor::strides(&dims);
        for (at, value) in values.iter_mut().enumerate() {
            let lies_outside = (0..dims.len()).any(|dim| outside[dim][at / steps[dim] % dims[dim]]);
            if lies_outside {
                *value = extrapolation;
            }
        }
    }
    one(match (tensor.data(), kind) {
        (Data::Float(dtype, _), _) => Tensor::rounded(dims, *dtype, values),
        (_, Some(dtype)) => Tensor::wrapped(
            dims,
            dtype,
            values.into_iter().map(|value| value.round_ties_even() as i64).collect(),
        ),
        _ => return Err(Failure::refused("a picture of texts")),
    })
}

fn along_axis(values: &[f64], dims: &[usize], along: usize, taps: &[Taps]) -> Vec<f64> {
    let inner: usize = dims[along + 1..].iter().product();
    let outer: usize = dims[..along].iter().product();
    let mut output = Vec::with_capacity(outer * taps.len() * inner);
    for block in 0..outer {
        let source = &values[block * dims[along] * inner..][..dims[along] * inner];
        for taps in taps {
            if let [(at, 1.0)] = taps.as_slice() {
                output.extend_from_slice(&source[at * inner..][..inner]);
                continue;
            }
            let sum = |place: usize| {
                taps.iter().fold(0.0, |sum, (at, weight)| sum + source[at * inner + place] * weight)
            };
            output.extend((0..inner).map(sum));
        }
    }
    output
}

impl Axis {
    /// Where an element of the result lies in the input.
    fn coordinate(&self, index: usize, rule: &Rule<'_>) -> f64 {
        let (index, input) = (index as f64, self.input as f64);
        match rule.coordinates {
            "asymmetric" => index / self.scale,
            "align_corners" | "pytorch_half_pixel" if self.output == 1 => 0.0,
            "align_corners" => index * (input - 1.0) / (self.output as f64 - 1.0),
            "tf_half_pixel_for_nn" => (index + 0.5) / self.scale,
            "half_pixel_symmetric" => {
                let whole = input * self.scale;
                let adjustment = self.output as f64 / whole;
                let offset = input / 2.0 * (1.0 - adjustment);
                offset + (index + 0.5) / self.scale - 0.5
            }
            "tf_crop_and_resize" => {
                let (start, end) = self.region;
                if self.output > 1 {
                    start * (input - 1.0) + index * (end - start) * (input - 1.0) / (self.output as f64 - 1.0)
                } else {
                    0.5 * (start + end) * (input - 1.0)
                }
            }
            _ => (index + 0.5) / self.scale - 0.5,
        }
    }

    /// Weights at a coordinate.
    fn taps(&self, at: f64, rule: &Rule<'_>) -> Result<Taps, Failure> {
        let last = self.input as i64 - 1;
        let inside = |place: i64| place.clamp(0, last) as usize;
        match rule.mode {
            "nearest" => {
                let place = match rule.nearest {
                    "floor" => at.floor(),
                    "ceil" => at.ceil(),
                    "round_prefer_ceil" => (at + 0.5).floor(),
                    _ => (at - 0.5).ceil(),
                };
                Ok(vec![(inside(place as i64), 1.0)])
            }
            "linear" | "cubic" => {
                let is_cubic = rule.mode == "cubic";
                let shrink = if rule.antialias { self.scale.min(1.0) } else { 1.0 };
                let reach = if is_cubic { 2.0 } else { 1.0 } / shrink;
                let (first, end) = if rule.antialias {
                    ((at - reach).floor() as i64 + 1, (at + reach).ceil() as i64)
                } else {
                    let start = at.floor() as i64;
                    if is_cubic { (start - 1, start + 3) } else { (start, start + 2) }
                };
                let weight = |place: i64| {
                    let distance = (at - place as f64).abs() * shrink;
                    if is_cubic { cubic(distance, rule.cubic) } else { (1.0 - distance).max(0.0) }
                };
                let keeps = |place: &i64| !rule.excludes_outside || (0..=last).contains(place);
                let mut taps: Taps =
                    (first..end).filter(keeps).map(|place| (inside(place), weight(place))).collect();
                if rule.antialias || rule.excludes_outside {
                    let total = taps.iter().fold(0.0, |sum, (_, weight)| sum + weight);
                    for (_, weight) in &mut taps {
                        *weight /= total;
                    }
                }
                Ok(taps)
            }
            other => Err(Failure::unsupported(format!("the mode `{other}`"))),
        }
    }
}

/// The kernel of Keys (1981) at a distance, for a coefficient `a`.
fn cubic(distance: f64, a: f64) -> f64 {
    let x = distance;
    if x <= 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        ((a * x - 5.0 * a) * x + 8.0 * a) * x - 4.0 * a
    } else {
        0.0
    }
}
