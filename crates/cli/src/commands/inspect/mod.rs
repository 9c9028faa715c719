//! `inspect`: what an artifact holds; executes nothing.

mod text;

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

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let artifact = Artifact::open_with(&arguments.path, &arguments.model.options())?;
    let computed = if arguments.digest { Some(digests(&artifact, &Bars::new())?) } else { None };
    let description = &artifact.description;
    let document = artifact.inspection(computed.as_ref());
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text::text(&artifact, description, &document, arguments.all))?;
    }
    Ok(Exit::Reached)
}
