//! `push`: stores an artifact and names it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::registry::records::Relation;
use reproof::registry::{PushOptions, Reference};
use serde_json::json;

use super::{RegistryArguments, document, publish, size};
use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::{Exit, UsageError, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The artifact: a file or a folder. Its contract goes with it.
    path: PathBuf,
    /// The name, as MODEL@VERSION with a semantic version: `team/sentiment@1.2.0`.
    #[arg(value_name = "MODEL@VERSION")]
    name: Reference,
    /// Where its contract lies, if neither in nor beside the artifact.
    #[arg(long, value_name = "DIR")]
    contract: Option<PathBuf>,
    /// Store it as a difference from this version too, such as the model that it was tuned from. Repeat for several.
    #[arg(long, value_name = "MODEL@VERSION")]
    like: Vec<Reference>,
    /// Where it comes from: `trained-from=`, `derived-from=`, `resumed-from=` or `evaluated-by=` and a MODEL@VERSION, a
    /// digest or an address. Repeat for several.
    #[arg(long, value_name = "HOW=WHAT")]
    from: Vec<String>,
    /// Set a tag, as NAME=TEXT. Repeat for several.
    #[arg(long, value_name = "NAME=TEXT")]
    tag: Vec<String>,
    /// Who answers for a model that is new [default: you].
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// How confidential a model that is new is.
    #[arg(long, value_name = "WORD")]
    classification: Option<String>,
    /// Keep what looks like a credential or personal data in the contract.
    #[arg(long)]
    allow_private: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let mut options = PushOptions {
        contract: arguments.contract.clone(),
        like: arguments.like.clone(),
        owner: arguments.owner.clone(),
        classification: arguments.classification.clone(),
        allow_private: arguments.allow_private,
        ..PushOptions::default()
    };
    for text in &arguments.from {
        let (how, what) = pair("--from", text)?;
        let known = Relation::ALL.iter().copied().find(|kind| kind.name() == how);
        let how = known.ok_or_else(|| {
            let known: Vec<&str> = Relation::ALL.iter().map(|kind| kind.name()).collect();
            UsageError(format!("--from {text}: `{how}` is none of {}", known.join(", ")))
        })?;
        if how == Relation::DerivedFrom
            && let Ok(base) = what.parse::<Reference>()
            && base.named().is_ok()
        {
            // What it was derived from is what it is like.
            options.like.push(base);
        }
        options.lineage.push((how, what.to_owned()));
    }
    for text in &arguments.tag {
        let (name, value) = pair("--tag", text)?;
        options.tags.push((name.to_owned(), value.to_owned()));
    }
    let registry = arguments.registry.open()?;
    let pushed = registry.push(&arguments.path, &arguments.name, &options, &Bars::new())?;
    publish(&registry);
    let signatures = &pushed.signatures;
    for (path, problem) in &signatures.left_out {
        output::note(&format!("{} was not kept as evidence: {problem}", output::shown(path)));
    }
    if pushed.contradicted {
        output::note(
            "its contract is of other bytes, so that it can never verify: record it anew, or `reproof accept` it, and push \
             the next version",
        );
    }
    if arguments.output.json {
        output::json(&json!({
            "schema": "reproof.push/v0",
            "version": document::version(&pushed.version),
            "new": pushed.new,
            "new_model": pushed.new_model,
            "contradicted": pushed.contradicted,
            "new_bytes": pushed.stored.new,
            "written_bytes": pushed.stored.written,
            "origin": pushed.origin.as_ref().map(|origin| origin.tool),
            "signatures": signatures.kept.iter().map(|(statement, new)| json!({
                "key_hint": statement.key_hint,
                "statement": statement.digest,
                "new": new,
            })).collect::<Vec<_>>(),
            "signatures_left_out": signatures.left_out.iter().map(|(path, problem)| json!({
                "path": path,
                "problem": problem,
            })).collect::<Vec<_>>(),
        }))?;
        return Ok(Exit::Reached);
    }
    let version = &pushed.version;
    let what = if pushed.new { "pushed" } else { "was there already, the same to the last bit:" };
    let mut text = format!("{what} {}@{}\n  {}\n", version.model, version.number, version.artifact);
    let stored = &pushed.stored;
    let new = if stored.new == 0 {
        "all of it stored before".to_owned()
    } else {
        format!("of which {} were new and took {}", size(stored.new), size(stored.written))
    };
    let _ = writeln!(text, "  {}, {new}", size(stored.size));
    if let Some(origin) = &pushed.origin {
        let tags: Vec<String> = origin.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let _ = writeln!(text, "  from {}: {}", origin.tool, tags.join(", "));
    }
    for (statement, new) in &signatures.kept {
        let kept = if *new { "kept as evidence" } else { "evidence already" };
        let _ = writeln!(text, "  signed by the key {}, {kept}", statement.key_hint);
    }
    if version.contract.is_none() {
        text += "  without a contract: `reproof record` it and push the next version, or nothing can be proved about it\n";
    }
    output::data(&text)?;
    Ok(Exit::Reached)
}

fn pair<'a>(option: &str, text: &'a str) -> Result<(&'a str, &'a str), UsageError> {
    let pair = text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
    pair.ok_or_else(|| UsageError(format!("{option} {text}: expected NAME=VALUE")))
}
