//! `lint`: what a version lacks.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use reproof::registry::Reference;
use serde_json::json;

use super::RegistryArguments;
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which version, as MODEL@VERSION or MODEL@ALIAS.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// The project file with the conventions [default: reproof.toml here, if there is one].
    #[arg(long, value_name = "FILE")]
    project: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let here = Path::new(reproof::project::FILE_NAME);
    let project = arguments.project.as_deref().or_else(|| here.is_file().then_some(here));
    let registry = arguments.registry.open()?;
    let findings = registry.lint(&arguments.name, project)?;
    if arguments.output.json {
        output::json(
            &json!({ "schema": "reproof.lint/v0", "version": arguments.name.to_string(), "findings": findings }),
        )?;
    } else if findings.is_empty() {
        output::data(&format!("{} lacks nothing\n", arguments.name))?;
    } else {
        let lines = findings.iter().map(|finding| {
            format!("  {:<24} {}\n  {:<24} {}\n", finding.id, finding.lacks, "", finding.next)
        });
        output::data(&lines.collect::<String>())?;
    }
    Ok(if findings.is_empty() { Exit::Reached } else { Exit::Negative })
}
