//! What becomes of the scores of a row: `post_transform`.

use super::super::softmax::soft;
use crate::Failure;
use crate::arithmetic::elementary::{exp, ln, sigmoid};
use crate::arithmetic::order::maximum;
use crate::call::Call;

/// What scores become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transform {
    None,
    Softmax,
    Logistic,
    SoftmaxZero,
    Probit,
}

impl Transform {
    /// By its name.
    pub(super) fn named(call: &Call<'_>) -> Result<Self, Failure> {
        Ok(match call.text("post_transform", "NONE")? {
            "NONE" => Self::None,
            "SOFTMAX" => Self::Softmax,
            "LOGISTIC" => Self::Logistic,
            "SOFTMAX_ZERO" => Self::SoftmaxZero,
            "PROBIT" => Self::Probit,
            other => return Err(Failure::refused(format!("post_transform `{other}`"))),
        })
    }

    /// By its number, as TreeEnsemble has it.
    pub(super) fn numbered(call: &Call<'_>) -> Result<Self, Failure> {
        Ok(match call.integer("post_transform", 0)? {
            0 => Self::None,
            1 => Self::Softmax,
            2 => Self::Logistic,
            3 => Self::SoftmaxZero,
            4 => Self::Probit,
            other => return Err(Failure::refused(format!("post_transform {other}"))),
        })
    }

    /// Transforms the scores of one row.
    pub(super) fn apply(self, scores: &mut [f64]) {
        match self {
            Self::None => {}
            Self::Softmax => soft(scores),
            Self::SoftmaxZero => softmax_zero(scores),
            Self::Logistic => scores.iter_mut().for_each(|score| *score = sigmoid(*score)),
            Self::Probit => scores.iter_mut().for_each(|score| *score = probit(*score)),
        }
    }

    /// The scores of two classes of which a model gives only that of the second. The specification tells neither what the
    /// other one is nor that there is such a model. As in ONNX Runtime the other one is 1 less this one if a score is a
    /// share of votes, else the negative. What the specification says of transforms holds here too: ONNX Runtime knows
    /// LOGISTIC alone, leaves both kinds of SOFTMAX out, and writes one score with PROBIT.
    pub(super) fn pair(self, score: f64, is_share: bool) -> [f64; 2] {
        let other = if self.is_of_shares(is_share) { 1.0 - score } else { -score };
        let mut pair = [other, score];
        self.apply(&mut pair);
        pair
    }

    /// Whether this transform takes a score for a share, where it may be one.
    pub(super) fn is_of_shares(self, is_share: bool) -> bool {
        match self {
            Self::None => is_share,
            Self::Probit => true,
            Self::Softmax | Self::Logistic | Self::SoftmaxZero => false,
        }
    }

    /// Transforms rows of scores in their place.
    pub(super) fn each(self, scores: &mut [f64], width: usize) {
        scores.chunks_exact_mut(width.max(1)).for_each(|row| self.apply(row));
    }
}

/// Softmax of the scores that are not zero; of zeros alone it is NaN. The specification does not tell: ONNX Runtime takes for
/// zero what is at most this far from it, scales it as the others, and leaves it out of the sum.
fn softmax_zero(scores: &mut [f64]) {
    const ZERO: f64 = 1e-7_f32 as f64;
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, maximum);
    let scale = exp(-largest);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        if *score > ZERO || *score < -ZERO {
            *score = exp(*score - largest);
            sum += *score;
        } else {
            *score *= scale;
        }
    }
    for score in scores.iter_mut() {
        *score /= sum;
    }
}

/// The quantile of the normal distribution, by an approximation of the inverse of the error function (Winitzki, "A handy
/// approximation for the error function and its inverse", 2008): the specification says no more than `PROBIT`, and this is
/// what ONNX Runtime and ONNX's own examples compute. Its relative error is up to 2e-3.
fn probit(share: f64) -> f64 {
    const A: f64 = 0.147;
    let x = 2.0 * share - 1.0;
    let logarithm = ln((1.0 - x) * (1.0 + x));
    let half = 2.0 / (std::f64::consts::PI * A) + 0.5 * logarithm;
    let size = ((half * half - logarithm / A).sqrt() - half).sqrt();
    std::f64::consts::SQRT_2 * if x < 0.0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(transform: Transform, scores: &[f64]) -> Vec<f64> {
        let mut scores = scores.to_vec();
        transform.apply(&mut scores);
        scores
    }

    #[test]
    fn transforms_are_what_their_names_say() {
        assert_eq!(applied(Transform::None, &[1.5, -2.0]), [1.5, -2.0]);
        assert_eq!(applied(Transform::Softmax, &[2.0, 2.0, 2.0, 2.0]), [0.25; 4]);
        assert_eq!(applied(Transform::Logistic, &[0.0, f64::INFINITY, f64::NEG_INFINITY]), [0.5, 1.0, 0.0]);
        // ln(3) and 0: the zero stays one, and the other is alone in the sum.
        assert_eq!(applied(Transform::SoftmaxZero, &[ln(3.0), 0.0]), [1.0, 0.0]);
        assert!(applied(Transform::SoftmaxZero, &[0.0, 0.0]).iter().all(|score| score.is_nan()));
    }

    #[test]
    fn probit_is_close_to_the_quantile() {
        assert_eq!(probit(0.5).to_bits(), 0.0_f64.to_bits());
        assert!((probit(0.975) - 1.959_963_984_540_054).abs() < 4e-3);
        assert_eq!(probit(0.975), -probit(1.0 - 0.975));
        assert_eq!((probit(0.0), probit(1.0)), (f64::NEG_INFINITY, f64::INFINITY));
        assert!(probit(1.5).is_nan());
    }

    #[test]
    fn the_score_of_the_second_class_tells_that_of_the_first() {
        assert_eq!(Transform::None.pair(0.75, true), [0.25, 0.75]);
        assert_eq!(Transform::None.pair(0.75, false), [-0.75, 0.75]);
        assert_eq!(Transform::Logistic.pair(0.0, true), [0.5, 0.5]);
        assert_eq!(Transform::Probit.pair(0.5, false), [0.0, 0.0]);
    }
}
