//! `Gemm` spelled out for float64: tract scales it by a float32 constant.

use tract_onnx::pb::{self, attribute_proto::AttributeType};

use super::widen::double;

/// The nodes that compute `alpha * A' * B' + beta * C`; any other node as it is.
pub(super) fn spell_out(node: pb::NodeProto) -> Vec<pb::NodeProto> {
    let [a, b, rest @ ..] = node.input.as_slice() else { return vec![node] };
    if node.op_type != "Gemm" {
        return vec![node];
    }
    let find = |name: &str| node.attribute.iter().find(|attribute| attribute.name == name);
    let factor = |name: &str| find(name).map_or(1.0, |attribute| attribute.f);
    let transposed = |name: &str| find(name).is_some_and(|attribute| attribute.i != 0);
    let output = node.output.first().cloned().unwrap_or_default();
    let mut made = Vec::new();
    let mut step = |operator: &str, inputs: Vec<String>, attributes: Vec<pb::AttributeProto>| {
        let result = format!("{output}/float64/{}", made.len());
        made.push(pb::NodeProto {
            op_type: operator.to_owned(),
            name: result.clone(),
            input: inputs,
            output: vec![result.clone()],
            attribute: attributes,
            ..Default::default()
        });
        result
    };
    let mut operand = |name: &str, flag: &str| {
        if transposed(flag) {
            step("Transpose", vec![name.to_owned()], vec![swapped_axes()])
        } else {
            name.to_owned()
        }
    };
    let (left, right) = (operand(a, "transA"), operand(b, "transB"));
    let mut result = step("MatMul", vec![left, right], Vec::new());
    let mut scaled = |value: String, factor: f32| {
        if factor == 1.0 {
            return value;
        }
        let constant = step("Constant", Vec::new(), vec![constant(factor)]);
        step("Mul", vec![value, constant], Vec::new())
    };
    result = scaled(result, factor("alpha"));
    if let Some(bias) = rest.first().filter(|bias| !bias.is_empty()) {
        let bias = scaled(bias.clone(), factor("beta"));
        result = step("Add", vec![result, bias], Vec::new());
    }
    step("Identity", vec![result], Vec::new());
    if let Some(last) = made.last_mut() {
        last.output = vec![output];
    }
    made
}

fn swapped_axes() -> pb::AttributeProto {
    pb::AttributeProto {
        name: "perm".to_owned(),
        r#type: AttributeType::Ints as i32,
        ints: vec![1, 0],
        ..Default::default()
    }
}

fn constant(value: f32) -> pb::AttributeProto {
    pb::AttributeProto {
        name: "value".to_owned(),
        r#type: AttributeType::Tensor as i32,
        t: Some(double(Vec::new(), &[f64::from(value)])),
        ..Default::default()
    }
}
