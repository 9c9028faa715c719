//! `approve`: a person says that a version may be used, or may not.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::registry::Reference;
use reproof::registry::policy::Role;
use reproof::sign::private_key;
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
    /// The role in which you decide.
    #[arg(long = "as", value_name = "ROLE", default_value = "reviewer")]
    role: Role,
    /// Decide for this alias only, as who has the role for it alone must.
    #[arg(long = "for", value_name = "ALIAS")]
    alias: Option<String>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Say that it may not be used.
    #[arg(long)]
    reject: bool,
    /// Take back the decision of this number, which `show` prints.
    #[arg(long, value_name = "NUMBER", conflicts_with_all = ["reject", "key", "alias"])]
    withdraw: Option<u64>,
    /// Sign the decision with this private key.
    #[arg(long, value_name = "PEM")]
    key: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let key = arguments.key.as_deref().map(private_key).transpose()?;
    let registry = arguments.registry.open()?;
    let (name, reason) = (&arguments.name, arguments.reason.as_str());
    let decision = if let Some(number) = arguments.withdraw {
        registry.withdraw(name, number, reason)?
    } else {
        let role = (arguments.role, arguments.alias.as_deref());
        registry.decide(name, role, !arguments.reject, reason, key.as_ref())?
    };
    publish(&registry);
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.decision/v0",
            "version": arguments.name.to_string(),
            "decision": document::approval(&decision),
        }))?;
    } else {
        let signed = if key.is_some() { ", signed" } else { "" };
        let what = decision.decision.name();
        output::data(&format!(
            "{} {what} by {} as {}{signed}\n",
            arguments.name, decision.decided.who, decision.role
        ))?;
    }
    Ok(Exit::Reached)
}
