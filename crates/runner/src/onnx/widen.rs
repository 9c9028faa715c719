//! Rewrites a model so that every float is 64 bits wide.
//!
//! The rewrite happens on the stored graph, before the engine sees it, so that no constant is folded in the narrow
//! type on the way. Float attributes (an epsilon) keep the value that the file stores, widened exactly.

use std::collections::HashSet;
use std::path::Path;

use reproof_tensor::{DType, TensorView};
use tract_onnx::data_resolver::MmapDataResolver;
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{self, type_proto};
use tract_onnx::prelude::DatumType;
use tract_onnx::tensor::load_tensor;

use super::unsupported;
use crate::engine::Failure;

/// Operators whose integer attribute names a dtype.
const DTYPE_ATTRIBUTES: [&str; 3] = ["to", "dtype", "stash_type"];

/// Widens a model in place; external data is drawn in.
pub(super) fn model(model: &mut pb::ModelProto, folder: &Path) -> Result<(), Failure> {
    let folder = folder.to_str().ok_or_else(|| unsupported("folders whose name is not UTF-8"))?;
    if let Some(graph) = &mut model.graph {
        self::graph(graph, folder)?;
    }
    for function in &mut model.functions {
        nodes(&mut function.node, folder)?;
    }
    Ok(())
}

fn graph(graph: &mut pb::GraphProto, folder: &str) -> Result<(), Failure> {
    if !graph.quantization_annotation.is_empty() || !graph.sparse_initializer.is_empty() {
        return Err(unsupported("float64 for quantised or sparse initializers"));
    }
    let narrow = scale_inputs(&graph.node);
    for initializer in graph.initializer.iter_mut().filter(|initializer| !narrow.contains(&initializer.name))
    {
        tensor(initializer, folder)?;
    }
    for port in graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info) {
        if let Some(kind) = &mut port.r#type {
            self::kind(kind);
        }
    }
    nodes(&mut graph.node, folder)
}

/// Names of the stored inputs of `Resize` that its definition keeps in float32 whatever the data: region and scales.
fn scale_inputs(nodes: &[pb::NodeProto]) -> HashSet<String> {
    let resizes = nodes.iter().filter(|node| node.op_type == "Resize");
    resizes
        .flat_map(|node| node.input.iter().skip(1).take(2).cloned())
        .filter(|name| !name.is_empty())
        .collect()
}

fn nodes(nodes: &mut Vec<pb::NodeProto>, folder: &str) -> Result<(), Failure> {
    let narrow = scale_inputs(nodes);
    let makes_narrow = |node: &pb::NodeProto| {
        node.op_type == "Constant" && node.output.iter().any(|name| narrow.contains(name))
    };
    for node in nodes.iter_mut().filter(|node| !makes_narrow(node)) {
        self::node(node, folder)?;
    }
    *nodes = std::mem::take(nodes).into_iter().flat_map(super::gemm::spell_out).collect();
    Ok(())
}

