//! Sequences without elements.
//!
//! The C interface makes sequences from their elements and refuses to make one from none. The operator `SequenceEmpty`
//! makes one, so a model of this one node is run.

use ort::environment::Environment;
use ort::session::{Session, SessionInputValue};
use ort::sys::ONNXTensorElementDataType;
use ort::value::{DynValue, TensorElementType};

use super::failure::{failure, unsupported};
use crate::engine::Failure;

/// The name of the only output.
const OUTPUT: &str = "empty";

/// A sequence of no tensors of this type.
pub(super) fn sequence(environment: &Environment, element: TensorElementType) -> Result<DynValue, Failure> {
    let model = model(ONNXTensorElementDataType::from(element) as u8);
    let mut session = (|| Session::builder(environment)?.commit_from_memory(&model))().map_err(failure)?;
    let arguments: [SessionInputValue<'_>; 0] = [];
    let mut outputs = session.run(arguments).map_err(failure)?;
    outputs.remove(OUTPUT).ok_or_else(|| unsupported("empty sequences", "give a sequence with elements"))
}

/// The model in the protobuf of ONNX; the numbers of element types are those of `TensorProto.DataType`.
fn model(element: u8) -> Vec<u8> {
    const IR_VERSION: u8 = 8;
    const OPSET: u8 = 11;
    let tensor_type = field(1, &varint(1, element));
    let output_type = field(4, &field(1, &tensor_type));
    let output = [field(1, OUTPUT.as_bytes()), field(2, &output_type)].concat();
    let attribute = [field(1, b"dtype"), varint(3, element), vec![0xa0, 0x01, 2]].concat();
    let node = [field(2, OUTPUT.as_bytes()), field(4, b"SequenceEmpty"), field(5, &attribute)].concat();
    let graph = [field(1, &node), field(2, b"graph"), field(12, &output)].concat();
    [varint(1, IR_VERSION), field(7, &graph), field(8, &varint(2, OPSET))].concat()
}

/// A field of bytes; numbers below 16 and lengths below 128 take one byte each.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2, content.len() as u8];
    bytes.extend(content);
    bytes
}

/// A field of a number below 128.
fn varint(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value]
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_length_fits_one_byte() {
        assert!(super::model(16).len() < 128);
    }
}
