//! `promote` and `revert`: where aliases go, and back.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use reproof::registry::{Promotion, Reference};
use serde_json::json;

use super::{RegistryArguments, document, publish};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which version, as MODEL@VERSION.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// The alias that is to point to it, such as `production`.
    alias: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "promoted")]
    reason: String,
    /// Only tell whether it would be refused.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let promotion =
        registry.promote(&arguments.name, &arguments.alias, &arguments.reason, arguments.dry_run)?;
    if promotion.moved.is_some() {
        publish(&registry);
    }
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.promotion/v0",
            "version": document::version(&promotion.version),
            "alias": arguments.alias,
            "before": promotion.before,
            "holds": promotion.holds(),
            "obstacles": promotion.obstacles,
            "gates": promotion.gates,
            "moved": promotion.moved.as_ref().map(document::event),
        }))?;
    } else {
        output::data(&text(&promotion, &arguments.alias))?;
    }
    Ok(if promotion.holds() { Exit::Reached } else { Exit::Negative })
}

fn text(promotion: &Promotion, alias: &str) -> String {
    let version = &promotion.version;
    let name = format!("{}@{}", version.model, version.number);
    let before = promotion.before.as_deref().unwrap_or("nothing");
    let mut text = match (&promotion.moved, promotion.holds()) {
        (Some(_), _) => {
            format!("{}@{alias} points to {} now, before to {before}\n", version.model, version.number)
        }
        (None, true) => format!("{name} would pass for {alias}; nothing was changed\n"),
        (None, false) => format!("refused: {name} does not become {alias}, which stays at {before}\n"),
    };
    for obstacle in &promotion.obstacles {
        let _ = writeln!(text, "  FAIL  {obstacle}");
    }
    for gate in &promotion.gates {
        let _ = writeln!(text, "gate of `{}`, revision {}", gate.pattern, gate.revision);
        for requirement in &gate.outcome.requirements {
            let word = if requirement.met { "ok  " } else { "FAIL" };
            let (key, expected, found) = (requirement.key, &requirement.expected, &requirement.found);
            let _ = writeln!(text, "  {word}  {key}: expected {expected}, found {found}");
            if let Some(command) = &requirement.command {
                let _ = writeln!(text, "          {command}");
            }
        }
    }
    if promotion.gates.is_empty() {
        let _ = writeln!(text, "  no gate guards this alias: reproof gate MODEL {alias} --set FILE");
    }
    text
}

#[derive(Args, Debug)]
pub(crate) struct RevertArguments {
    /// The model.
    #[arg(value_name = "MODEL")]
    model: Reference,
    /// The alias.
    alias: String,
    /// The version that it is to point to [default: the one before].
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn revert(arguments: &RevertArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let model = arguments.model.model.as_str();
    let event = registry.revert(model, &arguments.alias, arguments.to.as_deref(), &arguments.reason)?;
    publish(&registry);
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.alias/v0",
            "model": model,
            "alias": arguments.alias,
            "moves": [document::event(&event)],
        }))?;
    } else {
        let to = event.version.as_deref().unwrap_or("nothing");
        let from = event.previous.as_deref().unwrap_or("nothing");
        output::data(&format!("{model}@{} points to {to} again, before to {from}\n", arguments.alias))?;
    }
    Ok(Exit::Reached)
}
