//! `audit`: the log, checked against what was signed.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use serde_json::json;

use super::{RegistryArguments, spot};
use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Check every entry and tile of the log up to its newest checkpoint, and that the records have the same entries and
    /// say nothing else.
    Verify(VerifyArguments),
    /// Verify a share of the stored versions again, and keep the result in the log.
    Spot(Box<spot::Arguments>),
    /// Publish the log and print its signed checkpoint, to be kept elsewhere.
    Checkpoint(CheckpointArguments),
    /// Write the log as lines of JSON: who, what, when, which digests, on what evidence.
    Export(ExportArguments),
}

#[derive(Args, Debug)]
struct VerifyArguments {
    /// A checkpoint that was kept elsewhere: only it shows that a log was shortened or rewritten by who has its key.
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Args, Debug)]
struct CheckpointArguments {
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Args, Debug)]
struct ExportArguments {
    /// The first entry.
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    #[command(flatten)]
    registry: RegistryArguments,
}

/// Entries that are exported together.
const BATCH: u32 = 1000;

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    match &arguments.command {
        Command::Verify(arguments) => verify(arguments),
        Command::Spot(arguments) => spot::run(arguments),
        Command::Checkpoint(arguments) => checkpoint(arguments),
        Command::Export(arguments) => export(arguments),
    }
}

fn verify(arguments: &VerifyArguments) -> Result<Exit> {
    let read =
        |path: &PathBuf| std::fs::read(path).with_context(|| format!("could not read {}", path.display()));
    let kept = arguments.checkpoint.as_ref().map(read).transpose()?;
    let registry = arguments.registry.open()?;
    let audited = registry.audit(kept.as_deref(), &Bars::new())?;
    let findings: Vec<String> = audited
        .audit
        .findings
        .iter()
        .map(ToString::to_string)
        .chain(audited.records.iter().cloned())
        .collect();
    let omitted = audited.audit.omitted + audited.omitted;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.audit/v0",
            "intact": audited.is_intact(),
            "size": audited.audit.tree.map(|tree| tree.size),
            "root": audited.audit.tree.map(|tree| tree.root.to_base64()),
            "entries": audited.audit.entries,
            "unpublished": audited.unpublished,
            "checkpoint_given": kept.is_some(),
            "findings": findings,
            "omitted": omitted,
        }))?;
    } else {
        let mut text = format!("{} entries hashed again\n", audited.audit.entries);
        for finding in &findings {
            let _ = writeln!(text, "  FAIL  {finding}");
        }
        if omitted > 0 {
            let _ = writeln!(text, "  and {omitted} more");
        }
        if audited.unpublished > 0 {
            let _ = writeln!(
                text,
                "  {} entries are not published yet: reproof audit checkpoint",
                audited.unpublished
            );
        }
        text += match (audited.is_intact(), kept.is_some()) {
            (true, true) => "the log is what was signed, and goes on from the kept checkpoint\n",
            (true, false) => {
                "the log is what its own checkpoint says; that nobody with its key rewrote it needs a checkpoint kept \
                 elsewhere: --checkpoint FILE\n"
            }
            (false, _) if audited.audit.is_intact() => {
                "the log is what was signed, and the database says something else\n"
            }
            (false, _) => "the log is NOT what was signed\n",
        };
        output::data(&text)?;
    }
    Ok(if audited.is_intact() { Exit::Reached } else { Exit::Negative })
}

fn checkpoint(arguments: &CheckpointArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let published = registry.publish(&Bars::new())?;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.checkpoint/v0",
            "size": published.size,
            "new": published.new,
            "checkpoint": published.checkpoint,
        }))?;
    } else {
        output::data(&published.checkpoint)?;
    }
    Ok(Exit::Reached)
}

fn export(arguments: &ExportArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let mut next = arguments.from;
    loop {
        let entries = registry.log(next, BATCH)?;
        let Some(last) = entries.last() else { return Ok(Exit::Reached) };
        next = last.sequence + 1;
        let lines: Vec<String> =
            entries.iter().map(|entry| super::document::entry(entry).to_string()).collect();
        output::data(&lines.join("\n"))?;
    }
}
