//! Linear models.

use reproof_tensor::DType;

use super::super::{Outputs, one};
use super::attributes::{expect, reals};
use super::labels::{Labels, top};
use super::rows::Rows;
use super::transform::Transform;
use crate::arithmetic::round_all;
use crate::call::Call;
use crate::product::{Dense, Product, Starts};
use crate::{Failure, Tensor};

/// The scores of every row, row by row: intercepts and products with coefficients, target by target.
fn scores(
    call: &Call<'_>,
    rows: &Rows<'_>,
    coefficients: &[f64],
    targets: usize,
) -> Result<Vec<f64>, Failure> {
    let expected = call.count(&[targets, rows.width])?;
    expect("coefficients", expected, coefficients.len())?;
    let intercepts = reals(call, "intercepts")?;
    let mut sums = vec![0.0; call.count(&[rows.count, targets])?];
    if !intercepts.is_empty() {
        expect("intercepts", targets, intercepts.len())?;
        sums.chunks_exact_mut(targets).for_each(|row| row.copy_from_slice(&intercepts));
    }
    let product = Product {
        rows: rows.count,
        steps: rows.width,
        columns: targets,
        left: Dense { values: &rows.values, strides: (rows.width, 1) },
        right: &Dense { values: coefficients, strides: (1, rows.width) },
        starts: Starts::Given,
        dtype: rows.dtype,
        options: call.run.options,
    };
    product.run(&mut sums);
    round_all(call.run.float(DType::F32), &mut sums);
    Ok(sums)
}

fn rounded(call: &Call<'_>, shape: [usize; 2], scores: Vec<f64>) -> Tensor {
    Tensor::rounded(shape.to_vec(), call.run.float(DType::F32), scores)
}

/// Scores of targets, each transformed as the specification says; ONNX Runtime transforms a single one with PROBIT only.
pub(in super::super) fn regressor(call: &Call<'_>) -> Outputs {
    let (rows, transform) = (Rows::of(call)?, Transform::named(call)?);
    let told = call.integer("targets", 1)?;
    let targets = usize::try_from(told).ok().filter(|targets| *targets > 0);
    let targets = targets
        .ok_or_else(|| Failure::refused(format!("attribute `targets`: expected at least 1, got {told}")))?;
    let mut scores = scores(call, &rows, &reals(call, "coefficients")?, targets)?;
    transform.each(&mut scores, targets);
    one(rounded(call, [rows.count, targets], scores))
}

/// The label of the top class, and the scores of all.
pub(in super::super) fn classifier(call: &Call<'_>) -> Outputs {
    let (rows, transform) = (Rows::of(call)?, Transform::named(call)?);
    let labels = Labels::of(call, "classlabels_ints")?;
    let coefficients = reals(call, "coefficients")?;
    // Of two classes a model may give the score of the second alone.
    if labels.len() == 2 && coefficients.len() == rows.width {
        let scores = scores(call, &rows, &coefficients, 1)?;
        let classes: Vec<usize> = scores.iter().map(|score| usize::from(*score > 0.0)).collect();
        call.count(&[rows.count, 2])?;
        let pairs = scores.iter().flat_map(|score| transform.pair(*score, true)).collect();
        return Ok(vec![labels.tensor(&classes).into(), rounded(call, [rows.count, 2], pairs).into()]);
    }
    let mut scores = scores(call, &rows, &coefficients, labels.len())?;
    let classes: Vec<usize> = scores.chunks_exact(labels.len()).map(top).collect();
    transform.each(&mut scores, labels.len());
    Ok(vec![labels.tensor(&classes).into(), rounded(call, [rows.count, labels.len()], scores).into()])
}
