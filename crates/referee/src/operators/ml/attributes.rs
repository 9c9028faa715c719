//! Lists that describe a model: as attributes, and in float64 as tensors.

use crate::Failure;
use crate::call::Call;
use crate::graph::Attribute;
use crate::tensor::Tensor;

/// Refuses a list of another length.
pub(super) fn expect(name: &str, expected: usize, got: usize) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    Err(Failure::refused(format!("attribute `{name}`: expected {expected} values, got {got}")))
}

/// A list of integers; none is an empty one.
pub(super) fn integers<'a>(call: &Call<'a>, name: &str) -> Result<&'a [i64], Failure> {
    Ok(call.integers(name)?.unwrap_or_default())
}

/// A list of texts; none is an empty one.
pub(super) fn texts<'a>(call: &Call<'a>, name: &str) -> Result<&'a [String], Failure> {
    Ok(call.texts(name)?.unwrap_or_default())
}

/// A list of floats; none is an empty one.
pub(super) fn reals(call: &Call<'_>, name: &str) -> Result<Vec<f64>, Failure> {
    Ok(call.reals(name)?.unwrap_or_default().iter().map(|value| f64::from(*value)).collect())
}

/// A list of floats, or the float64 of the tensor whose name ends in `_as_tensor`; none is an empty one.
pub(super) fn doubles(call: &Call<'_>, name: &str) -> Result<Vec<f64>, Failure> {
    let (list, other) = (reals(call, name)?, format!("{name}_as_tensor"));
    match tensor(call, &other)? {
        Some(_) if !list.is_empty() => Err(Failure::refused(format!(
            "attributes `{name}` and `{other}`: expected one of the two, got both"
        ))),
        Some(tensor) => Ok(tensor.floats()?.1.to_vec()),
        None => Ok(list),
    }
}

/// A tensor that may be left out.
pub(super) fn tensor<'a>(call: &Call<'a>, name: &str) -> Result<Option<&'a Tensor>, Failure> {
    match call.attribute(name) {
        None => Ok(None),
        Some(Attribute::Tensor(tensor)) => Ok(Some(tensor)),
        Some(_) => Err(Failure::refused(format!("attribute `{name}`: expected a tensor"))),
    }
}
