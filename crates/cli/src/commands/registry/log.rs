//! `log`: who did what, when.

use anyhow::Result;
use clap::Args;
use reproof::registry::records::{LogEntry, PageRequest};
use reproof::registry::{Reference, Registry};
use reproof_digest::Digest;
use serde_json::{Value, json};

use super::{RegistryArguments, document, moment};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Only what is about this model.
    #[arg(value_name = "MODEL")]
    model: Option<Reference>,
    /// How many entries, at most; the newest.
    #[arg(long, value_name = "N", default_value_t = 30)]
    limit: u32,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let mut entries = match &arguments.model {
        Some(reference) => registry.log_of(&reference.model, &PageRequest::first(arguments.limit))?.items,
        None => {
            registry.log(registry.log_size()?.saturating_sub(u64::from(arguments.limit)), arguments.limit)?
        }
    };
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.sequence));
    if arguments.output.json {
        let entries: Vec<_> = entries.iter().map(document::entry).collect();
        output::json(&json!({ "schema": "reproof.log/v0", "entries": entries }))?;
    } else {
        let model = arguments.model.as_ref().map(|reference| reference.model.as_str());
        let lines = entries.iter().map(|entry| line(&registry, model, entry));
        output::data(&lines.collect::<Result<String>>()?)?;
    }
    Ok(Exit::Reached)
}

/// What evidence in the log of a model is about. Its entry names the artifact, which several versions may have, or none where
/// a batch came in.
fn about_evidence(registry: &Registry, model: &str, leaf: &Value) -> Result<String> {
    let artifact = leaf["digests"]["artifact"].as_str().and_then(|text| text.parse::<Digest>().ok());
    let versions = artifact.map(|artifact| registry.versions_of(model, &artifact)).transpose()?;
    let versions = versions.filter(|versions| !versions.is_empty());
    Ok(versions.map_or_else(|| model.to_owned(), |versions| format!("{model}@{}", versions.join(","))))
}

/// An entry on one line: place, time, who, act, and what it is about; `model` is that of whose log it is.
fn line(registry: &Registry, model: Option<&str>, entry: &LogEntry) -> Result<String> {
    let leaf: Value = serde_json::from_slice(&entry.leaf).unwrap_or_default();
    let subject = leaf.get("subject");
    let text = |name: &str| subject?.get(name).and_then(Value::as_str);
    let about = match (text("model"), text("version")) {
        (Some(model), Some(version)) => format!("{model}@{version}"),
        (Some(model), None) => model.to_owned(),
        (None, _) => model.map_or(Ok(String::new()), |model| about_evidence(registry, model, &leaf))?,
    };
    let detail = leaf.get("detail").and_then(Value::as_object).map(|details| {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = details.iter().filter(|(_, value)| !value.is_object() && !value.is_array());
        pairs.map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
    });
    let detail = [text("alias"), text("principal"), text("tag"), detail.as_deref()];
    let detail = detail.into_iter().flatten().collect::<Vec<_>>().join(" ");
    Ok(format!(
        "{:>6}  {}  {:<12} {:<16} {about} {detail}\n",
        entry.sequence,
        moment(entry.at),
        entry.who,
        entry.act
    ))
}
