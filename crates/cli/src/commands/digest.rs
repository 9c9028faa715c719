//! `digest`: every digest of an artifact.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::artifact::{Artifact, digests};

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

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let artifact = Artifact::open_with(&arguments.path, &arguments.model.options())?;
    let digests = digests(&artifact, &Bars::new())?;
    let document = artifact.identification(digests);
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
