//! Support vector machines: in float64 with ascending sums, each score rounded once.

use reproof_tensor::DType;

use super::super::{Outputs, one};
use super::attributes::{expect, integers, reals};
use super::coupling::{couple, dot};
use super::labels::{Labels, top};
use super::rows::Rows;
use super::transform::Transform;
use crate::arithmetic::elementary::{exp, pow, sigmoid, tanh};
use crate::arithmetic::round;
use crate::call::{Call, dim};
use crate::{Failure, Tensor, parallel};

/// How close a row is to a support vector.
enum Kernel {
    Linear,
    Polynomial { gamma: f64, start: f64, degree: f64 },
    Radial { gamma: f64 },
    Sigmoid { gamma: f64, start: f64 },
}

impl Kernel {
    fn of(call: &Call<'_>) -> Result<Self, Failure> {
        let told = reals(call, "kernel_params")?;
        if !told.is_empty() {
            expect("kernel_params", 3, told.len())?;
        }
        let [gamma, start, degree] = [0, 1, 2].map(|index| told.get(index).copied().unwrap_or(0.0));
        Ok(match call.text("kernel_type", "LINEAR")? {
            "LINEAR" => Self::Linear,
            "POLY" => Self::Polynomial { gamma, start, degree },
            "RBF" => Self::Radial { gamma },
            "SIGMOID" => Self::Sigmoid { gamma, start },
            other => return Err(Failure::refused(format!("kernel_type `{other}`"))),
        })
    }

    fn of_pair(&self, row: &[f64], vector: &[f64]) -> f64 {
        match self {
            Self::Linear => dot(row, vector),
            Self::Polynomial { gamma, start, degree } => pow(gamma * dot(row, vector) + start, *degree),
            Self::Sigmoid { gamma, start } => tanh(gamma * dot(row, vector) + start),
            Self::Radial { gamma } => {
                let apart = row.iter().zip(vector).map(|(row, vector)| row - vector);
                exp(-gamma * apart.fold(0.0, |sum, apart| sum + apart * apart))
            }
        }
    }
}

/// Support vectors, one after the other.
struct Supports {
    kernel: Kernel,
    values: Vec<f64>,
    width: usize,
}

impl Supports {
    /// `count` vectors of as many features as a row.
    fn of(call: &Call<'_>, count: usize, rows: &Rows<'_>) -> Result<Self, Failure> {
        let values = reals(call, "support_vectors")?;
        expect("support_vectors", call.count(&[count, rows.width])?, values.len())?;
        Ok(Self { kernel: Kernel::of(call)?, values, width: rows.width })
    }

    /// How close a row is to the vectors of a range.
    fn near<'a>(&'a self, row: &'a [f64], count: usize) -> Vec<f64> {
        let vector = |index: usize| &self.values[index * self.width..][..self.width];
        (0..count).map(|index| self.kernel.of_pair(row, vector(index))).collect()
    }
}

/// What `score` writes for every row, each rounded. `work` is about how many operations one score takes.
fn each_row(
    call: &Call<'_>,
    rows: &Rows<'_>,
    width: usize,
    work: usize,
    score: impl Fn(&[f64], &mut [f64]) + Sync,
) -> Result<Vec<f64>, Failure> {
    let mut scores = vec![0.0; call.count(&[rows.count, width])?];
    let dtype = call.run.float(DType::F32);
    parallel::fill(call.run.options.threads, &mut scores, width, work, |start, part| {
        for (index, part) in part.chunks_exact_mut(width).enumerate() {
            score(rows.row(start / width + index), part);
            for score in part {
                *score = round(dtype, *score);
            }
        }
    });
    Ok(scores)
}

fn rounded(call: &Call<'_>, shape: [usize; 2], scores: Vec<f64>) -> Tensor {
    Tensor::rounded(shape.to_vec(), call.run.float(DType::F32), scores)
}

/// A score, or which side of the border a row is on. The score is transformed as the specification says; ONNX Runtime leaves
/// that out.
pub(in super::super) fn regressor(call: &Call<'_>) -> Outputs {
    let (rows, transform) = (Rows::of(call)?, Transform::named(call)?);
    let count = call.integer("n_supports", 0)?;
    let count = dim(count).map_err(|_| Failure::refused(format!("attribute `n_supports`: {count}")))?;
    let (coefficients, rho) = (reals(call, "coefficients")?, reals(call, "rho")?);
    expect("rho", 1, rho.len())?;
    let mut scores = if count == 0 {
        // Without support vectors the coefficients are those of the features.
        expect("coefficients", rows.width, coefficients.len())?;
        each_row(call, &rows, 1, rows.width, |row, score| score[0] = dot(row, &coefficients) + rho[0])?
    } else {
        expect("coefficients", count, coefficients.len())?;
        let supports = Supports::of(call, count, &rows)?;
        each_row(call, &rows, 1, supports.values.len(), |row, score| {
            score[0] = dot(&supports.near(row, count), &coefficients) + rho[0];
        })?
    };
    if call.flag("one_class", false)? {
        for score in &mut scores {
            *score = if *score > 0.0 { 1.0 } else { -1.0 };
        }
    }
    transform.each(&mut scores, 1);
    one(rounded(call, [rows.count, 1], scores))
}

