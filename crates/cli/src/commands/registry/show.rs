//! `show`: what is known of the models, of one, or of a version.

use std::fmt::Write as _;

use anyhow::Result;
use clap::Args;
use reproof::registry::records::PageRequest;
use reproof::registry::{Overview, Reference, Selector, VersionOverview};
use serde_json::json;

use super::{RegistryArguments, document, moment, size};
use crate::arguments::OutputArguments;
use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// A model, or a version as MODEL@VERSION or MODEL@ALIAS; every model if left out.
    #[arg(value_name = "MODEL[@VERSION]")]
    name: Option<Reference>,
    /// How many lines a list has, at most.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u32,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    let registry = arguments.registry.open()?;
    let page = PageRequest::first(arguments.limit);
    let (text, document) = match &arguments.name {
        None => {
            let models = registry.models("", &page)?;
            let lines = models.items.iter().map(|model| {
                format!("{:<40} {:<20} {}\n", model.name, model.owner, moment(model.created.at))
            });
            let text: String = lines.collect();
            let text = if text.is_empty() {
                "no models yet: reproof push PATH MODEL@1.0.0\n".to_owned()
            } else {
                text
            };
            let models: Vec<_> = models.items.iter().map(document::model).collect();
            (text, json!({ "schema": "reproof.models/v0", "models": models }))
        }
        Some(name) if name.selector == Selector::Model => {
            let overview = registry.model(&name.model, &page)?;
            let document = json!({
                "schema": "reproof.model/v0",
                "model": document::model(&overview.model),
                "aliases": overview.aliases.iter().map(document::alias).collect::<Vec<_>>(),
                "versions": overview.versions.items.iter().map(document::version).collect::<Vec<_>>(),
            });
            (model(&overview), document)
        }
        Some(name) => {
            let overview = registry.version(name)?;
            let shown = &overview.shown;
            let document = json!({
                "schema": "reproof.version/v0",
                "model": document::model(&shown.model),
                "version": document::version(&shown.version),
                "aliases": shown.aliases,
                "tags": shown.tags.iter().map(document::tag).collect::<Vec<_>>(),
                "flags": shown.flags.iter().map(document::flag).collect::<Vec<_>>(),
                "holds": shown.holds.iter().map(document::hold).collect::<Vec<_>>(),
                "evidence": shown.evidence.iter().map(document::evidence).collect::<Vec<_>>(),
                "approvals": overview.approvals.iter().map(document::approval).collect::<Vec<_>>(),
                "lineage": overview.lineage.iter().map(document::lineage).collect::<Vec<_>>(),
                "descendants": overview.descendants.iter().map(document::lineage).collect::<Vec<_>>(),
                "notes": overview.notes.iter().map(document::note).collect::<Vec<_>>(),
            });
            (version(&overview), document)
        }
    };
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text)?;
    }
    Ok(Exit::Reached)
}

fn model(overview: &Overview) -> String {
    let model = &overview.model;
    let mut text = format!("{}\n  owner    {}\n", model.name, model.owner);
    if !model.classification.is_empty() {
        let _ = writeln!(text, "  class    {}", model.classification);
    }
    if !model.description.is_empty() {
        let _ = writeln!(text, "  about    {}", model.description);
    }
    let _ = writeln!(text, "  since    {}", moment(model.created.at));
    if !overview.aliases.is_empty() {
        text += "\naliases\n";
    }
    for alias in &overview.aliases {
        let target = alias.version.as_deref().unwrap_or("(nothing)");
        let _ = writeln!(
            text,
            "  {:<20} {:<16} {} by {}",
            alias.name,
            target,
            moment(alias.since.at),
            alias.since.who
        );
    }
    text += "\nversions\n";
    for version in &overview.versions.items {
        let _ = writeln!(
            text,
            "  {:<16} {:<8} {:>10}  {}  {} by {}",
            version.number,
            version.state.name(),
            size(version.size),
            version.artifact.short(),
            moment(version.submitted.at),
            version.submitted.who
        );
    }
    if overview.versions.next.is_some() {
        text += "  ... and older ones: --limit N\n";
    }
    text
}

fn version(overview: &VersionOverview) -> String {
    let shown = &overview.shown;
    let version = &shown.version;
    let mut text = format!("{}@{}\n", version.model, version.number);
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {name:<10} {value}");
    };
    line("state", version.state.name());
    line("artifact", &version.artifact.to_string());
    line("weights", &version.weights.to_string());
    line("contract", &version.contract.map_or("none".to_owned(), |contract| contract.to_string()));
    line("size", &size(version.size));
    line("pushed", &format!("{} by {}", moment(version.submitted.at), version.submitted.who));
    if !shown.aliases.is_empty() {
        line("aliases", &shown.aliases.join(", "));
    }
    for (key, value) in &shown.tags {
        line("tag", &format!("{key}={value}"));
    }
    for edge in &overview.lineage {
        line(edge.relation.name(), edge.target_version.as_ref().unwrap_or(&edge.target));
    }
    for edge in &overview.descendants {
        line("gave", &format!("{} ({})", edge.version, edge.relation.name()));
    }
    for flag in &shown.flags {
        line("FLAGGED", &format!("{} (by {}, {})", flag.reason, flag.raised.who, moment(flag.raised.at)));
    }
    for hold in &shown.holds {
        line("held", &format!("{} (by {}, number {})", hold.reason, hold.laid.who, hold.id));
    }
    section(
        &mut text,
        "evidence",
        shown.evidence.iter().map(|evidence| {
            let place = if evidence.environment.is_empty() {
                String::new()
            } else {
                format!(" on {}", evidence.environment)
            };
            let reach = if evidence.assurance.is_empty() {
                String::new()
            } else {
                format!(" ({})", evidence.assurance)
            };
            let signed = if evidence.key_hint.is_empty() { "unsigned" } else { "signed" };
            format!(
                "{:<12} {}{reach}{place}, {signed}, {} by {}",
                evidence.kind.name(),
                evidence.verdict,
                moment(evidence.at),
                evidence.who
            )
        }),
    );
    section(
        &mut text,
        "decisions",
        overview.approvals.iter().map(|approval| {
            let counts = if approval.in_force { "" } else { ", no longer counts" };
            format!(
                "{:<3} {:<9} as {} by {}, {}: {}{counts}",
                approval.id,
                approval.decision.name(),
                approval.role,
                approval.decided.who,
                moment(approval.decided.at),
                approval.reason
            )
        }),
    );
    section(
        &mut text,
        "notes",
        overview
            .notes
            .iter()
            .map(|note| format!("{} {}: {}", moment(note.written.at), note.written.who, note.text)),
    );
    text
}

fn section(text: &mut String, name: &str, lines: impl Iterator<Item = String>) {
    for (index, line) in lines.enumerate() {
        if index == 0 {
            let _ = writeln!(text, "\n{name}");
        }
        let _ = writeln!(text, "  {line}");
    }
}
