//! `audit spot`: a share of what is stored, verified again, and the result in the log.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use reproof::registry::records::Version;
use reproof::registry::{PullOptions, Reference, Registry, Selector};
use reproof_contract::Verdict;
use serde_json::{Value, json};

use super::checkout::EvidenceArguments;
use super::publish;
use crate::arguments::{EngineArguments, OutputArguments};
use crate::bars::Bars;
use crate::commands::verify::{rung, stored};
use crate::failure::Exit;
use crate::output;
use crate::quantities::share;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The share of the versions that is checked; always at least one.
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = share)]
    sample: f64,
    /// Chooses the sample [default: the time, so that nobody knows it before].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Restore and hash them only; execute nothing.
    #[arg(long)]
    bytes_only: bool,
    /// The verdict that must be reached: `identical`, `equivalent` or `tolerated`.
    #[arg(long, value_name = "VERDICT", value_parser = rung, default_value = "equivalent")]
    require: Verdict,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// What came of one version.
struct Checked {
    name: String,
    /// The verdict of a verification; `restored` where nothing was executed, `damaged` where it could not be restored.
    outcome: String,
    detail: String,
    /// As if it had been verified alone.
    exit: Exit,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.evidence.open()?;
    let seed = arguments.seed.unwrap_or_else(|| registry.now().microseconds().unsigned_abs());
    let sample = registry.sample(arguments.sample, seed)?;
    let mut all = Vec::new();
    for version in &sample.chosen {
        let checked = check(&registry, version, arguments)?;
        if !arguments.output.json {
            let word = match checked.exit {
                Exit::Reached => "ok  ",
                Exit::Negative => "FAIL",
                Exit::Undecided | Exit::Usage => "?   ",
            };
            output::data(&format!(
                "{word}  {:<30} {:<11} {}\n",
                checked.name, checked.outcome, checked.detail
            ))?;
        }
        all.push(checked);
    }
    let failed = all.iter().filter(|checked| checked.exit == Exit::Negative);
    let failed: Vec<String> = failed.map(|checked| checked.name.clone()).collect();
    let undecided = all.iter().filter(|checked| checked.exit == Exit::Undecided).count();
    let entry = registry.record_spot_check(&sample, seed, undecided as u64, &failed)?;
    publish(&registry);
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.spot-check/v0",
            "versions": sample.total,
            "seed": seed,
            "entry": entry,
            "checked": all.iter().map(describe).collect::<Vec<_>>(),
        }))?;
    } else {
        let mut text = format!(
            "{} of {} versions checked with seed {seed}, {} failed, {undecided} undecided: entry {entry} of the log\n",
            all.len(),
            sample.total,
            failed.len()
        );
        for name in &failed {
            let _ =
                writeln!(text, "next: reproof verify {name}; reproof fsck, where it could not be restored");
        }
        output::data(&text)?;
    }
    Ok(match (failed.is_empty(), undecided) {
        (false, _) => Exit::Negative,
        (true, 0) => Exit::Reached,
        (true, _) => Exit::Undecided,
    })
}

/// Restores one version, verifies it where it has a contract, and flags it where its bytes are not what they were.
fn check(registry: &Registry, version: &Version, arguments: &Arguments) -> Result<Checked> {
    let reference =
        Reference { model: version.model.clone(), selector: Selector::Named(version.number.clone()) };
    let name = reference.to_string();
    let folder = reproof::Scratch::new()?;
    let options =
        PullOptions { destination: Some(folder.path().to_owned()), passing: true, ..PullOptions::default() };
    let checked = |outcome: &str, detail: String, exit: Exit| Checked {
        name: name.clone(),
        outcome: outcome.to_owned(),
        detail,
        exit,
    };
    let pulled = match registry.pull(&reference, &options, &Bars::new()) {
        Ok(pulled) => pulled,
        // A lost connection or a full disk says nothing about the version.
        Err(error) if !error.is_damage() => return Err(error.into()),
        Err(error) => {
            let detail = reproof::chain(&error);
            registry.flag(&reference, &format!("a spot check could not restore it: {detail}"))?;
            return Ok(checked("damaged", detail, Exit::Negative));
        }
    };
    if arguments.bytes_only || pulled.contract.is_none() {
        let why = if pulled.contract.is_none() { ", no contract" } else { "" };
        return Ok(checked("restored", format!("{}{why}", version.artifact.short()), Exit::Reached));
    }
    let report = match stored(&pulled.path, name.clone(), &arguments.engine, arguments.require) {
        Ok(report) => report,
        // What cannot be run here says nothing against the version, and nothing for it.
        Err(error) => return Ok(checked("undecided", format!("{error:#}"), Exit::Undecided)),
    };
    arguments.evidence.keep(registry, &reference, &report)?;
    Ok(checked(report.verdict.as_str(), report.summary.clone(), Exit::of(report.verdict, report.required)))
}

fn describe(checked: &Checked) -> Value {
    json!({
        "version": checked.name,
        "outcome": checked.outcome,
        "detail": checked.detail,
        "passed": checked.exit == Exit::Reached,
        "undecided": checked.exit == Exit::Undecided,
    })
}
