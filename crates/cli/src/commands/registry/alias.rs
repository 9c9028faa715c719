//! `alias`: where aliases point, and where they pointed.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use reproof::registry::Reference;
use reproof::registry::records::{At, PageRequest};
use serde_json::json;

use super::{RegistryArguments, document, moment, publish};
use crate::arguments::OutputArguments;
use crate::failure::{Exit, UsageError};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The model.
    #[arg(value_name = "MODEL")]
    model: Reference,
    /// The alias whose history is shown; all aliases of the model if left out.
    alias: Option<String>,
    /// What it pointed to at this time: `2026-11-27` (the end of that day) or `2026-11-27T12:00:00Z`.
    #[arg(long, value_name = "TIME", requires = "alias")]
    at: Option<String>,
    /// Make it point to nothing.
    #[arg(long, requires = "alias", requires = "reason", conflicts_with = "at")]
    remove: bool,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// How many moves, at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let model = arguments.model.model.as_str();
    let Some(alias) = arguments.alias.as_deref() else {
        let overview = registry.model(model, &PageRequest::first(1))?;
        if arguments.output.json {
            let aliases: Vec<_> = overview.aliases.iter().map(document::alias).collect();
            output::json(&json!({ "schema": "reproof.aliases/v0", "model": model, "aliases": aliases }))?;
        } else {
            let lines = overview.aliases.iter().map(|alias| {
                let target = alias.version.as_deref().unwrap_or("(nothing)");
                format!(
                    "{:<20} {:<16} {} by {}\n",
                    alias.name,
                    target,
                    moment(alias.since.at),
                    alias.since.who
                )
            });
            output::data(&lines.collect::<String>())?;
        }
        return Ok(Exit::Reached);
    };
    let mut text = String::new();
    let mut events = Vec::new();
    if let Some(at) = &arguments.at {
        let at = parse(at)?;
        events.extend(registry.alias_at(model, alias, at)?);
        let pointed = events.first().and_then(|event| event.version.as_deref()).unwrap_or("nothing");
        let _ = writeln!(text, "{model}@{alias} pointed to {pointed} on {}", moment(at));
    } else if arguments.remove {
        events.push(registry.remove_alias(model, alias, arguments.reason.as_deref().unwrap_or_default())?);
        publish(&registry);
        let _ = writeln!(text, "{model}@{alias} points to nothing now");
    } else {
        registry.records().alias(model, alias)?;
        events = registry.alias_history(model, alias, &PageRequest::first(arguments.limit))?.items;
    }
    if arguments.output.json {
        let events: Vec<_> = events.iter().map(document::event).collect();
        output::json(
            &json!({ "schema": "reproof.alias/v0", "model": model, "alias": alias, "moves": events }),
        )?;
        return Ok(Exit::Reached);
    }
    if arguments.at.is_none() && !arguments.remove {
        for event in &events {
            let from = event.previous.as_deref().unwrap_or("nothing");
            let to = event.version.as_deref().unwrap_or("nothing");
            let when = moment(event.moved.at);
            let _ = writeln!(
                text,
                "{when}  {:<8} {from} -> {to}  by {}: {}",
                event.kind.name(),
                event.moved.who,
                event.reason
            );
        }
    } else if let Some(event) = events.first() {
        let _ = writeln!(text, "  since {} by {}: {}", moment(event.moved.at), event.moved.who, event.reason);
    }
    output::data(&text)?;
    Ok(Exit::Reached)
}

/// A moment from RFC 3339, or the last of a day.
fn parse(text: &str) -> Result<At, UsageError> {
    let whole = if text.len() == 10 { format!("{text}T23:59:59Z") } else { text.to_owned() };
    let seconds = reproof::clock::parse_rfc3339(&whole);
    let at = seconds.and_then(At::from_seconds);
    at.ok_or_else(|| {
        UsageError(format!("--at {text}: expected a day like 2026-11-27 or a time like 2026-11-27T12:00:00Z"))
    })
}
