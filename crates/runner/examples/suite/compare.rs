//! Whether a produced value agrees with the stored one, judged as `tests/python/suite_values.py` judges it.

use reproof_tensor::{Tensor, Value};

/// Relative and absolute tolerance of floats.
const RELATIVE: f64 = 1e-3;
const ABSOLUTE: f64 = 1e-5;

/// How the produced value differs from the stored one; `None` when it agrees.
pub(crate) fn difference(stored: &Value, produced: &Value) -> Option<String> {
    match (unwrapped(stored), unwrapped(produced)) {
        (Value::Optional(None), Value::Optional(None)) => None,
        (Value::Optional(None), _) | (_, Value::Optional(None)) => {
            Some("only one of the two is empty".to_owned())
        }
        (Value::Tensor(stored), Value::Tensor(produced)) => tensors(stored, produced),
        (Value::Sequence(stored), Value::Sequence(produced)) if stored.len() == produced.len() => {
            stored.iter().zip(produced).find_map(|(stored, produced)| difference(stored, produced))
        }
        (Value::Sequence(stored), _) => Some(format!("expected a sequence of {}", stored.len())),
        (stored, produced) if stored == produced => None,
        (Value::Strings(stored), Value::Strings(produced)) => {
            let wrong = stored.values.iter().zip(&produced.values).filter(|(a, b)| a != b).count();
            let (shape, other) = (&stored.shape, &produced.shape);
            Some(format!("{wrong} texts differ; expected shape {shape:?}, got {other:?}"))
        }
        _ => Some("another kind of value".to_owned()),
    }
}

/// An optional that holds a value is as good as the value.
fn unwrapped(value: &Value) -> &Value {
    match value {
        Value::Optional(Some(inner)) => unwrapped(inner),
        other => other,
    }
}

fn tensors(stored: &Tensor, produced: &Tensor) -> Option<String> {
    if stored.shape() != produced.shape() {
        return Some(format!("expected shape {:?}, got {:?}", stored.shape(), produced.shape()));
    }
    if stored.dtype() != produced.dtype() {
        return Some(format!("expected {}, got {}", stored.dtype(), produced.dtype()));
    }
    let (stored_view, produced_view) = (stored.view(), produced.view());
    let wrong = match (stored_view.elements(), produced_view.elements()) {
        (Some(expected), Some(actual)) if stored.dtype().is_float() => {
            expected.iter().zip(actual.iter()).filter(|(expected, actual)| !close(*actual, *expected)).count()
        }
        _ if stored.bytes() == produced.bytes() => 0,
        // The last byte of packed elements may hold bits that belong to none.
        (Some(expected), Some(actual)) => {
            expected.iter().zip(actual.iter()).filter(|(expected, actual)| expected != actual).count()
        }
        _ => return Some(format!("elements of {} differ", stored.dtype())),
    };
    (wrong > 0).then(|| format!("{wrong} of {} elements differ", stored.len()))
}

/// What `numpy.isclose` calls close, with NaN equal to NaN.
fn close(actual: f64, expected: f64) -> bool {
    let within = (actual - expected).abs() <= ABSOLUTE + RELATIVE * expected.abs();
    actual == expected || (actual.is_nan() && expected.is_nan()) || (expected.is_finite() && within)
}
