//! `log`: who did what, when.

use anyhow::Result;
use clap::Args;
use reproof::registry::Reference;
use reproof::registry::records::{LogEntry, PageRequest};
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
        output::data(&entries.iter().map(line).collect::<String>())?;
    }
    Ok(Exit::Reached)
}

/// An entry on one line: place, time, who, act, and what it is about.
fn line(entry: &LogEntry) -> String {
    let leaf: Value = serde_json::from_slice(&entry.leaf).unwrap_or_default();
    let subject = leaf.get("subject");
    let text = |name: &str| subject?.get(name).and_then(Value::as_str);
    let about = match (text("model"), text("version")) {
        (Some(model), Some(version)) => format!("{model}@{version}"),
        (Some(model), None) => model.to_owned(),
        (None, _) => String::new(),
    };
    let detail = leaf.get("detail").and_then(Value::as_object).map(|details| {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = details.iter().filter(|(_, value)| !value.is_object() && !value.is_array());
        pairs.map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" ")
    });
    let detail = [text("alias"), text("principal"), text("tag"), detail.as_deref()];
    let detail = detail.into_iter().flatten().collect::<Vec<_>>().join(" ");
    format!(
        "{:>6}  {}  {:<12} {:<16} {about} {detail}\n",
        entry.sequence,
        moment(entry.at),
        entry.who,
        entry.act
    )
}
