//! `evidence`: what was found out about a version, and adding to it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;
use reproof::registry::Reference;
use reproof::sign::private_key;
use reproof_contract::Report;
use reproof_contract::scan::Scan;
use reproof_digest::Digest;
use serde_json::{Value, json};

use super::{RegistryArguments, document, moment, publish};
use crate::arguments::OutputArguments;
use crate::failure::{Exit, UsageError};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which version, as MODEL@VERSION or MODEL@ALIAS.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// Add what `reproof verify --json` or `reproof scan --digest --json` printed, wherever that ran. Repeat for several.
    #[arg(long, value_name = "FILE")]
    add: Vec<PathBuf>,
    /// Sign it with this private key.
    #[arg(long, value_name = "PEM", requires = "add")]
    key: Option<PathBuf>,
    /// Print a kept statement.
    #[arg(long, value_name = "DIGEST", conflicts_with = "add")]
    statement: Option<Digest>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// A document that can be evidence.
enum Document {
    Report(Box<Report>),
    Scan(Box<Scan>),
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let key = arguments.key.as_deref().map(private_key).transpose()?;
    let documents = arguments.add.iter().map(|path| read(path)).collect::<Result<Vec<_>>>()?;
    let registry = arguments.registry.open()?;
    if let Some(digest) = &arguments.statement {
        let bytes = registry
            .statement_about(&arguments.name, digest)?
            .ok_or_else(|| UsageError(format!("there is no statement {digest}")))?;
        output::data(&String::from_utf8_lossy(&bytes))?;
        return Ok(Exit::Reached);
    }
    let mut flagged = false;
    for document in &documents {
        let attached = match document {
            Document::Report(report) => registry.attach_report(&arguments.name, report, key.as_ref())?,
            Document::Scan(scan) => registry.attach_scan(&arguments.name, scan, key.as_ref())?,
        };
        flagged |= attached.flagged;
    }
    if !documents.is_empty() {
        publish(&registry);
    }
    let evidence = registry.evidence(&arguments.name)?;
    if arguments.output.json {
        let evidence: Vec<Value> = evidence.iter().map(document::evidence).collect();
        output::json(&json!({ "schema": "reproof.evidence/v0", "evidence": evidence, "flagged": flagged }))?;
        return Ok(Exit::Reached);
    }
    let mut text = String::new();
    for evidence in &evidence {
        let place = if evidence.environment.is_empty() { "anywhere" } else { &evidence.environment };
        let signed = if evidence.key_hint.is_empty() { "unsigned" } else { "signed" };
        let _ = write!(
            text,
            "{:<12} {:<12} {:<10} {place:<16} {signed:<8} {} by {}\n             {}\n",
            evidence.kind.name(),
            evidence.verdict,
            evidence.assurance,
            moment(evidence.at),
            evidence.who,
            evidence.statement
        );
    }
    if evidence.is_empty() {
        text = format!(
            "nothing is known of {}: reproof verify PATH --json > report.json, then --add it\n",
            arguments.name
        );
    }
    if flagged {
        text += "the verdict is negative: the version is flagged until somebody clears it\n";
    }
    output::data(&text)?;
    Ok(Exit::Reached)
}

fn read(path: &Path) -> Result<Document> {
    let text = std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
    let value: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON document", path.display()))?;
    let schema = value.get("schema").and_then(Value::as_str).unwrap_or_default().to_owned();
    let wrong = || format!("{} is no `{schema}` that this version reads", path.display());
    if schema.starts_with("reproof.report/") {
        return Ok(Document::Report(serde_json::from_value(value).with_context(wrong)?));
    }
    if schema.starts_with("reproof.scan/") {
        return Ok(Document::Scan(serde_json::from_value(value).with_context(wrong)?));
    }
    let what = if schema.is_empty() { "no schema".to_owned() } else { format!("schema `{schema}`") };
    Err(UsageError(format!(
        "{}: {what}; expected a report of `reproof verify --json` or `reproof scan --json`",
        path.display()
    ))
    .into())
}
