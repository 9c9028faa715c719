//! `gate`: what an alias asks of the versions that it may point to.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Args;
use serde_json::json;

use super::{RegistryArguments, moment, publish};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The model, or a pattern for several: `team/*`.
    #[arg(value_name = "MODEL")]
    model: String,
    /// The alias that is guarded.
    alias: String,
    /// Set the gate from a file of TOML; see docs/registry.md for its keys.
    #[arg(long, value_name = "FILE", conflicts_with = "remove")]
    set: Option<PathBuf>,
    /// Remove it.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let (model, alias) = (arguments.model.as_str(), arguments.alias.as_str());
    if let Some(path) = &arguments.set {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("could not read {}", path.display()))?;
        registry.set_gate(model, alias, Some(&text))?;
        publish(&registry);
    } else if arguments.remove {
        registry.set_gate(model, alias, None)?;
        publish(&registry);
    }
    let gates = registry.gates(model, alias)?;
    if arguments.output.json {
        let gates: Vec<_> = gates
            .iter()
            .map(|gate| {
                json!({
                    "pattern": gate.pattern,
                    "alias": gate.alias,
                    "revision": gate.revision,
                    "text": gate.text,
                    "who": gate.set.who,
                    "at": gate.set.at.to_string(),
                })
            })
            .collect();
        output::json(&json!({ "schema": "reproof.gates/v0", "gates": gates }))?;
        return Ok(Exit::Reached);
    }
    let mut text = String::new();
    for gate in &gates {
        let (pattern, revision) = (&gate.pattern, gate.revision);
        let _ = writeln!(
            text,
            "# `{pattern}` for {alias}, revision {revision}, {} by {}",
            moment(gate.set.at),
            gate.set.who
        );
        let _ = writeln!(text, "{}", gate.text.as_deref().unwrap_or_default().trim_end());
    }
    if gates.is_empty() {
        text = if model.contains('*') {
            format!("no gate is set for {alias} of `{model}`; others may guard its models\n")
        } else {
            format!("no gate guards {alias} of {model}: any version may be promoted by who may promote\n")
        };
    }
    output::data(&text)?;
    Ok(Exit::Reached)
}
