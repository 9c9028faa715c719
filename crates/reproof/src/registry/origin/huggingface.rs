//! Folders of Hugging Face: the card (`README.md`), `config.json`, and the commit that the files were downloaded from.

use std::path::Path;

use reproof_registry::Relation;
use serde_json::Value;

use super::{Origin, refused, text, yaml};
use crate::registry::RegistryError;

/// The most bytes of a card or a configuration.
const LIMIT: u64 = 4 << 20;

/// Reads the model in a folder: what has a `config.json` that names an architecture or a type of model, or an adapter's.
pub(super) fn read(folder: &Path) -> Result<Option<Origin>, RegistryError> {
    let known = |file: &str, keys: &[&str]| -> Result<Option<Value>, RegistryError> {
        let path = folder.join(file);
        if !path.is_file() {
            return Ok(None);
        }
        let document: Value =
            serde_json::from_str(&text(&path, LIMIT)?).map_err(|error| refused(&path, error.to_string()))?;
        Ok(keys.iter().any(|key| !document[key].is_null()).then_some(document))
    };
    let config = known("config.json", &["model_type", "architectures", "_class_name"])?;
    let adapter = known("adapter_config.json", &["peft_type"])?;
    if config.is_none() && adapter.is_none() {
        return Ok(None);
    }
    let mut origin = Origin::new("huggingface", folder);
    let card = card(&folder.join("README.md"))?;
    for key in ["license", "library_name", "pipeline_tag"] {
        origin.tag(key, card[key].as_str());
    }
    let config = config.unwrap_or_default();
    origin.tag("model_type", config["model_type"].as_str());
    origin.tag("architecture", config["architectures"][0].as_str().or(config["_class_name"].as_str()));
    origin.tag("transformers", config["transformers_version"].as_str());
    origin.tag("commit", commit(folder).as_deref());
    let adapted = adapter.as_ref().and_then(|adapter| adapter["base_model_name_or_path"].as_str());
    for base in texts(&card["base_model"]).into_iter().chain(adapted).filter(|base| is_repository(base)) {
        let address = format!("https://huggingface.co/{base}");
        if !origin.lineage.iter().any(|(_, from)| *from == address) {
            origin.comes(Relation::DerivedFrom, address);
        }
    }
    for data in texts(&card["datasets"]).into_iter().filter(|name| is_repository(name)) {
        origin.comes(Relation::TrainedFrom, format!("https://huggingface.co/datasets/{data}"));
    }
    Ok(Some(origin))
}

/// The head of a card, between two lines of dashes. People write it by hand: what cannot be read says nothing.
fn card(path: &Path) -> Result<Value, RegistryError> {
    if !path.is_file() {
        return Ok(Value::Null);
    }
    let text = text(path, LIMIT)?;
    let head = text.strip_prefix("---").and_then(|rest| rest.split_once("\n---"));
    Ok(head.and_then(|(head, _)| yaml::parse(head).ok()).unwrap_or_default())
}

/// One text, or a list of them.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Whether a name is one of the hub, and no path of somebody's machine.
fn is_repository(name: &str) -> bool {
    let letters = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    name.split('/').count() <= 2 && name.split('/').all(letters)
}

/// The commit: by the folder's name in the cache of the hub, or by what `hf download --local-dir` noted.
fn commit(folder: &Path) -> Option<String> {
    let is_commit = |text: &str| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let whole = std::fs::canonicalize(folder).ok()?;
    let name = whole.file_name()?.to_str()?;
    if is_commit(name) && whole.parent()?.ends_with("snapshots") {
        return Some(name.to_owned());
    }
    let noted = whole.join(".cache/huggingface/download/config.json.metadata");
    let first = text(&noted, LIMIT).ok()?.lines().next()?.trim().to_owned();
    is_commit(&first).then_some(first)
}
