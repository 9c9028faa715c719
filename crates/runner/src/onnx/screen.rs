//! What can be said of a model before tract sees it.
//!
//! tract looks up operators by name alone, in the main graph alone, and stops at the first port that is no tensor. So
//! a custom operator that shares a name would be computed as the standard one, silently, and what is lacking would be
//! told in the words of a parser. Here it is told by name, all of it at once.

use std::collections::{BTreeSet, HashSet};

use reproof_formats::onnx::Element;
use tract_onnx::model::OnnxOpRegister;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{FunctionProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use tract_onnx::prelude::DatumType;

use super::TRACT_VERSION;
use super::failure::unsupported;
use crate::engine::Failure;

/// The domain of ONNX Runtime's own operators.
const CONTRIBUTED: &str = "com.microsoft";

/// The operators of [`CONTRIBUTED`] that tract has under the same name with the same meaning.
const CONTRIBUTED_KNOWN: [&str; 11] = [
    "BiasGelu",
    "FastGelu",
    "GatherBlockQuantized",
    "Gelu",
    "GroupQueryAttention",
    "MatMulNBits",
    "MultiHeadAttention",
    "QuickGelu",
    "RotaryEmbedding",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
];

/// Refuses what no engine could run and names everything that tract lacks for this model.
pub(super) fn screen(model: &ModelProto, register: &OnnxOpRegister) -> Result<(), Failure> {
    let Some(graph) = &model.graph else { return Ok(()) };
    made(graph)?;
    let mut missing = BTreeSet::new();
    operators(graph, &model.functions, register, &mut missing);
    if !missing.is_empty() {
        let names: Vec<String> = missing.into_iter().collect();
        let what = format!("operator {}", names.join(", "));
        return Err(if names.iter().any(|name| is_foreign(name)) {
            let hint =
                "its domain is not ONNX's own: it runs only with the library that defines it".to_owned();
            Failure::Unsupported { what: format!("tract {TRACT_VERSION} lacks {what}"), hint }
        } else {
            unsupported(&what)
        });
    }
    let ports = graph.input.iter().chain(&graph.output);
    let others: Vec<&str> = ports.filter(|port| !is_tensor(port)).map(|port| port.name.as_str()).collect();
    if !others.is_empty() {
        return Err(unsupported(&format!("sequences, maps and optionals: {}", others.join(", "))));
    }
    let inputs = graph.input.iter().filter_map(|port| Some((&port.name, element(port)?)));
    let stored = graph.initializer.iter().map(|tensor: &TensorProto| (&tensor.name, tensor.data_type));
    let holds = |code: i32| DataType::try_from(code).is_ok_and(|known| DatumType::try_from(known).is_ok());
    match inputs.chain(stored).find(|(_, code)| !holds(*code)) {
        Some((name, code)) => Err(unsupported(&format!("dtype {} of `{name}`", Element::from_code(code)))),
        None => Ok(()),
    }
}

/// Whether an operator, as written by [`operators`], is neither of ONNX nor of its most used engine.
fn is_foreign(name: &str) -> bool {
    let domain = name.split_once(':').map(|(domain, _)| domain);
    domain.is_some_and(|domain| domain != CONTRIBUTED && !domain.starts_with("ai.onnx"))
}

/// An output that nothing makes is a broken model, with any engine.
fn made(graph: &GraphProto) -> Result<(), Failure> {
    let nodes = graph.node.iter().flat_map(|node| &node.output);
    let stored = graph.initializer.iter().map(|tensor| &tensor.name);
    let sparse = graph.sparse_initializer.iter().filter_map(|it| Some(&it.values.as_ref()?.name));
    let ports = graph.input.iter().map(|port| &port.name);
    let known: HashSet<&String> = nodes.chain(stored).chain(sparse).chain(ports).collect();
    match graph.output.iter().find(|port| !known.contains(&port.name)) {
        Some(port) => Err(Failure::Refused(format!("nothing makes the output `{}`", port.name))),
        None => Ok(()),
    }
}

/// Collects the operators of a graph and of the graphs inside it that tract lacks.
fn operators(
    graph: &GraphProto,
    functions: &[FunctionProto],
    register: &OnnxOpRegister,
    missing: &mut BTreeSet<String>,
) {
    for node in &graph.node {
        if is_missing(node, functions, register) {
            let standard = node.domain.is_empty() || node.domain == "ai.onnx";
            let prefix = if standard { String::new() } else { format!("{}:", node.domain) };
            missing.insert(format!("{prefix}{}", node.op_type));
        }
        for attribute in &node.attribute {
            for inner in attribute.g.iter().chain(&attribute.graphs) {
                operators(inner, functions, register, missing);
            }
        }
    }
}

fn is_missing(node: &NodeProto, functions: &[FunctionProto], register: &OnnxOpRegister) -> bool {
    let name = node.op_type.as_str();
    let defined = functions.iter().any(|function| {
        function.name.as_deref() == Some(name)
            && function.domain.as_deref().unwrap_or_default() == node.domain
    });
    let known = match node.domain.as_str() {
        "" | "ai.onnx" | "ai.onnx.ml" => register.0.contains_key(name),
        CONTRIBUTED => CONTRIBUTED_KNOWN.contains(&name),
        _ => false,
    };
    // A function of the model takes precedence over an operator of the same name.
    defined || !known
}

fn is_tensor(port: &ValueInfoProto) -> bool {
    // An output may leave its type to inference.
    port.r#type.as_ref().is_none_or(|kind| matches!(kind.value, Some(Value::TensorType(_))))
}

fn element(port: &ValueInfoProto) -> Option<i32> {
    let Some(Value::TensorType(tensor)) = port.r#type.as_ref()?.value.as_ref() else { return None };
    Some(tensor.elem_type)
}
