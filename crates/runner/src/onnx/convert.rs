//! Between our values and tract's tensors.

use reproof_contract::run::Precision;
use reproof_tensor::{DType, StringTensor, Value};
use tract_onnx::prelude::{DatumType, Tensor};
use tract_onnx::tract_hir::internal::TDim;

use super::unsupported;
use crate::engine::Failure;

/// Dtypes that both sides store in the same bytes.
const COMMON: [(DType, DatumType); 12] = [
    (DType::Bool, DatumType::Bool),
    (DType::U8, DatumType::U8),
    (DType::U16, DatumType::U16),
    (DType::U32, DatumType::U32),
    (DType::U64, DatumType::U64),
    (DType::I8, DatumType::I8),
    (DType::I16, DatumType::I16),
    (DType::I32, DatumType::I32),
    (DType::I64, DatumType::I64),
    (DType::F16, DatumType::F16),
    (DType::F32, DatumType::F32),
    (DType::F64, DatumType::F64),
];

/// An input; in a float64 run every float is widened.
pub(super) fn to_tract(name: &str, value: &Value, precision: Precision) -> Result<Tensor, Failure> {
    match value {
        Value::Tensor(tensor) if precision == Precision::Float64 && tensor.dtype().is_float() => {
            let shape: Vec<usize> = tensor.shape().iter().map(|dim| *dim as usize).collect();
            let elements = tensor.view().elements();
            let elements = elements.ok_or_else(|| unsupported(&format!("inputs of {}", tensor.dtype())))?;
            let values: Vec<f64> = elements.iter().collect();
            Tensor::from_shape(&shape, &values).map_err(|error| Failure::Refused(super::chain(&error)))
        }
        Value::Tensor(tensor) => {
            let known = COMMON.iter().find(|(ours, _)| *ours == tensor.dtype());
            let (_, datum) = known.ok_or_else(|| unsupported(&format!("inputs of {}", tensor.dtype())))?;
            let shape: Vec<usize> = tensor.shape().iter().map(|dim| *dim as usize).collect();
            let made = Tensor::zero_dt(*datum, &shape);
            let mut made = made.map_err(|error| Failure::Refused(super::chain(&error)))?;
            made.as_bytes_mut().copy_from_slice(tensor.bytes());
            Ok(made)
        }
        Value::Strings(strings) => {
            let shape: Vec<usize> = strings.shape.iter().map(|dim| *dim as usize).collect();
            let array =
                tract_onnx::prelude::tract_ndarray::ArrayD::from_shape_vec(shape, strings.values.clone());
            array.map(Into::into).map_err(|error| Failure::Refused(error.to_string()))
        }
        _ => Err(unsupported(&format!("inputs like `{name}` (sequences, maps, optionals)"))),
    }
}

/// An output.
pub(super) fn from_tract(name: &str, tensor: &Tensor) -> Result<Value, Failure> {
    let shape: Vec<u64> = tensor.shape().iter().map(|dim| *dim as u64).collect();
    let datum = tensor.datum_type().unquantized();
    let refused = |error: &dyn std::fmt::Display| Failure::Refused(format!("output `{name}`: {error}"));
    if datum == DatumType::String {
        let view = tensor.to_plain_array_view::<String>().map_err(|error| refused(&error))?;
        return Ok(Value::Strings(StringTensor { shape, values: view.iter().cloned().collect() }));
    }
    if datum == DatumType::TDim {
        // Shapes come back as symbolic dims; with every input fixed they are plain integers.
        let view = tensor.to_plain_array_view::<TDim>().map_err(|error| refused(&error))?;
        let values: Result<Vec<i64>, _> = view.iter().map(TDim::to_i64).collect();
        let values = values.map_err(|error| refused(&error))?;
        let tensor = reproof_tensor::Tensor::from_i64(shape, &values).map_err(|error| refused(&error))?;
        return Ok(Value::Tensor(tensor));
    }
    let known = COMMON.iter().find(|(_, theirs)| *theirs == datum);
    let (dtype, _) = known.ok_or_else(|| unsupported(&format!("outputs of {datum:?}")))?;
    let tensor = reproof_tensor::Tensor::new(*dtype, shape, tensor.as_bytes().to_vec());
    tensor.map(Value::Tensor).map_err(|error| refused(&error))
}
