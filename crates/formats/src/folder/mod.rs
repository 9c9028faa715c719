//! Folders that are one checkpoint: weights in shards, optimizer, scheduler and random states in files of their own.

mod component;
mod distributed;
mod index;
mod merge;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::checkpoint::{self, Trainer};
use crate::{Description, Format, FormatError, OpenOptions, Problem, file, tensors, torch};
use component::{Component, Weights};
use merge::Merged;

/// Bytes of a configuration at most.
const CONFIGURATION: u64 = 16 << 20;

/// Keys of a configuration that change without the model: where it came from and what wrote it.
const VOLATILE: &[&str] = &["transformers_version", "_name_or_path", "_commit_hash"];

/// Describes a folder whose files (POSIX paths below it, with their locations) are one checkpoint; `None` if they are
/// not.
pub fn open_folder(
    path: &Path,
    files: &[(String, PathBuf)],
    options: &OpenOptions,
) -> Result<Option<Description>, FormatError> {
    let Some(mut description) = joined(path, files, options)? else { return Ok(None) };
    description.findings.extend(tensors::shared_names(&description.tensors));
    Ok(Some(description))
}

fn joined(
    path: &Path,
    files: &[(String, PathBuf)],
    options: &OpenOptions,
) -> Result<Option<Description>, FormatError> {
    let has = |name: &str| files.iter().any(|(known, _)| known == name);
    if has(torch::METADATA) {
        return torch::describe_distributed(path, options).map(Some);
    }
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let shards = distributed::shards(&names);
    if !shards.is_empty()
        && let Some(description) = distributed::describe(path, &shards, options)?
    {
        return Ok(Some(description));
    }
    let components = component::of(&names);
    let weights = component::weights(&names);
    let has_config = has("config.json") || has("adapter_config.json");
    let is_checkpoint = !components.is_empty()
        || has("trainer_state.json")
        || weights.is_some() && (has_config || names.iter().any(|name| name.ends_with(".index.json")));
    if !is_checkpoint {
        return Ok(None);
    }
    let mut merged = Merged::default();
    let mut format = None;
    match &weights {
        Some(Weights::Indexed(name)) => {
            let sharded = index::describe(path, name, options)?;
            format = Some(sharded.format);
            merged.add(sharded, None);
        }
        Some(Weights::Whole(name)) => merged.add_file(path, name, None, options)?,
        None => {}
    }
    for Component { name, role } in &components {
        match name.strip_suffix(&format!("/{}", torch::METADATA)) {
            Some(folder) => {
                let described = torch::describe_distributed(&path.join(folder), options)?;
                merged.add_below(described, folder, *role);
            }
            None => merged.add_file(path, name, Some(*role), options)?,
        }
    }
    let named = ["config.json", "adapter_config.json"].into_iter().find(|name| has(name));
    let configuration = named.map(|name| configuration(&path.join(name))).transpose()?.flatten();
    let has_file = |prefix: &str| names.iter().any(|name| name.starts_with(prefix));
    let trainer = if has("trainer_state.json") || has("training_args.bin") {
        let version = configuration.as_ref().and_then(|config| config.get("transformers_version"));
        let version = version.and_then(Value::as_str).map(ToOwned::to_owned);
        Some(Trainer { name: "Hugging Face Trainer".to_owned(), version })
    } else {
        has_file("random_states_").then(|| Trainer { name: "Accelerate".to_owned(), version: None })
    };
    let format = match &trainer {
        Some(trainer) if trainer.name == "Accelerate" => Format::Accelerate,
        Some(_) => Format::HuggingFace,
        None if has_config => Format::HuggingFace,
        None => format.unwrap_or(Format::HuggingFace),
    };
    if has("trainer_state.json") {
        merged.add_json(&path.join("trainer_state.json"), "trainer_state.json")?;
    }
    Ok(Some(merged.finish(format, trainer, canonical(configuration).as_deref())))
}

/// The configuration of a model, if it is JSON.
fn configuration(path: &Path) -> Result<Option<Value>, FormatError> {
    let bytes = file::read(path, CONFIGURATION)?;
    Ok(serde_json::from_slice(&bytes).ok())
}

/// A configuration as bytes that do not depend on the order of keys, nor on what wrote it.
fn canonical(configuration: Option<Value>) -> Option<Vec<u8>> {
    let Some(Value::Object(mut entries)) = configuration else { return None };
    entries.retain(|key, _| !VOLATILE.contains(&key.as_str()));
    let mut value = Value::Object(entries);
    sort(&mut value);
    serde_json::to_vec(&value).ok()
}

fn sort(value: &mut Value) {
    match value {
        Value::Object(entries) => {
            entries.values_mut().for_each(sort);
            entries.sort_keys();
        }
        Value::Array(values) => values.iter_mut().for_each(sort),
        _ => {}
    }
}

/// Numbers and texts of a JSON document by dotted names.
fn facts(value: &Value) -> BTreeMap<String, Value> {
    let mut facts = BTreeMap::new();
    checkpoint::flatten(&value.into(), "", &mut facts);
    facts
}

/// Refuses a name that leads out of its folder.
fn plain(path: &Path, name: &str) -> Result<(), FormatError> {
    let is_plain = !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', '\0']);
    if is_plain { Ok(()) } else { Err(FormatError::new(path, Problem::Outside { name: name.to_owned() })) }
}

/// Whether a part of a checkpoint is its model.
fn is_model(part: &str) -> bool {
    part == tensors::MODEL
}
