//! `access`: users, groups and services, their roles and tokens.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, Subcommand};
use reproof::registry::Access;
use reproof::registry::policy::Role;
use reproof::registry::records::PrincipalKind;
use serde_json::json;

use super::{RegistryArguments, moment, publish};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;
use crate::quantities::duration;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make a person, group or service known. The first person of a registry becomes its administrator.
    Add {
        /// The name.
        name: String,
        /// It is a group of persons.
        #[arg(long, conflicts_with = "service")]
        group: bool,
        /// It is a program.
        #[arg(long)]
        service: bool,
    },
    /// Put somebody into a group.
    Join {
        /// The member.
        name: String,
        /// The group.
        group: String,
    },
    /// Take somebody out of a group.
    Leave {
        /// The member.
        name: String,
        /// The group.
        group: String,
    },
    /// Give a role, for all models, for some, or for one alias of them.
    Grant {
        /// Who gets it.
        name: String,
        /// The role.
        role: Role,
        /// The models: a name, or a pattern such as `team/*`.
        #[arg(long, value_name = "PATTERN", default_value = "**")]
        models: String,
        /// Only this alias of them.
        #[arg(long, value_name = "ALIAS")]
        alias: Option<String>,
    },
    /// Take a role away, by the number that `access show` prints.
    Revoke {
        /// The number.
        grant: u64,
    },
    /// Make a token and print it, once.
    Token {
        /// Whose.
        name: String,
        /// What it is for.
        #[arg(long, value_name = "TEXT", default_value = "command line")]
        label: String,
        /// How long it is good for.
        #[arg(long, value_name = "TIME", default_value = "90d", value_parser = duration)]
        expires: std::time::Duration,
    },
    /// Make a token worthless, by the number that `access show` prints.
    RevokeToken {
        /// The number.
        token: u64,
    },
    /// Show who there is, or what somebody may do.
    Show {
        /// Whom; everybody if left out.
        name: Option<String>,
    },
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let mut document = json!({ "schema": "reproof.access/v0" });
    let text = match &arguments.command {
        Command::Add { name, group, service } => {
            let kind = match (group, service) {
                (true, _) => PrincipalKind::Group,
                (_, true) => PrincipalKind::Service,
                _ => PrincipalKind::Person,
            };
            let first = registry.add_principal(name, kind)?;
            match first {
                Some(token) => {
                    document["token"] = json!(token.reveal());
                    format!(
                        "{name} is known and, as the first, administrator: this registry has users from now on\n\
                         the token, shown once:\n{}\nnext: export REPROOF_TOKEN=...\n",
                        token.reveal()
                    )
                }
                None => format!("{name} is known\n"),
            }
        }
        Command::Join { name, group } => {
            registry.set_member(group, name, true)?;
            format!("{name} is in {group}\n")
        }
        Command::Leave { name, group } => {
            registry.set_member(group, name, false)?;
            format!("{name} is not in {group} any more\n")
        }
        Command::Grant { name, role, models, alias } => {
            let grant = registry.grant(name, *role, models, alias.as_deref())?;
            document["grant"] = json!(grant);
            let only = alias.as_ref().map_or(String::new(), |alias| format!(", only for the alias {alias}"));
            format!("{name} is {} of {models}{only}\n", role.as_str())
        }
        Command::Revoke { grant } => {
            registry.revoke_grant(*grant)?;
            format!("grant {grant} is taken away\n")
        }
        Command::Token { name, label, expires } => {
            let token = registry.issue_token(name, label, *expires)?;
            document["token"] = json!(token.reveal());
            format!("{}\n", token.reveal())
        }
        Command::RevokeToken { token } => {
            registry.revoke_token(*token)?;
            format!("token {token} is worthless\n")
        }
        Command::Show { name } => {
            let people = registry.people(name.as_deref())?;
            document["principals"] = people.iter().map(describe).collect();
            people.iter().map(line).collect()
        }
    };
    // First of all: a token is told once, and publishing may wait for a network.
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text)?;
    }
    if !matches!(arguments.command, Command::Show { .. }) {
        publish(&registry);
    }
    Ok(Exit::Reached)
}

fn describe(access: &Access) -> serde_json::Value {
    json!({
        "name": access.principal.name,
        "kind": access.principal.kind.name(),
        "groups": access.groups,
        "grants": access.grants.iter().map(|grant| json!({
            "id": grant.id, "through": grant.principal, "role": grant.role, "models": grant.pattern, "alias": grant.alias,
        })).collect::<Vec<_>>(),
        "tokens": access.tokens.iter().map(|token| json!({
            "id": token.id, "name": token.name,
            "expires": token.expires.map(|at| at.to_string()),
            "last_used": token.last_used.map(|at| at.to_string()),
        })).collect::<Vec<_>>(),
    })
}

fn line(access: &Access) -> String {
    let mut text = format!("{} ({})\n", access.principal.name, access.principal.kind.name());
    if !access.groups.is_empty() {
        let _ = writeln!(text, "  in {}", access.groups.join(", "));
    }
    for grant in &access.grants {
        let only = grant.alias.as_ref().map_or(String::new(), |alias| format!(", alias {alias}"));
        let _ = writeln!(
            text,
            "  grant {}: {} of {}{only}, through {}",
            grant.id, grant.role, grant.pattern, grant.principal
        );
    }
    for token in &access.tokens {
        let expires = token.expires.map_or("never".to_owned(), moment);
        let used = token.last_used.map_or("never".to_owned(), moment);
        let _ = writeln!(text, "  token {}: {}, expires {expires}, last used {used}", token.id, token.name);
    }
    text
}
