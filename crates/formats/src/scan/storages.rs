//! Which members of an archive are storages of tensors.

use std::collections::HashMap;

use reproof_digest::ReadAt;
use serde_json::Value;

use super::session::Session;
use crate::checkpoint::from_pickle::Reference;
use crate::zip::Archive;

/// Bytes of a configuration that says which members are weights.
const CONFIGURATION: u64 = 64 << 20;

/// Members that something declares to be typed storage.
#[derive(Debug, Default)]
pub(super) struct Storages {
    /// By name, with the number of bytes where that is told.
    lengths: HashMap<String, Option<u64>>,
    /// Whether the archive is TorchScript.
    pub(super) scripted: bool,
}

impl Storages {
    /// What the names of an archive tell before anything is read.
    pub(super) fn of(archive: &Archive) -> Self {
        let is_constants = |name: &str| name == "constants.pkl" || name.ends_with("/constants.pkl");
        let scripted = archive.members.iter().any(|member| is_constants(&member.name));
        Self { lengths: HashMap::new(), scripted }
    }

    /// The storages that the pickle of this name refers to: `data/0` beside `data.pkl`, `constants/0` beside
    /// `constants.pkl`.
    pub(super) fn add(&mut self, archive: &Archive, pickle: &str, references: &[Reference]) {
        let stem = pickle.rsplit_once('.').map_or(pickle, |(stem, _)| stem);
        for reference in references {
            // Pickles of other names refer to `data`, as `torch.save` does.
            let folders = [stem.to_owned(), beside(pickle, "data")];
            let names = folders.map(|folder| format!("{folder}/{}", reference.key));
            if let Some(name) = names.into_iter().find(|name| archive.find(name).is_some()) {
                let length = (reference.location != "meta").then_some(reference.length);
                self.lengths.entry(name).or_insert(length);
            }
        }
    }

    /// The bytes that a storage must have, if the member is one and that is told.
    #[expect(clippy::option_option, reason = "a storage of any length is a storage")]
    pub(super) fn length(&self, name: &str) -> Option<Option<u64>> {
        self.lengths.get(name).copied()
    }
}

fn beside(path: &str, name: &str) -> String {
    path.rsplit_once('/').map_or_else(|| name.to_owned(), |(folder, _)| format!("{folder}/{name}"))
}

impl Session {
    /// Adds the weights of an archive of `torch.export`, which configurations list: raw bytes, unless they say that a
    /// pickle must be used.
    pub(super) fn exported(&mut self, source: &dyn ReadAt, archive: &Archive, storages: &mut Storages) {
        for member in &archive.members {
            if !(member.name.ends_with("_weights_config.json")
                || member.name.ends_with("_constants_config.json"))
            {
                continue;
            }
            let Ok(bytes) = member.bytes(source, CONFIGURATION) else { continue };
            self.charge(bytes.len() as u64);
            let Ok(Value::Object(root)) = serde_json::from_slice(&bytes) else { continue };
            let Some(Value::Object(entries)) = root.get("config") else { continue };
            for entry in entries.values() {
                let raw = entry.get("use_pickle").and_then(Value::as_bool) == Some(false);
                if let Some(path) = entry.get("path_name").and_then(Value::as_str).filter(|_| raw) {
                    storages.lengths.insert(beside(&member.name, path), None);
                }
            }
        }
    }
}
