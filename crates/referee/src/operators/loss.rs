//! Losses: in float64, sums in lanes over samples in their order, rounded once.

use super::reduce::lanes;
use super::{Outputs, one};
use crate::arithmetic::elementary::{exp, ln};
use crate::arithmetic::order::maximum;
use crate::call::Call;
use crate::{Failure, Tensor};

/// The classes of `[batch, classes, ...]`: how many, and elements of each.
fn classes(tensor: &Tensor) -> Result<(usize, usize), Failure> {
    match tensor.shape() {
        [_, classes, rest @ ..] => Ok((*classes, rest.iter().product())),
        shape => Err(Failure::refused(format!("no classes in {shape:?}"))),
    }
}

pub(super) fn negative_log_likelihood(call: &Call<'_>) -> Outputs {
    let scores = call.tensor(0)?;
    let (_, values) = scores.floats()?;
    one(reduced(call, scores, values)?)
}

/// The loss of the logarithm of softmax over classes, and that logarithm.
pub(super) fn softmax_cross_entropy(call: &Call<'_>) -> Outputs {
    let scores = call.tensor(0)?;
    let (dtype, values) = scores.floats()?;
    let (count, size) = classes(scores)?;
    let mut logarithms = values.to_vec();
    for row in 0..scores.len() / (count * size).max(1) * size {
        let start = row / size * count * size + row % size;
        let own = (0..count).map(|class| values[start + class * size]);
        let largest = own.clone().fold(f64::NEG_INFINITY, maximum);
        let sum = ln(lanes(own.map(|value| exp(value - largest))));
        for class in 0..count {
            let value = &mut logarithms[start + class * size];
            *value = (*value - largest) - sum;
        }
    }
    let loss = reduced(call, scores, &logarithms)?;
    Ok(vec![loss.into(), Tensor::rounded(scores.shape().to_vec(), dtype, logarithms).into()])
}

/// `-weight * score` of each sample's class; summed, or divided by the sum of weights.
fn reduced(call: &Call<'_>, scores: &Tensor, values: &[f64]) -> Result<Tensor, Failure> {
    let targets = call.tensor(1)?;
    let (_, labels) = targets.whole()?;
    let (dtype, _) = scores.floats()?;
    let (count, size) = classes(scores)?;
    let weights = call.optional(2)?.map(Tensor::floats).transpose()?.map(|(_, weights)| weights);
    let ignored = call.has("ignore_index").then(|| call.integer("ignore_index", 0)).transpose()?;
    if labels.len() * count != values.len() || weights.is_some_and(|weights| weights.len() != count) {
        return Err(Failure::refused(format!("targets of {:?} for {:?}", targets.shape(), scores.shape())));
    }
    let sample = |(at, label): (usize, &i64)| {
        if ignored == Some(*label) {
            return Ok((0.0, 0.0));
        }
        let class = usize::try_from(*label).ok().filter(|class| *class < count);
        let class = class.ok_or_else(|| Failure::refused(format!("the class {label} of {count}")))?;
        let weight = weights.map_or(1.0, |weights| weights[class]);
        let place = (at / size * count + class) * size + at % size;
        Ok((-values[place] * weight, weight))
    };
    let losses: Vec<(f64, f64)> = labels.iter().enumerate().map(sample).collect::<Result<_, Failure>>()?;
    let sum = || lanes(losses.iter().map(|(loss, _)| *loss));
    Ok(match call.text("reduction", "mean")? {
        "none" => {
            let losses = losses.into_iter().map(|(loss, _)| loss).collect();
            Tensor::rounded(targets.shape().to_vec(), dtype, losses)
        }
        "sum" => Tensor::rounded(Vec::new(), dtype, vec![sum()]),
        _ => {
            let total = lanes(losses.iter().map(|(_, weight)| *weight));
            Tensor::rounded(Vec::new(), dtype, vec![sum() / total])
        }
    })
}
