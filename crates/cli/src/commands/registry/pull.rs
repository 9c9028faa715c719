//! `pull`: gets a version back.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::registry::{PullOptions, Reference};
use reproof_digest::Digest;
use serde_json::json;

use super::{RegistryArguments, document, size};
use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which version, as MODEL@VERSION or MODEL@ALIAS.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// Where it goes: the artifact's own path, or an existing folder to put it into [default: its name, here].
    destination: Option<PathBuf>,
    /// Refuse it unless it has this artifact digest.
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let options = PullOptions { destination: arguments.destination.clone(), expect: arguments.expect };
    let pulled = registry.pull(&arguments.name, &options, &Bars::new())?;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.pull/v0",
            "version": document::version(&pulled.version),
            "path": pulled.path,
            "contract": pulled.contract,
            "bytes": pulled.size,
        }))?;
        return Ok(Exit::Reached);
    }
    let version = &pulled.version;
    let mut text = format!(
        "pulled {}@{} to {}\n  {}, checked\n  {}\n",
        version.model,
        version.number,
        output::shown(&pulled.path),
        version.artifact,
        size(pulled.size)
    );
    if pulled.contract.is_some() {
        let _ = writeln!(text, "next: reproof verify {}", pulled.path.display());
    }
    output::data(&text)?;
    Ok(Exit::Reached)
}
