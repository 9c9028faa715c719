//! The description of an artifact for people.

use reproof::artifact::Artifact;
use reproof_formats::{Description, PartDescription, TrainingState};
use reproof_report::visible_lines;
use serde_json::Value;

use crate::output;
use reproof::artifact::{InspectedTensor, Inspection};

/// Operators and tensors listed for people; JSON always lists all.
const LISTED: usize = 20;

/// Facts of a part listed for people.
const FACTS: usize = 6;

/// The last words of the names of facts that say how far training was.
const TELLING: &[&str] = &["step", "global_step", "epoch", "lr", "covers", "last_epoch", "scale", "version"];

/// The description as text.
pub(super) fn text(
    artifact: &Artifact,
    description: &Description,
    document: &Inspection<'_>,
    all: bool,
) -> String {
    let most = if all { usize::MAX } else { LISTED };
    let bytes: u64 = document.files.iter().map(|file| file.size).sum();
    let elements =
        |tensor: &InspectedTensor| reproof_tensor::element_count(&tensor.shape).unwrap_or(u64::MAX);
    let parameters = document.tensors.iter().fold(0_u64, |sum, tensor| sum.saturating_add(elements(tensor)));
    let mut blocks = vec![format!(
        "{}  {}, {}, {bytes} bytes, {} tensors with {parameters} elements",
        output::shown(&artifact.path),
        document.format,
        match document.files.len() {
            1 => "1 file".to_owned(),
            many => format!("{many} files"),
        },
        document.tensors.len(),
    )];
    let mut ports = Vec::new();
    for (word, list) in [("input", &description.interface.inputs), ("output", &description.interface.outputs)]
    {
        ports.extend(list.iter().map(|port| vec![word.to_owned(), port.name.clone(), port.kind.clone()]));
    }
    if !ports.is_empty() {
        blocks.push(output::table(&["", "name", "type"], ports));
    }
    if let Some(graph) = &description.graph {
        let opsets: Vec<String> = graph
            .opsets
            .iter()
            .map(|opset| {
                let domain = if opset.domain.is_empty() { "ai.onnx" } else { &opset.domain };
                format!("{domain} {}", opset.version)
            })
            .collect();
        let producer = if graph.producer.is_empty() { "an unnamed program" } else { &graph.producer };
        blocks.push(format!(
            "graph of {} nodes by {producer}, operator sets {}, {} functions, {} subgraphs",
            graph.nodes,
            opsets.join(", "),
            graph.functions.len(),
            graph.subgraphs
        ));
        let operators = graph.operators.iter().take(most);
        let operators: Vec<String> =
            operators.map(|entry| format!("{} {}", entry.count, entry.operator)).collect();
        let rest = graph.operators.len().saturating_sub(most);
        let more = if rest > 0 { format!(", and {rest} other operators (--all)") } else { String::new() };
        blocks.push(format!("operators: {}{more}", operators.join(", ")));
    }
    let rows: Vec<Vec<String>> = document
        .tensors
        .iter()
        .take(most)
        .map(|tensor| {
            let digest = tensor.digest.map(|digest| digest.to_hex()[..12].to_owned()).unwrap_or_default();
            let name = if tensor.name.is_empty() { "(the whole)" } else { &tensor.name };
            let remark = match (&tensor.tied_to, &tensor.note) {
                (Some(first), _) => format!("tied to {first}"),
                (None, note) => note.clone().unwrap_or_default(),
            };
            let part = if tensor.part == "model" { String::new() } else { tensor.part.clone() };
            let shape = format!("{:?}", tensor.shape);
            vec![name.to_owned(), tensor.dtype.clone(), shape, digest, part, remark]
        })
        .collect();
    if !rows.is_empty() {
        blocks.push(output::table(&["tensor", "dtype", "shape", "", "", ""], rows));
    }
    if let Some(rest) = document.tensors.len().checked_sub(most).filter(|rest| *rest > 0) {
        blocks.push(format!("and {rest} more tensors (--all)"));
    }
    blocks.extend(state(&description.state, all));
    let metadata = document.metadata.iter().map(|(key, value)| {
        let value: String = value.chars().filter(|c| !c.is_control()).take(120).collect();
        format!("metadata {key} = {value}")
    });
    let metadata: Vec<String> = metadata.collect();
    if !metadata.is_empty() {
        blocks.push(metadata.join("\n"));
    }
    for finding in document.findings {
        blocks.push(format!("{:?}: {} ({})", finding.severity, finding.message, finding.id).to_lowercase());
    }
    // Names come from the file: nothing in them may move the cursor or change colours.
    visible_lines(&blocks.join("\n\n"))
}

/// The training state: its parts, then what a resume would miss.
fn state(state: &TrainingState, all: bool) -> Vec<String> {
    let mut blocks = Vec::new();
    if let Some(trainer) = &state.trainer {
        let version = trainer.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
        blocks.push(format!("written by {}{version}", trainer.name));
    }
    if !state.parts.is_empty() {
        let rows = state.parts.iter().map(|part| {
            let kind = part.kind.clone().unwrap_or_default();
            vec![part.name.clone(), kind, part.tensors.to_string(), part.root.clone(), facts(part, all)]
        });
        blocks.push(output::table(&["part", "kind", "tensors", "found at", "facts"], rows.collect()));
    }
    if !state.missing.is_empty() {
        let lines: Vec<String> = state
            .missing
            .iter()
            .map(|missing| format!("  {}: {}\n    {}", missing.what, missing.why, missing.fix))
            .collect();
        blocks.push(format!("not here, for a bit-identical resume:\n{}", lines.join("\n")));
    }
    blocks
}

/// The telling facts of a part; all of them on demand.
fn facts(part: &PartDescription, all: bool) -> String {
    let telling = |name: &str| {
        let last = name.rsplit('.').next().unwrap_or(name);
        TELLING.contains(&last) && name.matches('.').count() <= 2
    };
    let shown = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={}", text.chars().take(40).collect::<String>()),
        value => format!("{name}={value}"),
    };
    let chosen = part.facts.iter().filter(|(name, _)| all || telling(name));
    let mut words: Vec<String> = chosen.map(shown).take(if all { usize::MAX } else { FACTS }).collect();
    let rest = part.facts.len() - words.len();
    if rest > 0 {
        let noun = match (words.is_empty(), rest) {
            (true, 1) => " fact",
            (true, _) => " facts",
            (false, _) => " more",
        };
        words.push(format!("{rest}{noun} (--all)"));
    }
    words.join(", ")
}
