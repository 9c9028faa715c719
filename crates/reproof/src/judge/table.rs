//! Rows of numbers by key as one tensor: what a classifier gives as a list of dictionaries.
//!
//! How far rounding may move a number is known of many, not of one: the scores of all rows are compared together.

use std::path::Path;

use reproof_formats::{FormatError, values};
use reproof_tensor::{DType, Key, StringTensor, Tensor, Value};

use super::Values;

/// The outputs in a folder, those that are tables as such.
pub(crate) fn read(folder: &Path, stem: &str) -> Result<Values, FormatError> {
    values::read(folder, stem).map(tables)
}

/// Values with every list of dictionaries that have the same keys and a float for each of them as two tensors, `keys` and
/// `values`. Dictionaries do not tell how wide their floats are: those of ONNX are mostly float32, and where all are, so is the
/// tensor.
pub(crate) fn tables(values: Values) -> Values {
    let tabled = |(name, value): (String, Value)| {
        let table = table(&value);
        (name, table.unwrap_or(value))
    };
    values.into_iter().map(tabled).collect()
}

fn table(value: &Value) -> Option<Value> {
    let Value::Sequence(rows) = value else { return None };
    let keys = entries(rows.first()?)?.iter().map(|(key, _)| key);
    let width = keys.len() as u64;
    let mut numbers = Vec::new();
    for row in rows {
        let row = entries(row)?;
        if !row.iter().map(|(key, _)| key).eq(keys.clone()) {
            return None;
        }
        for (_, value) in row {
            let Value::Real(number) = value else { return None };
            numbers.push(*number);
        }
    }
    let shape = vec![rows.len() as u64, width];
    let narrow: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
    let fits = narrow.iter().zip(&numbers).all(|(narrow, number)| f64::from(*narrow) == *number);
    let numbers = if fits { Tensor::from_f32(shape, &narrow) } else { Tensor::from_f64(shape, &numbers) };
    let entry = |name: &str, value| (Key::Text(name.to_owned()), value);
    Some(Value::Map(vec![entry("keys", names(keys)?), entry("values", Value::Tensor(numbers.ok()?))]))
}

fn entries(row: &Value) -> Option<&[(Key, Value)]> {
    if let Value::Map(entries) = row {
        Some(entries).filter(|entries| !entries.is_empty()).map(Vec::as_slice)
    } else {
        None
    }
}

/// The keys as a tensor; nothing where they are of two types.
fn names<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> Option<Value> {
    let whole =
        keys.clone().map(|key| if let Key::Integer(key) = key { Some(key.to_le_bytes()) } else { None });
    if let Some(whole) = whole.collect::<Option<Vec<_>>>() {
        let shape = vec![whole.len() as u64];
        return Tensor::new(DType::I64, shape, whole.concat()).ok().map(Value::Tensor);
    }
    let texts = keys.map(|key| if let Key::Text(key) = key { Some(key.clone()) } else { None });
    let values: Vec<String> = texts.collect::<Option<_>>()?;
    Some(Value::Strings(StringTensor { shape: vec![values.len() as u64], values }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(entries: &[(&str, f64)]) -> Value {
        Value::Map(
            entries.iter().map(|(key, value)| (Key::Text((*key).to_owned()), Value::Real(*value))).collect(),
        )
    }

    #[test]
    fn rows_with_the_same_keys_are_one_tensor_as_wide_as_it_has_to_be() {
        let rows =
            |wide| Value::Sequence(vec![row(&[("a", 0.5), ("b", 0.25)]), row(&[("a", 1.0), ("b", wide)])]);
        let leaves = |value: &Value| {
            let table = table(value).expect("a table");
            let signed = |tensor: &Tensor| (tensor.dtype(), tensor.shape().to_vec());
            let leaves = table.leaves("y").into_iter();
            let tensor = |leaf| {
                if let reproof_tensor::Leaf::Tensor(tensor) = leaf { Some(signed(tensor)) } else { None }
            };
            leaves.map(|(path, leaf)| (path, tensor(leaf))).collect::<Vec<_>>()
        };
        let names = ("y.keys".to_owned(), None);
        let numbers = |dtype| ("y.values".to_owned(), Some((dtype, vec![2, 2])));
        assert_eq!(leaves(&rows(0.0)), [names.clone(), numbers(DType::F32)]);
        assert_eq!(leaves(&rows(0.1)), [names, numbers(DType::F64)]);
    }

    #[test]
    fn what_is_no_table_stays_as_it_is() {
        let text = Value::Map(vec![(Key::Text("label".to_owned()), Value::Text("cat".to_owned()))]);
        for value in [
            Value::Sequence(vec![row(&[("a", 0.5)]), row(&[("b", 0.5)])]),
            Value::Sequence(vec![row(&[])]),
            Value::Sequence(vec![text]),
            Value::Sequence(Vec::new()),
            row(&[("a", 0.5)]),
        ] {
            let values = vec![("y".to_owned(), value)];
            assert_eq!(tables(values.clone()), values);
        }
    }
}
