//! `inspect`: what an artifact holds; executes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::artifact::{Artifact, digests};
use reproof_contract::contract::Interface;
use reproof_digest::Digest;
use reproof_formats::{Description, Finding, GraphSummary};
use reproof_report::visible_lines;
use serde::Serialize;

use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::{Exit, there};
use crate::output;

/// Operators and tensors listed for people; JSON always lists all.
const LISTED: usize = 20;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder with one model.
    path: PathBuf,
    /// Also compute the digest of every tensor.
    #[arg(long)]
    digest: bool,
    /// List every tensor and operator.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Serialize)]
struct Document<'a> {
    format: &'a str,
    files: Vec<File>,
    interface: &'a Interface,
    graph: Option<&'a GraphSummary>,
    tensors: Vec<Tensor>,
    /// Training state: empty for the formats that hold weights alone.
    state: BTreeMap<String, String>,
    metadata: &'a BTreeMap<String, String>,
    findings: &'a [Finding],
}

#[derive(Serialize)]
struct File {
    path: String,
    size: u64,
}

#[derive(Serialize)]
struct Tensor {
    name: String,
    part: String,
    dtype: String,
    shape: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tied_to: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let artifact = Artifact::open(&arguments.path)?;
    let computed = if arguments.digest { Some(digests(&artifact, &Bars::new())?) } else { None };
    let description = &artifact.description;
    let tensors = description.tensors.iter().enumerate().map(|(index, tensor)| Tensor {
        name: tensor.name.clone(),
        part: tensor.part.clone(),
        dtype: tensor.dtype.to_string(),
        shape: tensor.shape.clone(),
        digest: computed.as_ref().and_then(|digests| digests.tensors.get(index).copied()),
        tied_to: tensor.tied_to.clone(),
    });
    let document = Document {
        format: description.format.as_str(),
        files: artifact
            .files
            .iter()
            .map(|file| File { path: file.path.clone(), size: file.layout.size() })
            .collect(),
        interface: &description.interface,
        graph: description.graph.as_ref(),
        tensors: tensors.collect(),
        state: BTreeMap::new(),
        metadata: &description.metadata,
        findings: &description.findings,
    };
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text(&artifact, description, &document, arguments.all))?;
    }
    Ok(Exit::Reached)
}

/// The same for people.
fn text(artifact: &Artifact, description: &Description, document: &Document<'_>, all: bool) -> String {
    let most = if all { usize::MAX } else { LISTED };
    let bytes: u64 = document.files.iter().map(|file| file.size).sum();
    let elements = |tensor: &Tensor| reproof_tensor::element_count(&tensor.shape).unwrap_or(u64::MAX);
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
            vec![tensor.name.clone(), tensor.dtype.clone(), format!("{:?}", tensor.shape), digest]
        })
        .collect();
    if !rows.is_empty() {
        blocks.push(output::table(&["tensor", "dtype", "shape", ""], rows));
    }
    if let Some(rest) = document.tensors.len().checked_sub(most).filter(|rest| *rest > 0) {
        blocks.push(format!("and {rest} more tensors (--all)"));
    }
    for (key, value) in document.metadata {
        let value: String = value.chars().filter(|c| !c.is_control()).take(120).collect();
        blocks.push(format!("metadata {key} = {value}"));
    }
    for finding in document.findings {
        blocks.push(format!("{:?}: {} ({})", finding.severity, finding.message, finding.id).to_lowercase());
    }
    // Names come from the file: nothing in them may move the cursor or change colours.
    visible_lines(&blocks.join("\n\n"))
}
