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
    files: Vec<File>,
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
    let document = Document {
        artifact_digest: digests.artifact,
        weights_digest: digests.weights,
        values_digest: digests.values,
        architecture_digest: digests.architecture,
        files: files.collect(),
        parts: digests.parts,
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
    for file in &document.files {
        let name = if file.path.is_empty() { output::shown(&arguments.path) } else { file.path.clone() };
        lines.push(format!("file          {}  {name} ({} bytes)", file.digest, file.size));
    }
    output::data(&lines.join("\n"))?;
    Ok(Exit::Reached)
}
