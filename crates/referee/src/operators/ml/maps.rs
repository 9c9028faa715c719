//! Rows as dictionaries, and dictionaries as rows.

use super::super::{Outputs, one};
use super::attributes::{expect, integers, texts};
use super::labels::Labels;
use super::rows::shape;
use crate::call::Call;
use crate::map::Order;
use crate::tensor::Data;
use crate::{Failure, Tensor, Value};

/// What a map takes beside its values, in elements.
const OVERHEAD: usize = 16;

/// The scores of each row by the label of their class.
pub(in super::super) fn zip_map(call: &Call<'_>) -> Outputs {
    let scores = call.tensor(0)?;
    let (rows, width) = shape(scores)?;
    call.floats(0)?;
    let labels = Labels::of(call, "classlabels_int64s")?;
    expect("classlabels", width, labels.len())?;
    call.count(&[rows, width.max(OVERHEAD)])?;
    let classes: Vec<usize> = (0..width).collect();
    let order = Order::of(labels.tensor(&classes).data())?;
    let maps = (0..rows).map(|row| Value::from(order.map(scores.data(), row * width)));
    Ok(vec![Value::Sequence(maps.collect())])
}

/// One row with the values of a vocabulary, as ONNX Runtime gives it; the specification speaks of a list. What is not in it is left out, and what is in it and has no value is zero, or empty.
pub(in super::super) fn dict_vectorizer(call: &Call<'_>) -> Outputs {
    let map = call.required(0)?.map()?;
    let (whole, words) = ("int64_vocabulary", "string_vocabulary");
    let (places, count): (Vec<Option<usize>>, usize) =
        match (map.keys(), integers(call, whole)?, texts(call, words)?) {
            (Data::Integer(_, keys), vocabulary, []) => (found(keys, vocabulary), vocabulary.len()),
            (Data::Text(keys), [], vocabulary) => (found(keys, vocabulary), vocabulary.len()),
            (keys, whole, words) => {
                return Err(Failure::refused(format!(
                    "expected a vocabulary of {}, got {} integers and {} texts",
                    keys.kind(),
                    whole.len(),
                    words.len()
                )));
            }
        };
    let shape = vec![1, count];
    call.count(&shape)?;
    let data = match map.values() {
        Data::Float(dtype, values) => Data::Float(*dtype, row(&places, values)),
        Data::Integer(dtype, values) => Data::Integer(*dtype, row(&places, values)),
        Data::Text(values) => Data::Text(row(&places, values)),
        other @ Data::Boolean(_) => {
            return Err(Failure::refused(format!("expected numbers or texts by key, got {}", other.kind())));
        }
    };
    one(Tensor::new(shape, data))
}

/// Where each word of a vocabulary lies among keys that are in order.
fn found<K: Ord>(keys: &[K], vocabulary: &[K]) -> Vec<Option<usize>> {
    vocabulary.iter().map(|word| keys.binary_search(word).ok()).collect()
}

fn row<T: Clone + Default>(places: &[Option<usize>], values: &[T]) -> Vec<T> {
    places.iter().map(|place| place.map_or_else(T::default, |place| values[place].clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_a_value_are_zero() {
        assert_eq!(found(&[1, 4, 9], &[9, 2, 1]), [Some(2), None, Some(0)]);
        assert_eq!(row(&[Some(1), None], &[0.5, 2.0]), [2.0, 0.0]);
    }
}
