//! The graph from far away, and what a user should know about it.

use std::collections::{BTreeMap, BTreeSet};

use super::proto::{Attribute, Node};
use super::{Element, Model};
use crate::{Finding, GraphSummary, OperatorCount, Severity};

/// Domains whose operators the ONNX specification defines.
const STANDARD: &[&str] =
    &["", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"];

/// Domains whose operators ONNX Runtime brings with it.
const RUNTIME: &[&str] = &["com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"];

/// Counts nodes, subgraphs and operators.
pub(super) fn summary(model: &Model, nodes: &[&Node]) -> GraphSummary {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut subgraphs = 0;
    for node in nodes {
        *counts.entry(node.operator()).or_default() += 1;
        subgraphs +=
            node.attributes.iter().map(|attribute| Attribute::graphs(attribute).len() as u64).sum::<u64>();
    }
    let mut operators: Vec<OperatorCount> =
        counts.into_iter().map(|(operator, count)| OperatorCount { operator, count }).collect();
    operators.sort_by_key(|operator| std::cmp::Reverse(operator.count));
    let producer = format!("{} {}", model.producer_name, model.producer_version);
    GraphSummary {
        ir_version: model.ir_version,
        producer: producer.trim().to_owned(),
        opsets: model.opsets.clone(),
        nodes: nodes.len() as u64,
        subgraphs,
        functions: model.functions.iter().map(super::Function::qualified_name).collect(),
        operators,
    }
}

/// What a user should know, one finding per operator or matter.
pub(super) fn findings(model: &Model, nodes: &[&Node]) -> Vec<Finding> {
    let local: BTreeSet<(&str, &str)> =
        model.functions.iter().map(|function| (function.domain(), function.name.as_str())).collect();
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for node in nodes {
        let domain = node.domain();
        let key = (domain, node.op_type.as_str());
        if STANDARD.contains(&domain) || local.contains(&key) || !seen.insert(key) {
            continue;
        }
        let (id, severity, provider) = if RUNTIME.contains(&domain) {
            ("onnx.runtime-operator", Severity::Info, "only ONNX Runtime provides it")
        } else {
            ("onnx.custom-operator", Severity::Warning, "it needs a library that is not part of the model")
        };
        findings.push(Finding {
            id: id.to_owned(),
            severity,
            message: format!("operator `{}` is not in the ONNX specification: {provider}", node.operator()),
            offset: Some(node.offset),
        });
    }
    if !model.functions.is_empty() {
        findings.push(Finding {
            id: "onnx.local-functions".to_owned(),
            severity: Severity::Info,
            message: format!("model defines {} operators itself", model.functions.len()),
            offset: None,
        });
    }
    for tensor in model.graph.initializers.iter().filter(|tensor| tensor.element() == Element::Text) {
        findings.push(Finding {
            id: "onnx.text-initializer".to_owned(),
            severity: Severity::Info,
            message: format!(
                "initializer `{}` holds texts: they count as architecture, not as weights",
                tensor.name
            ),
            offset: Some(tensor.offset),
        });
    }
    findings
}