/// The label that wins, and scores. The specification leaves open what scores are; they are as in ONNX Runtime: without
/// support vectors one for each class, with probabilities those, else one for each pair of classes, and of two classes both.
pub(in super::super) fn classifier(call: &Call<'_>) -> Outputs {
    let (rows, transform) = (Rows::of(call)?, Transform::named(call)?);
    let labels = Labels::of(call, "classlabels_ints")?;
    let counts = integers(call, "vectors_per_class")?.iter().map(|count| dim(*count));
    let counts = counts.collect::<Result<Vec<usize>, _>>()?;
    let count = counts.iter().fold(0, |sum: usize, count| sum.saturating_add(*count));
    if count == 0 {
        return by_class(call, &rows, labels, transform);
    }
    let classes = labels.len();
    expect("vectors_per_class", classes, counts.len())?;
    let pairs = classes * (classes - 1) / 2;
    if pairs == 0 {
        return Err(Failure::refused("expected two labels or more, got 1"));
    }
    let [rho, slopes, offsets] = ["rho", "prob_a", "prob_b"].map(|name| reals(call, name));
    let (rho, slopes, offsets) = (rho?, slopes?, offsets?);
    expect("rho", pairs, rho.len())?;
    if !slopes.is_empty() {
        expect("prob_a", pairs, slopes.len())?;
    }
    expect("prob_b", slopes.len(), offsets.len())?;
    let supports = Supports::of(call, count, &rows)?;
    let coefficients = reals(call, "coefficients")?;
    expect("coefficients", call.count(&[classes - 1, count])?, coefficients.len())?;

    let mut starts = vec![0];
    starts.extend(counts.iter().scan(0, |start, count| {
        *start += count;
        Some(*start)
    }));
    // Every vector has a coefficient for each class but its own.
    let part = |near: &[f64], own: usize, other: usize| {
        let row = if other > own { other - 1 } else { other };
        let range = starts[own]..starts[own + 1];
        dot(&coefficients[row * count..][range.clone()], &near[range])
    };
    let work = supports.values.len() / pairs;
    let mut scores = each_row(call, &rows, pairs, work, |row, scores| {
        let near = supports.near(row, count);
        for (index, (first, second)) in pairs_of(classes).enumerate() {
            scores[index] = part(&near, first, second) + part(&near, second, first) + rho[index];
        }
    })?;
    let winners: Vec<usize> = scores.chunks_exact(pairs).map(|scores| winner(classes, scores)).collect();
    let width = if !slopes.is_empty() {
        call.count(&[rows.count, classes])?;
        let chances = scores.chunks_exact(pairs).flat_map(|scores| {
            let chance = |index: usize| sigmoid(-(slopes[index] * scores[index] + offsets[index]));
            couple(classes, &(0..pairs).map(chance).collect::<Vec<f64>>())
        });
        scores = chances.collect();
        transform.each(&mut scores, classes);
        classes
    } else if classes == 2 {
        call.count(&[rows.count, 2])?;
        scores = scores.iter().flat_map(|score| transform.pair(*score, false)).collect();
        2
    } else {
        transform.each(&mut scores, pairs);
        pairs
    };
    Ok(vec![labels.tensor(&winners).into(), rounded(call, [rows.count, width], scores).into()])
}

/// A score for each class without support vectors. ONNX Runtime takes of two classes the second where any score is above
/// zero; here it is the top class, as in ONNX's own examples.
fn by_class(call: &Call<'_>, rows: &Rows<'_>, labels: Labels<'_>, transform: Transform) -> Outputs {
    let (coefficients, rho) = (reals(call, "coefficients")?, reals(call, "rho")?);
    let classes = labels.len();
    expect("coefficients", call.count(&[classes, rows.width])?, coefficients.len())?;
    let rho = *rho.first().ok_or_else(|| Failure::refused("attribute `rho`: expected a value, got none"))?;
    let of = |class: usize| &coefficients[class * rows.width..][..rows.width];
    let mut scores = each_row(call, rows, classes, rows.width, |row, scores| {
        scores.iter_mut().enumerate().for_each(|(class, score)| *score = dot(row, of(class)) + rho);
    })?;
    let winners: Vec<usize> = scores.chunks_exact(classes).map(top).collect();
    transform.each(&mut scores, classes);
    Ok(vec![labels.tensor(&winners).into(), rounded(call, [rows.count, classes], scores).into()])
}

/// Pairs of classes, in the order of their scores.
fn pairs_of(classes: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..classes).flat_map(move |first| (first + 1..classes).map(move |second| (first, second)))
}

/// The first of the classes that win the most pairs: the first of a pair where its score is above zero.
fn winner(classes: usize, scores: &[f64]) -> usize {
    let mut votes = vec![0.0; classes];
    for ((first, second), score) in pairs_of(classes).zip(scores) {
        votes[if *score > 0.0 { first } else { second }] += 1.0;
    }
    top(&votes)
}
