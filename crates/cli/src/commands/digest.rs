//! `digest`: every digest of an artifact.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::artifact::{Artifact, digests};
use reproof_digest::Digest;
use serde::Serialize;

use crate::arguments::{ModelArguments, OutputArguments};
use crate::bars::Bars;
use crate::failure::{Exit, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file, or a folder that is one checkpoint or holds one model.
    path: PathBuf,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Serialize)]
struct Document {
    artifact_digest: Digest,
    weights_digest: Digest,
    values_digest: Digest,
    architecture_digest: Digest,
    parts: BTreeMap<String, Digest>,
    /// Where the model lies in a checkpoint: a file of it, keys inside a file, or both.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Tensors that share their storage with an earlier one of their part.
    ties: Vec<Tie>,
    files: Vec<File>,
}

#[derive(Serialize)]
struct Tie {
    part: String,
    name: String,
    tied_to: String,
}

#[derive(Serialize)]
struct File {
    path: String,
    size: u64,
    digest: Digest,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let artifact = Artifact::open_with(&arguments.path, &arguments.model.options())?;
    let digests = digests(&artifact, &Bars::new())?;
    let files = artifact.files.iter().zip(&digests.files).map(|(file, (size, digest))| File {
        path: file.path.clone(),
        size: *size,
        digest: *digest,
    });
    let description = &artifact.description;
    let ties = description.tensors.iter().filter_map(|tensor| {
        let tied_to = tensor.tied_to.clone()?;
        Some(Tie { part: tensor.part.clone(), name: tensor.name.clone(), tied_to })
    });
    let model = description.state.parts.iter().find(|part| part.name == "model");
    let document = Document {
        artifact_digest: digests.artifact,
        weights_digest: digests.weights,
        values_digest: digests.values,
        architecture_digest: digests.architecture,
        files: files.collect(),
        parts: digests.parts,
        model: model.map(|part| part.root.clone()).filter(|root| !root.is_empty()),
        ties: ties.collect(),
    };
    if arguments.output.json {
        output::json(&document)?;
        return Ok(Exit::Reached);
    }
    let mut lines = vec![
        format!("artifact      {}", document.artifact_digest),
        format!("weights       {}", document.weights_digest),
        format!("values        {}", document.values_digest),
        format!("architecture  {}", document.architecture_digest),
    ];
    lines.extend(document.parts.iter().map(|(name, digest)| format!("part {name}  {digest}")));
    if let Some(root) = &document.model {
        lines.push(format!("model         found at {root} (--model names another)"));
    }
    lines.extend(document.ties.iter().map(|tie| {
        let part = if tie.part == "model" { String::new() } else { format!("{}: ", tie.part) };
        format!("tied          {part}{} to {}", tie.name, tie.tied_to)
    }));
    for file in &document.files {
        let name = if file.path.is_empty() { output::shown(&arguments.path) } else { file.path.clone() };
        lines.push(format!("file          {}  {name} ({} bytes)", file.digest, file.size));
    }
    output::data(&reproof_report::visible_lines(&lines.join("\n")))?;
    Ok(Exit::Reached)
}
