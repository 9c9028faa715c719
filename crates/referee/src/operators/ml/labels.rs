//! Names of classes, and which class a row is of.

use reproof_tensor::DType;

use super::attributes::{integers, texts};
use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// What classes are called.
#[derive(Clone, Copy)]
pub(super) enum Labels<'a> {
    Integers(&'a [i64]),
    Texts(&'a [String]),
}

impl<'a> Labels<'a> {
    /// The labels of a classifier; those that are integers have one of two names.
    pub(super) fn of(call: &Call<'a>, name: &str) -> Result<Self, Failure> {
        let other = "classlabels_strings";
        match (integers(call, name)?, texts(call, other)?) {
            (labels @ [_, ..], []) => Ok(Self::Integers(labels)),
            ([], labels @ [_, ..]) => Ok(Self::Texts(labels)),
            (these, those) => Err(Failure::refused(format!(
                "expected labels in `{name}` or in `{other}`, got {} and {}",
                these.len(),
                those.len()
            ))),
        }
    }

    pub(super) fn len(self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Texts(labels) => labels.len(),
        }
    }

    /// The labels of these classes.
    pub(super) fn tensor(self, classes: &[usize]) -> Tensor {
        let shape = vec![classes.len()];
        Tensor::new(
            shape,
            match self {
                Self::Integers(labels) => {
                    Data::Integer(DType::I64, classes.iter().map(|class| labels[*class]).collect())
                }
                Self::Texts(labels) => {
                    Data::Text(classes.iter().map(|class| labels[*class].clone()).collect())
                }
            },
        )
    }
}

/// The first of the largest scores: from the left, only a larger one takes the place.
pub(super) fn top(scores: &[f64]) -> usize {
    let mut best = 0;
    for (class, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = class;
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::top;

    #[test]
    fn the_first_of_the_largest_scores_is_on_top() {
        assert_eq!(top(&[1.0, 3.0, 3.0, 2.0]), 1);
        assert_eq!(top(&[-0.0, 0.0]), 0);
        assert_eq!(top(&[f64::NAN, 1.0]), 0);
        assert_eq!(top(&[0.0, f64::NAN, 1.0]), 2);
    }
}
