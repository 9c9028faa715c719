//! `inspect`: what an artifact holds; executes nothing.

mod text;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::artifact::{Artifact, digests};
use reproof_contract::contract::Interface;
use reproof_digest::Digest;
use reproof_formats::{Finding, GraphSummary, TrainingState};
use serde::Serialize;

use crate::arguments::{ModelArguments, OutputArguments};
use crate::bars::Bars;
use crate::failure::{Exit, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder that is one checkpoint or holds one model.
    path: PathBuf,
    /// Also compute the digest of every tensor.
    #[arg(long)]
    digest: bool,
    /// List every tensor, operator and fact.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    model: ModelArguments,
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
    /// Training state: empty for weights alone.
    state: &'a TrainingState,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let artifact = Artifact::open_with(&arguments.path, &arguments.model.options())?;
    let computed = if arguments.digest { Some(digests(&artifact, &Bars::new())?) } else { None };
    let description = &artifact.description;
    let tensors = description.tensors.iter().enumerate().map(|(index, tensor)| Tensor {
        name: tensor.name.clone(),
        part: tensor.part.clone(),
        dtype: tensor.dtype.to_string(),
        shape: tensor.shape.clone(),
        digest: computed.as_ref().and_then(|digests| digests.tensors.get(index).copied()),
        tied_to: tensor.tied_to.clone(),
        note: tensor.note.clone(),
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
        state: &description.state,
        metadata: &description.metadata,
        findings: &description.findings,
    };
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text::text(&artifact, description, &document, arguments.all))?;
    }
    Ok(Exit::Reached)
}
