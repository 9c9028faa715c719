//! `retire`, `flag`, `clear`, `tag`, `note`: what is said of a version without moving it.

use anyhow::Result;
use clap::Args;
use reproof::registry::Reference;
use reproof::registry::records::{ModelChange, Version};
use serde_json::json;

use super::{RegistryArguments, document, publish};
use crate::arguments::OutputArguments;
use crate::failure::{Exit, UsageError};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Which version, as MODEL@VERSION or MODEL@ALIAS.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Args, Debug)]
pub(crate) struct RetireArguments {
    #[command(flatten)]
    common: Arguments,
    /// Bring it back into use.
    #[arg(long)]
    undo: bool,
}

#[derive(Args, Debug)]
pub(crate) struct TagArguments {
    /// Which version, as MODEL@VERSION or MODEL@ALIAS.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// `NAME=TEXT` sets a tag, `NAME=` removes it. Repeat for several.
    #[arg(required = true, value_name = "NAME=TEXT")]
    tag: Vec<String>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Args, Debug)]
pub(crate) struct NoteArguments {
    /// Which version, as MODEL@VERSION or MODEL@ALIAS.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// What is to be noted.
    text: String,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Args, Debug)]
pub(crate) struct DescribeArguments {
    /// The model.
    #[arg(value_name = "MODEL")]
    model: Reference,
    /// What it is.
    #[arg(required_unless_present_any = ["owner", "classification"])]
    text: Option<String>,
    /// Who answers for it from now on.
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// How confidential it is: gates and retention may ask for this word.
    #[arg(long, value_name = "WORD")]
    classification: Option<String>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn describe(arguments: &DescribeArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let change = ModelChange {
        description: arguments.text.as_deref(),
        owner: arguments.owner.as_deref(),
        classification: arguments.classification.as_deref(),
    };
    let model = registry.describe(&arguments.model.model, &change)?;
    publish(&registry);
    if arguments.output.json {
        output::json(&json!({ "schema": "reproof.model/v0", "model": document::model(&model) }))?;
    } else {
        output::data(&format!("{} is described\n", model.name))?;
    }
    Ok(Exit::Reached)
}

pub(crate) fn retire(arguments: &RetireArguments) -> Result<Exit> {
    let common = &arguments.common;
    let registry = common.registry.open()?;
    let version = registry.retire(&common.name, &common.reason, arguments.undo)?;
    publish(&registry);
    say(&common.output, &version, &format!("is {} now", version.state.name()))
}

pub(crate) fn flag(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let version = registry.flag(&arguments.name, &arguments.reason)?;
    publish(&registry);
    say(&arguments.output, &version, "is flagged: no alias moves to it until the flag is cleared")
}

pub(crate) fn clear(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let count = registry.clear(&arguments.name, &arguments.reason)?;
    publish(&registry);
    let version = registry.resolve(&arguments.name)?;
    say(&arguments.output, &version, &format!("has no open flag; {count} cleared"))
}

pub(crate) fn tag(arguments: &TagArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let mut version = registry.resolve(&arguments.name)?;
    for text in &arguments.tag {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| UsageError(format!("`{text}`: expected NAME=TEXT, or NAME= to remove it")))?;
        version = registry.tag(&arguments.name, key, Some(value).filter(|value| !value.is_empty()))?;
    }
    publish(&registry);
    say(&arguments.output, &version, &format!("is tagged {}", arguments.tag.join(", ")))
}

pub(crate) fn note(arguments: &NoteArguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let version = registry.note(&arguments.name, &arguments.text)?;
    publish(&registry);
    say(&arguments.output, &version, "has a note more")
}

fn say(output: &OutputArguments, version: &Version, what: &str) -> Result<Exit> {
    if output.json {
        output::json(
            &json!({ "schema": "reproof.version-state/v0", "version": document::version(version) }),
        )?;
    } else {
        output::data(&format!("{}@{} {what}\n", version.model, version.number))?;
    }
    Ok(Exit::Reached)
}
