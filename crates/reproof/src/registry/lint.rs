//! What a version lacks: a contract, an environment, evidence, the names and fields that a team agreed on.

use std::collections::BTreeMap;
use std::path::Path;

use reproof_contract::contract::Contract;
use reproof_policy::Convention;
use reproof_policy::convention::Subject;
use reproof_registry::EvidenceKind;
use serde::Serialize;

use super::{Reference, Registry, RegistryError};

/// Something that a version lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// A fixed dotted word.
    pub id: String,
    /// What is not there, or not as agreed.
    pub lacks: String,
    /// What to do about it.
    pub next: String,
}

impl Registry {
    /// Everything that a version lacks, by what every version should have and by the conventions of a project file.
    pub fn lint(&self, reference: &Reference, project: Option<&Path>) -> Result<Vec<Lack>, RegistryError> {
        let overview = self.version(reference)?;
        let shown = &overview.shown;
        let version = &shown.version;
        let named = format!("{}@{}", version.model, version.number);
        let mut lacks = Vec::new();
        let mut lack = |id: &str, what: &str, next: &str| {
            let next = next.replace("MODEL@VERSION", &named).replace("MODEL", &version.model);
            lacks.push(Lack { id: id.to_owned(), lacks: what.to_owned(), next });
        };
        let contract = self.contract_of(&version.manifest)?;
        match &contract {
            None => lack(
                "lint.contract",
                "it has no contract: nothing it promises is known",
                "reproof record PATH, then push the next version",
            ),
            Some(contract) => {
                if contract.artifact.artifact_digest != version.artifact {
                    lack(
                        "lint.artifact",
                        "its contract is of other bytes: no verification can hold",
                        "reproof record PATH, or reproof accept PATH --reason TEXT, then push the next version",
                    );
                }
                if contract.suite.is_empty() {
                    lack("lint.suite", "its contract has no cases", "reproof record PATH --cases FILE");
                }
                if contract.context.datasets.is_empty() {
                    lack(
                        "lint.data",
                        "its contract names no data",
                        "reproof record PATH --dataset NAME=REFERENCE",
                    );
                }
                if contract.governance.owner.is_none() {
                    lack("lint.owner", "its contract names no owner", "reproof record PATH --owner NAME");
                }
                let python = contract.runner.as_deref().is_some_and(|runner| runner.starts_with("python"));
                if python && self.has_no_lock(&version.manifest)? {
                    lack(
                        "lint.environment",
                        "its contract has no lock of its environment",
                        "reproof env lock, or record with --python",
                    );
                }
            }
        }
        if !shown.evidence.iter().any(|evidence| evidence.kind == EvidenceKind::Verification) {
            lack("lint.evidence", "nobody verified it", "reproof verify MODEL@VERSION");
        }
        if !shown.evidence.iter().any(|evidence| evidence.kind == EvidenceKind::Scan) {
            lack("lint.scan", "nobody scanned it", "reproof scan MODEL@VERSION");
        }
        if shown.model.description.is_empty() {
            lack("lint.description", "its model has no description", "reproof describe MODEL TEXT");
        }
        if let Some(path) = project {
            let text = std::fs::read_to_string(path)
                .map_err(|source| RegistryError::Read { path: path.to_owned(), source })?;
            let rule = |problem: String| RegistryError::Rule { what: path.display().to_string(), problem };
            let convention = Convention::parse(&text).map_err(|error| rule(error.to_string()))?;
            let mut fields: BTreeMap<&str, &str> = BTreeMap::from([("owner", shown.model.owner.as_str())]);
            if !shown.model.classification.is_empty() {
                fields.insert("classification", &shown.model.classification);
            }
            if !shown.model.description.is_empty() {
                fields.insert("description", &shown.model.description);
            }
            let subject = Subject {
                model: &version.model,
                version: &version.number,
                aliases: &shown.aliases,
                tags: shown.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
                fields,
            };
            for finding in convention.check(&subject) {
                let next = match finding.id.split_once('.') {
                    Some(("require", what)) if what.starts_with("tag") => {
                        "reproof tag MODEL@VERSION NAME=TEXT"
                    }
                    Some(("require", _)) => "reproof describe MODEL TEXT --owner NAME --classification WORD",
                    _ if finding.id.contains("alias") => {
                        "promote it to an alias that fits, and remove this one"
                    }
                    _ => "push it under a name that fits",
                };
                let lacks =
                    format!("{}: expected {}, got {}", finding.subject, finding.expected, finding.found);
                lack(finding.id, &lacks, next);
            }
        }
        Ok(lacks)
    }

    /// The contract that was pushed with a version.
    pub(super) fn contract_of(
        &self,
        manifest: &reproof_digest::Digest,
    ) -> Result<Option<Contract>, RegistryError> {
        let manifest = self.store.manifest(manifest)?;
        let Some(file) = manifest.contract.iter().find(|file| file.path == crate::folder::CONTRACT_FILE)
        else {
            return Ok(None);
        };
        let bytes = self.store.read_file(file)?;
        let wrong =
            |problem: String| RegistryError::Evidence { what: "the stored contract".to_owned(), problem };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| wrong(error.to_string()))
    }

    fn has_no_lock(&self, manifest: &reproof_digest::Digest) -> Result<bool, RegistryError> {
        let manifest = self.store.manifest(manifest)?;
        Ok(!manifest.contract.iter().any(|file| file.path.ends_with("pylock.toml")))
    }
}
