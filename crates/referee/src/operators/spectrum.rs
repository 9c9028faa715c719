//! Discrete Fourier transforms and what belongs to them: sums in float64 in the order of the samples, rounded once.
//!
//! Angles are `2 pi (k n mod N) / N`, so that each is one of N numbers, whose sine and cosine are correctly rounded.

use std::f64::consts::{LN_10, PI};

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::arithmetic::elementary::{cos, ln, pow, sin};
use crate::call::{Call, Kind, axis, dim};
use crate::tensor::is_float;
use crate::{Failure, Tensor};

/// Cosines and sines of all parts of a turn.
struct Turn {
    parts: Vec<(f64, f64)>,
    /// -1 forwards, 1 backwards.
    sign: f64,
}

impl Turn {
    fn new(call: &Call<'_>, length: usize, backwards: bool) -> Result<Self, Failure> {
        call.count(&[length, 2])?;
        let angle = |part: usize| 2.0 * PI * part as f64 / length as f64;
        let parts = (0..length).map(|part| (cos(angle(part)), sin(angle(part)))).collect();
        Ok(Self { parts, sign: if backwards { 1.0 } else { -1.0 } })
    }

    /// One frequency of samples; those that lack to the length are zeros.
    fn frequency(&self, index: usize, samples: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
        let length = self.parts.len();
        let mut sum = (0.0, 0.0);
        for (number, (real, imaginary)) in samples.take(length).enumerate() {
            // Both are below the length, whose square may be beyond a machine word.
            let (cosine, sine) = self.parts[(index as u128 * number as u128 % length as u128) as usize];
            let sine = self.sign * sine;
            sum.0 += real * cosine - imaginary * sine;
            sum.1 += real * sine + imaginary * cosine;
        }
        sum
    }
}

/// How many frequencies are given: one half of a real signal's is the mirror of the other.
fn frequencies(length: usize, onesided: bool) -> usize {
    if onesided { length / 2 + 1 } else { length }
}

pub(super) fn dft(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let [outer @ .., parts] = tensor.shape() else { return Err(Failure::refused("a single number")) };
    let told = match call.optional(2)? {
        Some(told) => told.single()?,
        None if call.opset < 20 => call.integer("axis", 1)?,
        None => -2,
    };
    let along = axis(told, tensor.rank())?;
    if !matches!(parts, 1 | 2) || along >= outer.len() {
        return Err(Failure::refused(format!("no numbers along axis {told} of {:?}", tensor.shape())));
    }
    let (backwards, onesided) = (call.flag("inverse", false)?, call.flag("onesided", false)?);
    if onesided && (backwards || *parts == 2) {
        return Err(Failure::unsupported("one side of a complex or inverse transform"));
    }
    let size = outer[along];
    let length = match call.optional(1)? {
        Some(told) => dim(told.single()?)?,
        None => size,
    };
    let count = frequencies(length, onesided);
    let mut shape = outer.to_vec();
    shape[along] = count;
    shape.push(2);
    let mut output = vec![0.0; call.count(&shape)?];
    if output.is_empty() {
        return one(Tensor::rounded(shape, dtype, output));
    }
    let turn = Turn::new(call, length, backwards)?;
    let scale = if backwards { length as f64 } else { 1.0 };
    let inner: usize = outer[along + 1..].iter().product();
    for (place, pair) in output.chunks_exact_mut(2).enumerate() {
        let (row, rest) = (place / (count * inner), place % (count * inner));
        let (index, column) = (rest / inner, rest % inner);
        let sample = |number: usize| {
            let at = ((row * size + number) * inner + column) * parts;
            (values[at], if *parts == 2 { values[at + 1] } else { 0.0 })
        };
        let (real, imaginary) = turn.frequency(index, (0..size).map(sample));
        pair.copy_from_slice(&[real / scale, imaginary / scale]);
    }
    one(Tensor::rounded(shape, dtype, output))
}

