//! `retention`, `hold`, `delete`: how long versions stay.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{ArgGroup, Args};
use reproof::registry::policy::{Period, Retention};
use reproof::registry::{Reference, Scope};
use serde_json::json;

use super::{RegistryArguments, document, publish};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
#[command(group(ArgGroup::new("scope").args(["alias", "classification"])))]
pub(crate) struct RetentionArguments {
    /// Versions that this alias points at or pointed at, from when it last did.
    #[arg(long, value_name = "ALIAS")]
    alias: Option<String>,
    /// Versions of models of this classification, from when they were pushed.
    #[arg(long, value_name = "WORD")]
    classification: Option<String>,
    /// Keep them at least so long: `90d`, `2y`. Without --alias and --classification, all that no other rule is about.
    #[arg(long, value_name = "TIME", conflicts_with = "remove")]
    keep: Option<Period>,
    /// Remove the rule.
    #[arg(long)]
    remove: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn retention(arguments: &RetentionArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let scope = match (&arguments.alias, &arguments.classification) {
        (Some(alias), _) => Scope::Alias(alias.clone()),
        (_, Some(word)) => Scope::Classification(word.clone()),
        _ => Scope::Others,
    };
    if arguments.keep.is_some() || arguments.remove {
        registry.set_retention(&scope, arguments.keep)?;
        publish(&registry);
    }
    let retention = registry.retention()?;
    if arguments.output.json {
        output::json(&json!({ "schema": "reproof.retention/v0", "retention": retention }))?;
    } else {
        output::data(&describe(&retention))?;
    }
    Ok(Exit::Reached)
}

fn describe(retention: &Retention) -> String {
    let mut text = String::new();
    for rule in &retention.rules {
        let about = match (&rule.alias, &rule.classification) {
            (Some(alias), _) => format!("alias {alias}"),
            (_, Some(word)) => format!("classification {word}"),
            _ => continue,
        };
        let since = if rule.alias.is_some() { "the alias last pointed there" } else { "the push" };
        let _ = writeln!(text, "{about:<30} {:>6} after {since}", rule.keep);
    }
    match retention.keep {
        Some(keep) => {
            let _ = writeln!(text, "{:<30} {keep:>6} after the push", "all others");
        }
        None => {
            text += "all others                     for ever: reproof retention --keep TIME sets a period\n";
        }
    }
    text
}

#[derive(Args, Debug)]
pub(crate) struct HoldArguments {
    /// What is held: a version, as MODEL@VERSION, or with MODEL alone all of its versions.
    #[arg(value_name = "MODEL[@VERSION]", required_unless_present = "release")]
    name: Option<Reference>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// End this hold; `show` prints its number.
    #[arg(long, value_name = "NUMBER", conflicts_with = "name")]
    release: Option<u64>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn hold(arguments: &HoldArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let mut document = json!({ "schema": "reproof.hold/v0" });
    let text = if let Some(name) = &arguments.name {
        let hold = registry.hold(name, &arguments.reason)?;
        document["hold"] = document::hold(&hold);
        format!("{name} is held, number {}: nothing of it is deleted until the hold ends\n", hold.id)
    } else {
        let hold = arguments.release.unwrap_or_default();
        registry.release(hold, &arguments.reason)?;
        document["released"] = json!(hold);
        format!("hold {hold} ended\n")
    };
    publish(&registry);
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text)?;
    }
    Ok(Exit::Reached)
}

#[derive(Args, Debug)]
pub(crate) struct DeleteArguments {
    /// Which version, as MODEL@VERSION.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Only tell whether it would be deleted.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn delete(arguments: &DeleteArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let removal = registry.delete(&arguments.name, &arguments.reason, arguments.dry_run)?;
    if removal.done {
        publish(&registry);
    }
    let (version, deletion) = (&removal.version, &removal.deletion);
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.deletion/v0",
            "version": document::version(version),
            "deleted": removal.done,
            "allowed": deletion.allowed,
            "reasons": deletion.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }))?;
    } else {
        let name = format!("{}@{}", version.model, version.number);
        let mut text = match (removal.done, deletion.allowed) {
            (true, _) => format!(
                "{name} is deleted; its name and digests stay, its bytes go with the next `reproof gc` unless another \
                 version needs them\n"
            ),
            (false, true) => format!("{name} may be deleted; nothing was done\n"),
            (false, false) => format!("{name} is kept\n"),
        };
        for reason in &deletion.reasons {
            let _ = writeln!(text, "  {reason}");
        }
        output::data(&text)?;
    }
    Ok(if deletion.allowed { Exit::Reached } else { Exit::Negative })
}
