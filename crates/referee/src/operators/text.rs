//! Texts.

use super::{Outputs, one};
use crate::broadcast;
use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// Texts joined one by one.
pub(super) fn string_concat(call: &Call<'_>) -> Outputs {
    let (left, right) = (call.tensor(0)?, call.tensor(1)?);
    let shape = broadcast::shape(&[left.shape(), right.shape()], call.limits())?;
    let (Data::Text(x), Data::Text(y)) = (left.data(), right.data()) else {
        return Err(Failure::refused("expected texts"));
    };
    let (x, y): (Vec<&str>, Vec<&str>) =
        (x.iter().map(String::as_str).collect(), y.iter().map(String::as_str).collect());
    let joined = broadcast::zip(&shape, (&x, left.shape()), (&y, right.shape()), |x, y| format!("{x}{y}"));
    one(Tensor::new(shape, Data::Text(joined)))
}