pub(super) fn stft(call: &Call<'_>) -> Outputs {
    let signal = call.tensor(0)?;
    let (dtype, values) = signal.floats()?;
    let (batch, size, parts) = match *signal.shape() {
        [batch, size] => (batch, size, 1),
        [batch, size, parts @ (1 | 2)] => (batch, size, parts),
        ref shape => return Err(Failure::refused(format!("a signal of {shape:?}"))),
    };
    let step = dim(call.tensor(1)?.single()?)?;
    let window = call.optional(2)?.map(Tensor::floats).transpose()?.map(|(_, window)| window);
    let length = match (call.optional(3)?, window) {
        (Some(told), _) => dim(told.single()?)?,
        (None, Some(window)) => window.len(),
        (None, None) => return Err(Failure::refused("neither a window nor a length of frames")),
    };
    if step == 0 || length == 0 || length > size || window.is_some_and(|window| window.len() != length) {
        return Err(Failure::refused(format!("frames of {length} every {step} of {size} samples")));
    }
    let onesided = call.flag("onesided", true)?;
    if onesided && parts == 2 {
        return Err(Failure::unsupported("one side of a complex transform"));
    }
    let (frames, count) = ((size - length) / step + 1, frequencies(length, onesided));
    let shape = vec![batch, frames, count, 2];
    let mut output = vec![0.0; call.count(&shape)?];
    let turn = Turn::new(call, length, false)?;
    for (place, pair) in output.chunks_exact_mut(2).enumerate() {
        let (row, index) = (place / count, place % count);
        let start = row / frames * size + row % frames * step;
        let sample = |number: usize| {
            let weight = window.map_or(1.0, |window| window[number]);
            let at = (start + number) * parts;
            (values[at] * weight, if parts == 2 { values[at + 1] * weight } else { 0.0 })
        };
        let (real, imaginary) = turn.frequency(index, (0..length).map(sample));
        pair.copy_from_slice(&[real, imaginary]);
    }
    one(Tensor::rounded(shape, dtype, output))
}

/// Triangles over the bins of a spectrum, at equal distances on the mel scale.
pub(super) fn mel_weight_matrix(call: &Call<'_>) -> Outputs {
    let number = |index: usize| -> Result<f64, Failure> {
        let tensor = call.tensor(index)?;
        match tensor.floats() {
            Ok((_, [value])) => Ok(*value),
            Ok((_, values)) => Err(Failure::refused(format!("expected one number, got {}", values.len()))),
            Err(_) => Ok(tensor.single()? as f64),
        }
    };
    let (bins, length) = (dim(call.tensor(0)?.single()?)?, dim(call.tensor(1)?.single()?)?);
    let (rate, lower, upper) = (number(2)?, number(3)?, number(4)?);
    let Kind::Number(dtype) = call.dtype("output_datatype", DType::F32)? else {
        return Err(Failure::refused("weights of texts"));
    };
    if !is_float(dtype) {
        return Err(Failure::unsupported(format!("weights of {dtype}")));
    }
    let rows = length / 2 + 1;
    let mut output = vec![0.0; call.count(&[rows, bins])?];
    let mel = |frequency: f64| 2595.0 * (ln(1.0 + frequency / 700.0) / LN_10);
    let step = (mel(upper) - mel(lower)) / (bins as f64 + 2.0);
    let edge = |index: usize| {
        let frequency = 700.0 * (pow(10.0, (index as f64 * step + mel(lower)) / 2595.0) - 1.0);
        ((length as f64 + 1.0) * frequency / rate).floor()
    };
    for bin in 0..bins {
        let [low, center, high] = [0, 1, 2].map(|next| edge(bin + next));
        for (row, weights) in output.chunks_exact_mut(bins).enumerate() {
            let at = row as f64;
            if low == center && at == center {
                weights[bin] = 1.0;
            } else if low <= at && at < center {
                weights[bin] = (at - low) / (center - low);
            } else if center <= at && at < high {
                weights[bin] = (high - at) / (high - center);
            } else if at == center {
                weights[bin] = 1.0;
            }
        }
    }
    one(Tensor::rounded(vec![rows, bins], dtype, output))
}
