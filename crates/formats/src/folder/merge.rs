//! Descriptions of several files as one.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use serde_json::Value;

use super::{facts, is_model};
use crate::checkpoint::{self, PartDescription, Role, Trainer, TrainingState};
use crate::{
    Description, FileDescription, Finding, Format, FormatError, OpenOptions, TensorDescription, file, open,
    tensors,
};

/// Bytes of a JSON file of training state at most.
const JSON: u64 = 64 << 20;

/// What has been merged so far.
#[derive(Default)]
pub(super) struct Merged {
    files: Vec<FileDescription>,
    tensors: Vec<TensorDescription>,
    parts: Vec<PartDescription>,
    metadata: BTreeMap<String, String>,
    findings: Vec<Finding>,
    /// How many parts there are of each name.
    counts: HashMap<String, u64>,
}

impl Merged {
    /// Adds the file `name` of `folder`.
    pub(super) fn add_file(
        &mut self,
        folder: &Path,
        name: &str,
        role: Option<Role>,
        options: &OpenOptions,
    ) -> Result<(), FormatError> {
        // The user's word about the model is about the weights alone.
        let options = if role.is_none() { options.clone() } else { OpenOptions::default() };
        let described = open::open_with(&folder.join(name), &options)?;
        let mut described = named(described, name);
        if let Some(role) = role {
            expect(&mut described, role);
        }
        self.add(described, Some(name));
        Ok(())
    }

    /// Adds one of several files that together are the model.
    pub(super) fn add_named(&mut self, described: Description, name: &str) {
        self.add(named(described, name), None);
    }

    /// Adds a folder that lies in the folder.
    pub(super) fn add_below(&mut self, mut described: Description, folder: &str, role: Role) {
        for file in &mut described.files {
            file.path = format!("{folder}/{}", file.path);
        }
        expect(&mut described, role);
        self.add(described, Some(folder));
    }

    /// Adds a description; `origin` says where its parts were found.
    pub(super) fn add(&mut self, described: Description, origin: Option<&str>) {
        let shift = self.files.len();
        self.files.extend(described.files);
        let mut renamed: HashMap<String, String> = HashMap::new();
        let bare = described.state.parts.is_empty();
        let mut parts = described.state.parts;
        if bare && !described.tensors.is_empty() {
            let tensors = described.tensors.len() as u64;
            parts.push(PartDescription {
                name: tensors::MODEL.to_owned(),
                tensors,
                ..PartDescription::default()
            });
        }
        for mut part in parts {
            if let Some(origin) = origin {
                part.root =
                    if part.root.is_empty() { origin.to_owned() } else { format!("{origin}:{}", part.root) };
            }
            let known = self.parts.iter_mut().find(|known| is_model(&known.name) && is_model(&part.name));
            if let Some(model) = known {
                model.tensors += part.tensors;
                continue;
            }
            let base = part.name.split('.').next().unwrap_or(&part.name).to_owned();
            let count = self.counts.entry(base.clone()).or_default();
            let name = if *count == 0 { base } else { format!("{base}.{count}") };
            *count += 1;
            renamed.insert(std::mem::replace(&mut part.name, name.clone()), name);
            self.parts.push(part);
        }
        self.tensors.extend(described.tensors.into_iter().map(|tensor| TensorDescription {
            part: renamed.get(&tensor.part).cloned().unwrap_or(tensor.part),
            storage: tensor.storage.moved(shift, 0),
            ..tensor
        }));
        // What the weights say about themselves is the folder's metadata.
        if shift == 0 {
            self.metadata = described.metadata;
        }
        self.findings.extend(described.findings);
    }

    /// Adds a JSON file that tells how far training was.
    pub(super) fn add_json(&mut self, path: &Path, name: &str) -> Result<(), FormatError> {
        let bytes = file::read(path, JSON)?;
        let part = |facts| PartDescription {
            name: Role::Progress.as_str().to_owned(),
            root: name.to_owned(),
            facts,
            ..PartDescription::default()
        };
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) => self.parts.push(part(facts(&value))),
            Err(error) => {
                // Python writes numbers that JSON has not; that is worth knowing and no reason to refuse the rest.
                self.findings.push(Finding {
                    id: "folder.json".to_owned(),
                    severity: crate::Severity::Info,
                    message: format!("`{name}` is not JSON that can be read: {error}"),
                    offset: None,
                });
                self.parts.push(part(BTreeMap::new()));
            }
        }
        Ok(())
    }

    /// The description of everything added.
    pub(super) fn finish(
        self,
        format: Format,
        trainer: Option<Trainer>,
        configuration: Option<&[u8]>,
    ) -> Description {
        let mut parts = self.parts;
        parts.sort_by_key(|part| Role::order(&part.name));
        let mut state = TrainingState { trainer, parts, missing: Vec::new() };
        checkpoint::finish(&mut state, &self.tensors);
        Description {
            format,
            kind: ArtifactKind::Folder,
            files: self.files,
            architecture: tensors::architecture(&self.tensors, configuration),
            tensors: self.tensors,
            interface: Interface::default(),
            graph: None,
            metadata: self.metadata,
            state,
            findings: self.findings,
        }
    }
}

/// Gives the only file of a description its name in the folder.
fn named(mut described: Description, name: &str) -> Description {
    if let [file] = described.files.as_mut_slice() {
        name.clone_into(&mut file.path);
    }
    described
}

/// If a file holds one part of which its content tells nothing, its name does.
fn expect(described: &mut Description, role: Role) {
    let unknown = |name: &str| matches!(name, "state" | "model");
    if described.state.parts.is_empty() && !described.tensors.is_empty() {
        let tensors = described.tensors.len() as u64;
        let name = tensors::MODEL.to_owned();
        described.state.parts.push(PartDescription { name, tensors, ..PartDescription::default() });
    }
    if let [only] = described.state.parts.as_mut_slice()
        && unknown(&only.name)
    {
        let name = std::mem::replace(&mut only.name, role.as_str().to_owned());
        for tensor in described.tensors.iter_mut().filter(|tensor| tensor.part == name) {
            role.as_str().clone_into(&mut tensor.part);
        }
    }
}