fn node(node: &mut pb::NodeProto, folder: &str) -> Result<(), Failure> {
    if node.op_type.contains("Quantize") || node.op_type.starts_with("QLinear") {
        return Err(unsupported(&format!("a float64 meaning of operator {}", node.op_type)));
    }
    for attribute in &mut node.attribute {
        if DTYPE_ATTRIBUTES.contains(&attribute.name.as_str()) && is_narrow(attribute.i as i32) {
            attribute.i = DataType::Double as i64;
        }
        if node.op_type == "Constant" && (attribute.name == "value_float" || attribute.name == "value_floats")
        {
            widen_constant(attribute);
        }
        if let Some(value) = &mut attribute.t {
            tensor(value, folder)?;
        }
        for value in &mut attribute.tensors {
            tensor(value, folder)?;
        }
        for inner in attribute.g.iter_mut().chain(&mut attribute.graphs) {
            graph(inner, folder)?;
        }
    }
    // Without this attribute the statistics of a normalisation are kept in float32.
    let stashes =
        ["LayerNormalization", "GroupNormalization", "RMSNormalization"].contains(&node.op_type.as_str());
    if stashes && node.attribute.iter().all(|attribute| attribute.name != "stash_type") {
        node.attribute.push(pb::AttributeProto {
            name: "stash_type".to_owned(),
            r#type: pb::attribute_proto::AttributeType::Int as i32,
            i: DataType::Double as i64,
            ..Default::default()
        });
    }
    // Without a dtype these make float32.
    let makes_float =
        ["RandomNormal", "RandomUniform", "ConstantOfShape", "EyeLike"].contains(&node.op_type.as_str());
    let named = node.attribute.iter().any(|attribute| attribute.name == "dtype" || attribute.name == "value");
    if makes_float && !named && node.op_type == "ConstantOfShape" {
        node.attribute.push(pb::AttributeProto {
            name: "value".to_owned(),
            r#type: pb::attribute_proto::AttributeType::Tensor as i32,
            t: Some(double(vec![1], &[0.0])),
            ..Default::default()
        });
    } else if makes_float && !named {
        return Err(unsupported(&format!("a float64 meaning of operator {}", node.op_type)));
    }
    Ok(())
}

/// `value_float` and `value_floats` would make float32 constants: they become float64 tensors.
fn widen_constant(attribute: &mut pb::AttributeProto) {
    let value = if attribute.name == "value_float" {
        double(Vec::new(), &[f64::from(attribute.f)])
    } else {
        let values: Vec<f64> = attribute.floats.iter().map(|value| f64::from(*value)).collect();
        double(vec![values.len() as i64], &values)
    };
    "value".clone_into(&mut attribute.name);
    attribute.r#type = pb::attribute_proto::AttributeType::Tensor as i32;
    attribute.t = Some(value);
    attribute.floats = Vec::new();
}

pub(super) fn double(dims: Vec<i64>, values: &[f64]) -> pb::TensorProto {
    pb::TensorProto {
        dims,
        data_type: DataType::Double as i32,
        raw_data: values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>(),
        ..Default::default()
    }
}

fn is_narrow(data_type: i32) -> bool {
    [DataType::Float, DataType::Float16, DataType::Bfloat16].iter().any(|narrow| *narrow as i32 == data_type)
}

fn kind(kind: &mut pb::TypeProto) {
    if let Some(type_proto::Value::TensorType(tensor)) = &mut kind.value
        && is_narrow(tensor.elem_type)
    {
        tensor.elem_type = DataType::Double as i32;
    }
}

/// Widens one stored tensor; integers only lose their external location if they had none to begin with.
fn tensor(tensor: &mut pb::TensorProto, folder: &str) -> Result<(), Failure> {
    if !is_narrow(tensor.data_type) {
        return Ok(());
    }
    let values: Vec<f64> = if tensor.data_type == DataType::Bfloat16 as i32 {
        if tensor.data_location == Some(DataLocation::External as i32) {
            return Err(unsupported("float64 for external bfloat16 tensors"));
        }
        let bytes = if tensor.raw_data.is_empty() {
            tensor.int32_data.iter().flat_map(|bits| (*bits as u16).to_le_bytes()).collect()
        } else {
            tensor.raw_data.clone()
        };
        let shape = [bytes.len() as u64 / 2];
        let view = TensorView::new(DType::BF16, &shape, &bytes);
        let view = view.map_err(|error| Failure::Refused(format!("tensor `{}`: {error}", tensor.name)))?;
        view.elements().map(|elements| elements.iter().collect()).unwrap_or_default()
    } else {
        let refused = |error| Failure::Refused(super::chain(&error));
        let loaded = load_tensor(&MmapDataResolver, tensor, Some(folder)).map_err(refused)?;
        let wide = loaded.cast_to_dt(DatumType::F64).map_err(refused)?;
        wide.to_plain_array_view::<f64>().map_err(refused)?.iter().copied().collect()
    };
    let mut wide = double(tensor.dims.clone(), &values);
    wide.name = std::mem::take(&mut tensor.name);
    *tensor = wide;
    Ok(())
}
