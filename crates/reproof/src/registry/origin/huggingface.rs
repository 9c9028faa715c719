//! Folders of Hugging Face: the card (`README.md`), `config.json`, and the commit that the files were downloaded from.

use std::path::Path;

use reproof_registry::Relation;
use serde_json::Value;

use super::{Origin, text, yaml};

/// The most bytes of a card or a configuration.
const LIMIT: u64 = 4 << 20;

/// Reads the model in a folder: what has a `config.json` that names an architecture or a type of model, or an adapter's.
pub(super) fn read(folder: &Path) -> Option<Origin> {
    let config = document(&folder.join("config.json"), &["model_type", "architectures", "_class_name"]);
    let adapter = document(&folder.join("adapter_config.json"), &["peft_type"]);
    if config.is_none() && adapter.is_none() {
        return None;
    }
    let mut origin = Origin::new("huggingface", folder);
    let card = card(&folder.join("README.md")).unwrap_or_default();
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
    Some(origin)
}

/// A document that has one of these keys. Any tool may call its file `config.json`: what cannot be read is none of theirs.
fn document(path: &Path, keys: &[&str]) -> Option<Value> {
    let document: Value = serde_json::from_str(&text(path, LIMIT).ok()?).ok()?;
    keys.iter().any(|key| !document[key].is_null()).then_some(document)
}

/// The head of a card, between two lines of dashes. People write it by hand: what cannot be read says nothing.
fn card(path: &Path) -> Option<Value> {
    let text = text(path, LIMIT).ok()?;
    let (head, _) = text.strip_prefix("---")?.split_once("\n---")?;
    yaml::parse(head).ok()
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
