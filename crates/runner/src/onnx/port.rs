//! Inputs as the model declares them.

use reproof_formats::onnx::Element;
use reproof_tensor::Value;
use tract_onnx::pb::tensor_shape_proto::dimension::Value as Dim;
use tract_onnx::pb::{ValueInfoProto, type_proto};

use crate::engine::Failure;

/// A declared input.
pub(super) struct Port {
    pub(super) name: String,
    element: Element,
    /// Dims, outermost first, `None` for a symbolic one; `None` if the rank is open too.
    dims: Option<Vec<Option<u64>>>,
}

impl Port {
    /// The port that a model declares.
    pub(super) fn declared(port: &ValueInfoProto) -> Self {
        let kind = port.r#type.as_ref().and_then(|kind| kind.value.as_ref());
        let (element, dims) = match kind {
            Some(type_proto::Value::TensorType(tensor)) => {
                let dims = tensor.shape.as_ref().map(|shape| {
                    let dims = shape.dim.iter().map(|dim| match dim.value {
                        Some(Dim::DimValue(size)) => u64::try_from(size).ok(),
                        _ => None,
                    });
                    dims.collect()
                });
                (Element::from_code(tensor.elem_type), dims)
            }
            None => (Element::Undefined, None),
        };
        Self { name: port.name.clone(), element, dims }
    }

    /// Refuses a value of another type or shape: tract would look for a plan and blame itself.
    pub(super) fn accept(&self, value: &Value) -> Result<(), Failure> {
        let (element, shape) = match value {
            Value::Tensor(tensor) => (Element::Number(tensor.dtype()), tensor.shape()),
            Value::Strings(strings) => (Element::Text, strings.shape.as_slice()),
            _ => return Ok(()),
        };
        let fits = |dims: &Vec<Option<u64>>| {
            let same = |(declared, actual): (&Option<u64>, &u64)| declared.is_none_or(|size| size == *actual);
            dims.len() == shape.len() && dims.iter().zip(shape).all(same)
        };
        let known = self.element != Element::Undefined;
        if (known && self.element != element) || self.dims.as_ref().is_some_and(|dims| !fits(dims)) {
            let message = format!("input `{}`: expected {}, got {element}{shape:?}", self.name, self.text());
            return Err(Failure::Refused(message));
        }
        Ok(())
    }

    /// The type in words: `F32[?, 3]`.
    fn text(&self) -> String {
        let Some(dims) = &self.dims else { return self.element.to_string() };
        let dims = dims.iter().map(|dim| dim.map_or_else(|| "?".to_owned(), |size| size.to_string()));
        format!("{}[{}]", self.element, dims.collect::<Vec<_>>().join(", "))
    }
}
