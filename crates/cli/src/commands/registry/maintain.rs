//! `fsck` and `gc`: whether everything is still there, and making room.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::registry::GRACE;
use reproof::registry::store::Bucket;
use serde_json::json;

use super::{RegistryArguments, size};
use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::{Exit, UsageError};
use crate::output;
use crate::quantities::{duration, share};

#[derive(Args, Debug)]
pub(crate) struct CheckArguments {
    /// The share of the objects that is decoded and hashed; that they exist is checked for all.
    #[arg(long, value_name = "SHARE", default_value = "100%", value_parser = share)]
    sample: f64,
    /// Chooses the sample; another number chooses others.
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Replace damaged packs by those of another copy of the store: a folder.
    #[arg(long, value_name = "DIR")]
    repair_from: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn check(arguments: &CheckArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let copy = arguments.repair_from.as_deref().map(Bucket::folder).transpose()?;
    let examination = registry.examine(arguments.sample, arguments.seed, copy.as_ref(), &Bars::new())?;
    let checked = &examination.checked;
    let broken = checked.faults.iter().filter(|fault| !fault.mended).count();
    if arguments.output.json {
        let faults = checked.faults.iter().zip(&examination.affected).map(|(fault, versions)| {
            json!({ "what": fault.what, "problem": fault.problem, "mended": fault.mended, "versions": versions })
        });
        output::json(&json!({
            "schema": "reproof.fsck/v0",
            "manifests": checked.manifests,
            "objects": checked.objects,
            "hashed": checked.hashed,
            "hashed_bytes": checked.bytes,
            "faults": faults.collect::<Vec<_>>(),
        }))?;
    } else {
        let (manifests, objects, hashed) = (checked.manifests, checked.objects, checked.hashed);
        let mut text = format!(
            "{manifests} artifacts of {objects} objects; {hashed} of them decoded and hashed, {}\n",
            size(checked.bytes)
        );
        for (fault, versions) in checked.faults.iter().zip(&examination.affected) {
            let word = if fault.mended { "mended" } else { "FAULT" };
            let _ = writeln!(text, "  {word}  {}: {}", fault.what, fault.problem);
            if !versions.is_empty() {
                let _ = writeln!(text, "         needed by {}", versions.join(", "));
            }
        }
        if broken == 0 {
            text += "everything is there\n";
        } else {
            text += "next: reproof fsck --repair-from DIR, with another copy of the store\n";
        }
        output::data(&text)?;
    }
    Ok(if broken == 0 { Exit::Reached } else { Exit::Negative })
}

#[derive(Args, Debug)]
pub(crate) struct CollectArguments {
    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,
    /// How long what is not needed stays before it is removed: longer than any push takes.
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    grace: std::time::Duration,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn collect(arguments: &CollectArguments) -> Result<Exit> {
    let grace =
        i64::try_from(arguments.grace.as_secs()).map_err(|_| UsageError("--grace: too long".into()))?;
    let registry = arguments.registry.open()?;
    let collection = registry.collect(grace, arguments.dry_run, &Bars::new())?;
    let done = &collection.collected;
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.gc/v0",
            "dry_run": arguments.dry_run,
            "running_pushes": collection.running,
            "live_manifests": done.live_manifests,
            "live_objects": done.live_objects,
            "marked": done.marked,
            "pardoned": done.pardoned,
            "removed": done.removed,
            "removed_bytes": done.removed_bytes,
            "repacked": done.repacked,
        }))?;
        return Ok(Exit::Reached);
    }
    let would = if arguments.dry_run { "would have " } else { "" };
    let mut text = format!("{} artifacts need {} objects\n", done.live_manifests, done.live_objects);
    let _ = writeln!(text, "  {would}removed {} files, {}", done.removed, size(done.removed_bytes));
    let _ = writeln!(text, "  {would}marked {}, to be removed after the grace period", done.marked);
    if done.repacked > 0 {
        let _ = writeln!(text, "  {would}written what is needed of {} packs to new ones", done.repacked);
    }
    if grace < GRACE && !arguments.dry_run {
        text += "  a grace period below a day endangers pushes that take longer\n";
    }
    output::data(&text)?;
    Ok(Exit::Reached)
}
