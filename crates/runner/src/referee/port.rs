//! Inputs as the model declares them.

use reproof_formats::onnx::{Dim, Element, TypeInfo, ValueInfo};
use reproof_tensor::Value;

use crate::engine::Failure;

/// Refuses a value of another type or shape than the model declares.
pub(super) fn accept(port: &ValueInfo, value: &Value) -> Result<(), Failure> {
    let TypeInfo::Tensor { element, shape: declared } = &port.kind else { return Ok(()) };
    let (actual, shape) = match value {
        Value::Tensor(tensor) => (Element::Number(tensor.dtype()), tensor.shape()),
        Value::Strings(texts) => (Element::Text, texts.shape.as_slice()),
        _ => return Err(refused(port, "a value that is no tensor")),
    };
    let fits = declared.as_ref().is_none_or(|dims| {
        let same = |(dim, size): (&Dim, &u64)| match dim {
            Dim::Fixed(known) => known == size,
            _ => true,
        };
        dims.len() == shape.len() && dims.iter().zip(shape).all(same)
    });
    if (*element != Element::Undefined && *element != actual) || !fits {
        return Err(refused(port, &format!("{actual}{shape:?}")));
    }
    Ok(())
}

fn refused(port: &ValueInfo, actual: &str) -> Failure {
    Failure::Refused(format!("input `{}`: expected {}, got {actual}", port.name, port.kind))
}
