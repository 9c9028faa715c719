//! `pull`: gets a version back.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::registry::{PullOptions, Reference};
use reproof_contract::{Report, Verdict};
use reproof_digest::Digest;
use reproof_report::terminal;
use serde_json::json;

use super::checkout::EvidenceArguments;
use super::{document, size};
use crate::arguments::{EngineArguments, OutputArguments};
use crate::bars::Bars;
use crate::commands::verify::{rung, stored};
use crate::failure::{Exit, UsageError};
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
    /// Verify it before it appears in its place: what does not reach the required verdict stays out. The report becomes
    /// evidence.
    #[arg(long)]
    verify: bool,
    /// The verdict that `--verify` must reach: `identical`, `equivalent` or `tolerated`.
    #[arg(long, value_name = "VERDICT", value_parser = rung, default_value = "equivalent", requires = "verify")]
    require: Verdict,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.evidence.open()?;
    let options = PullOptions {
        destination: arguments.destination.clone(),
        expect: arguments.expect,
        ..PullOptions::default()
    };
    if arguments.verify && registry.resolve(&arguments.name)?.contract.is_none() {
        let problem =
            format!("--verify: {} was pushed without a contract: nothing can be verified", arguments.name);
        return Err(UsageError(problem).into());
    }
    let mut verified = None;
    let pulled = registry.pull_if(&arguments.name, &options, &Bars::new(), &mut |path| {
        if !arguments.verify {
            return true;
        }
        let shown = arguments.name.to_string();
        let report = stored(path, shown, &arguments.engine, arguments.require);
        let passes = report.as_ref().is_ok_and(|report| report.verdict.reaches(report.required));
        verified = Some(report);
        passes
    })?;
    let report = verified.transpose()?;
    if let Some(report) = &report {
        arguments.evidence.keep(&registry, &arguments.name, report)?;
    }
    let Some(pulled) = pulled else { return refused(report, arguments) };
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.pull/v0",
            "version": document::version(&pulled.version),
            "path": pulled.path,
            "contract": pulled.contract,
            "bytes": pulled.size,
            "verdict": report.as_ref().map(|report| report.verdict),
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
    if let Some(report) = &report {
        let _ = writeln!(text, "  verified: {}, {}", report.verdict, report.summary);
    } else if pulled.contract.is_some() {
        let _ = writeln!(text, "next: reproof verify {}", pulled.path.display());
    }
    output::data(&text)?;
    Ok(Exit::Reached)
}

/// Says why nothing was put in its place.
fn refused(report: Option<Report>, arguments: &Arguments) -> Result<Exit> {
    let report = report.expect("only a verification refuses");
    if arguments.output.json {
        output::json(&report)?;
    } else {
        let style = terminal::Style { width: output::width(), colour: output::colour(), verbose: false };
        output::data(&terminal::checklist(&report, &style))?;
        output::note(&format!(
            "{} was not put in its place: it did not reach `{}`",
            arguments.name, report.required
        ));
    }
    Ok(Exit::of(report.verdict, report.required))
}
