//! Generated text: where it first takes another turn, and how close the recorded choice was.

use reproof_tensor::{Tensor, Value};

use super::Values;

/// The outputs under which a runner gives generated tokens (rows of them) and the scores that each was chosen by.
const TOKENS: &str = "tokens";
const LOGITS: &str = "logits";

/// Where the tokens of `produced` first differ from the golden's, in a sentence; nothing where there are none or they
/// are the same.
pub(crate) fn divergence(golden: &Values, produced: &Values) -> Option<String> {
    let (expected, actual) = (tensor(golden, TOKENS)?, tensor(produced, TOKENS)?);
    let ([rows, length], [other_rows, other_length]) = (expected.shape(), actual.shape()) else {
        return None;
    };
    let (before, now) = (expected.view().elements()?, actual.view().elements()?);
    let (rows, length, other) = ((*rows).min(*other_rows) as usize, *length as usize, *other_length as usize);
    for row in 0..rows {
        for index in 0..length.min(other) {
            let (was, is) = (before.get(row * length + index), now.get(row * other + index));
            if was.to_bits() != is.to_bits() {
                let margin = margin(golden, row * length + index, was, is)
                    .map_or_else(String::new, |margin| {
                        format!("; the recorded scores of the two were {margin:.3e} apart")
                    });
                return Some(format!(
                    "first diverging token: index {index} of row {row}, {was} before and {is} now{margin}"
                ));
            }
        }
    }
    (length != other).then(|| {
        format!(
            "the same {} tokens, then {} has ended",
            length.min(other),
            if length < other { "the recorded text" } else { "the text of now" }
        )
    })
}

/// How much higher the golden scored the token that it took than the one that is taken now.
fn margin(golden: &Values, position: usize, was: f64, is: f64) -> Option<f64> {
    let logits = tensor(golden, LOGITS)?;
    let [.., vocabulary] = logits.shape() else { return None };
    let scores = logits.view().elements()?;
    let score = |token: f64| {
        let place = position.checked_mul(usize::try_from(*vocabulary).ok()?)?.checked_add(token as usize)?;
        let known = token >= 0.0 && token < *vocabulary as f64 && place < scores.len();
        known.then(|| scores.get(place))
    };
    Some(score(was)? - score(is)?)
}

fn tensor<'a>(values: &'a Values, name: &str) -> Option<&'a Tensor> {
    values.iter().find_map(|(known, value)| match value {
        Value::Tensor(tensor) if known == name => Some(tensor),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generated(tokens: &[i64], scores: &[f32]) -> Values {
        let count = tokens.len() as u64;
        let tokens = Tensor::from_i64(vec![1, count], tokens).unwrap();
        let scores = Tensor::from_f32(vec![1, count, scores.len() as u64 / count], scores).unwrap();
        vec![(TOKENS.to_owned(), Value::Tensor(tokens)), (LOGITS.to_owned(), Value::Tensor(scores))]
    }

    #[test]
    fn the_first_other_token_is_named_with_its_margin() {
        let golden = generated(&[1, 2, 0], &[0.0, 3.0, 1.0, 0.0, 1.75, 2.0, 5.0, 0.0, 0.0]);
        let now = generated(&[1, 1, 2], &[0.0; 9]);
        let told = divergence(&golden, &now).unwrap();
        assert_eq!(
            told,
            "first diverging token: index 1 of row 0, 2 before and 1 now; the recorded scores of the two were 2.500e-1 apart"
        );
        assert_eq!(divergence(&golden, &golden), None);
    }

    #[test]
    fn a_text_that_ends_early_is_told() {
        let (long, short) = (generated(&[1, 1], &[0.0; 4]), generated(&[1], &[0.0; 2]));
        assert_eq!(divergence(&long, &short).unwrap(), "the same 1 tokens, then the text of now has ended");
    }
}
