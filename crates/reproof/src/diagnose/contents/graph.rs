//! A graph that is not the recorded one: which one change gives the recorded digest when it is undone.

use reproof_contract::diagnosis::Cause;
use reproof_contract::report::Confidence;
use reproof_formats::{Format, onnx};

use super::super::Case;
use crate::artifact::Artifact;

/// The change of a graph of ONNX, where it is one that can be guessed.
pub(super) fn cause(case: &Case<'_>) -> Option<Cause> {
    let artifact = Artifact::open(case.path).ok()?;
    if artifact.description.format != Format::Onnx {
        return None;
    }
    let recorded = &case.stored.contract.artifact.architecture_digest;
    let change = onnx::undone(&artifact.model, recorded, &|| case.has_time()).ok()??;
    let onnx::Undone { node, operator, nodes, attribute, current, recorded } = change;
    let place = if nodes > 1 {
        format!("{nodes} nodes, the first of which makes {node}")
    } else {
        format!("the node of {node}")
    };
    let (id, statement) = match attribute.as_deref() {
        Some("epsilon") => {
            ("constant.epsilon", format!("epsilon of {operator} is {current}, was {recorded}, in {place}"))
        }
        Some("approximate") => {
            ("code.activation", format!("{operator} is {current}, was {recorded}, in {place}"))
        }
        Some(name) => {
            ("constant.attribute", format!("{name} of {operator} is {current}, was {recorded}, in {place}"))
        }
        None => ("code.operator", format!("{current} stands where {recorded} stood, in {place}")),
    };
    let what = attribute.as_deref().unwrap_or("the operator");
    Some(Cause {
        id: id.to_owned(),
        confidence: Confidence::Confirmed,
        statement,
        evidence: vec![format!("with {recorded} put back the graph has the recorded digest")],
        fix: format!("export it with {what} {recorded} again, or restore the recorded artifact"),
    })
}
