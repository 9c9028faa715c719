//! Softmax and its like: in float64 throughout, in the order that is written here, rounded once at the end. Sums are in
//! lanes, as those of reductions of float64.

use reproof_tensor::DType;

use super::{Outputs, one, reduce::lanes};
use crate::Tensor;
use crate::arithmetic::elementary::{exp, ln};
use crate::arithmetic::order::maximum;
use crate::arithmetic::quick;
use crate::call::{Call, axis};
use crate::parallel;

/// `work` on every row along an axis; before version 13, along all axes from it on.
fn rows(call: &Call<'_>, work: impl Fn(&mut [f64]) + Sync) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let shape = tensor.shape();
    if tensor.is_empty() {
        return one(tensor.clone());
    }
    let flattens = call.opset < 13;
    let told = call.integer("axis", if flattens { 1 } else { -1 })?;
    let along =
        if flattens && told == shape.len() as i64 { shape.len() } else { axis(told, shape.len().max(1))? };
    let (length, inner) = if flattens {
        (shape[along..].iter().product(), 1)
    } else if shape.is_empty() {
        (1, 1)
    } else {
        (shape[along], shape[along + 1..].iter().product())
    };
    let mut output = values.to_vec();
    let threads = call.run.options.threads;
    parallel::fill(threads, &mut output, length * inner, 32, |_, part| {
        let mut row = vec![0.0; length];
        for block in part.chunks_exact_mut(length * inner) {
            if inner == 1 {
                work(block);
                continue;
            }
            for start in 0..inner {
                row.iter_mut().zip(block[start..].iter().step_by(inner)).for_each(|(to, from)| *to = *from);
                work(&mut row);
                block[start..].iter_mut().step_by(inner).zip(&row).for_each(|(to, from)| *to = *from);
            }
        }
    });
    one(Tensor::rounded(shape.to_vec(), dtype, output))
}

/// `exp(x - max) / sum`.
pub(super) fn soft(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, maximum);
    for value in row.iter_mut() {
        *value = exp(*value - largest);
    }
    let sum = lanes(row.iter().copied());
    for value in row.iter_mut() {
        *value /= sum;
    }
}

/// As [`soft`], rounded to float32: by quick answers where they decide.
fn soft_singles(row: &mut [f64]) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, maximum);
    let given = row.to_vec();
    if !largest.is_finite() || !quick::softmax(row, largest) {
        row.copy_from_slice(&given);
        soft(row);
    }
}

pub(super) fn softmax(call: &Call<'_>) -> Outputs {
    if call.floats(0)?.0 == DType::F32 { rows(call, soft_singles) } else { rows(call, soft) }
}

/// `(x - max) - ln(sum(exp(x - max)))`.
pub(super) fn log_softmax(call: &Call<'_>) -> Outputs {
    rows(call, |row| {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, maximum);
        let sum = ln(lanes(row.iter().map(|value| exp(value - largest))));
        for value in row.iter_mut() {
            *value = (*value - largest) - sum;
        }
    })
}

/// 1 at the first of the largest, 0 elsewhere.
pub(super) fn hardmax(call: &Call<'_>) -> Outputs {
    rows(call, |row| {
        let mut best = 0;
        for at in 1..row.len() {
            if row[at] > row[best] {
                best = at;
            }
        }
        row.iter_mut().enumerate().for_each(|(at, value)| *value = if at == best { 1.0 } else { 0.0 });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_sums_to_one_and_keeps_its_ends() {
        let mut row = [0.0, 1000.0, f64::NEG_INFINITY];
        soft(&mut row);
        assert_eq!(row, [0.0, 1.0, 0.0]);
    }
}
