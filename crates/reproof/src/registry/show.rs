//! What is known of models and versions.

use reproof_digest::Digest;
use reproof_policy::role::Act;
use reproof_registry::{
    Alias, AliasEvent, Lineage, LogEntry, MAX_PAGE, Model, ModelChange, Note, PageRequest, Shown, Version,
};

use super::{Reference, Registry, RegistryError};
use crate::folder::StoredContract;

/// Lines of a list that are shown where nobody says how many.
pub type Page<T> = reproof_registry::Page<T>;

/// A model at a glance.
#[derive(Debug)]
pub struct Overview {
    /// The model.
    pub model: Model,
    /// Its newest versions.
    pub versions: Page<Version>,
    /// Its aliases.
    pub aliases: Vec<Alias>,
}

/// A version at a glance.
#[derive(Debug)]
pub struct VersionOverview {
    /// What the records say.
    pub shown: Shown,
    /// Where it comes from.
    pub lineage: Vec<Lineage>,
    /// What comes from it.
    pub descendants: Vec<Lineage>,
    /// Review notes, the oldest first.
    pub notes: Vec<Note>,
    /// Decisions about it, those that no longer count included.
    pub approvals: Vec<reproof_registry::Approval>,
}

impl Registry {
    /// Models whose names begin with `prefix`.
    pub fn models(&self, prefix: &str, page: &PageRequest) -> Result<Page<Model>, RegistryError> {
        self.allow(Act::Read, None, None).or_else(|denied| {
            // A name that is given may be one that can be read.
            self.allow(Act::Read, Some(prefix), None).map_err(|_| denied)
        })?;
        Ok(self.records.models(prefix, page)?)
    }

    /// A model with its newest versions and its aliases.
    pub fn model(&self, name: &str, page: &PageRequest) -> Result<Overview, RegistryError> {
        self.allow(Act::Read, Some(name), None)?;
        Ok(Overview {
            model: self.records.model(name)?,
            versions: self.records.versions(name, page)?,
            aliases: self.records.aliases(name)?,
        })
    }

    /// A version with everything that is said of it.
    pub fn version(&self, reference: &Reference) -> Result<VersionOverview, RegistryError> {
        let version = self.resolve(reference)?;
        let few = PageRequest::first(100);
        let (model, name) = (version.model.as_str(), version.number.as_str());
        Ok(VersionOverview {
            shown: self.records.show(model, name)?,
            lineage: self.records.lineage(model, name, &few)?.items,
            descendants: self.records.descendants(&version.artifact.to_string(), &few)?.items,
            notes: self.records.notes(model, name, &few)?.items,
            approvals: self.records.approvals(model, name)?,
        })
    }

    /// The history of an alias, the newest first.
    pub fn alias_history(
        &self,
        model: &str,
        alias: &str,
        page: &PageRequest,
    ) -> Result<Page<AliasEvent>, RegistryError> {
        self.allow(Act::Read, Some(model), None)?;
        Ok(self.records.alias_history(model, alias, page)?)
    }

    /// The log of a model, the newest first.
    pub fn log_of(&self, model: &str, page: &PageRequest) -> Result<Page<LogEntry>, RegistryError> {
        self.allow(Act::Read, Some(model), None)?;
        Ok(self.records.log_of(model, page)?)
    }

    /// The versions of a model that have an artifact, the oldest first: entries about evidence name the artifact only.
    pub fn versions_of(&self, model: &str, artifact: &Digest) -> Result<Vec<String>, RegistryError> {
        self.allow(Act::Read, Some(model), None)?;
        let found = self.records.versions_with(artifact, &PageRequest::first(MAX_PAGE))?.items;
        Ok(found.into_iter().filter(|version| version.model == model).map(|version| version.number).collect())
    }

    /// The whole log from an entry on.
    pub fn log(&self, from: u64, limit: u32) -> Result<Vec<LogEntry>, RegistryError> {
        self.allow(Act::Audit, None, None)?;
        Ok(self.records.log_since(from, limit)?)
    }

    /// Entries of the log.
    pub fn log_size(&self) -> Result<u64, RegistryError> {
        Ok(self.records.log_size()?)
    }

    /// Says what a model is, who answers for it, how confidential it is. Gates and retention ask for the last two, so that
    /// who sets those rules says them.
    pub fn describe(&self, model: &str, change: &ModelChange<'_>) -> Result<Model, RegistryError> {
        let rules = change.owner.is_some() || change.classification.is_some();
        self.allow(if rules { Act::SetGate } else { Act::CreateModel }, Some(model), None)?;
        Ok(self.records.change_model(self.by(), model, change)?)
    }

    /// Sets or removes a tag.
    pub fn tag(
        &self,
        reference: &Reference,
        key: &str,
        value: Option<&str>,
    ) -> Result<Version, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Tag, Some(&version.model), None)?;
        self.records.set_tag(self.by(), &version.model, &version.number, key, value)?;
        Ok(version)
    }

    /// Adds a review note.
    pub fn note(&self, reference: &Reference, text: &str) -> Result<Version, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Note, Some(&version.model), None)?;
        self.records.add_note(self.by(), &version.model, &version.number, text)?;
        Ok(version)
    }
}

/// What in the context of a contract looks like a credential or like personal data, with where it is.
pub(super) fn private(contract: &StoredContract) -> Vec<String> {
    let document = serde_json::to_value(&contract.contract.context).unwrap_or_default();
    let mut findings = Vec::new();
    walk("context", &document, &mut findings);
    findings
}

fn walk(place: &str, value: &serde_json::Value, findings: &mut Vec<String>) {
    match value {
        serde_json::Value::String(text) => {
            findings.extend(secret(text).map(|what| format!("{what} in {place}")));
        }
        serde_json::Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| walk(&format!("{place}[{index}]"), item, findings));
        }
        serde_json::Value::Object(members) => {
            members.iter().for_each(|(name, item)| walk(&format!("{place}.{name}"), item, findings));
        }
        _ => {}
    }
}

/// What a text gives away, if anything: the prefixes are those by which services mark their own tokens.
fn secret(text: &str) -> Option<&'static str> {
    const TOKENS: [(&str, &str); 8] = [
        ("AKIA", "an access key of AWS"),
        ("ASIA", "an access key of AWS"),
        ("hf_", "a token of Hugging Face"),
        ("ghp_", "a token of GitHub"),
        ("github_pat_", "a token of GitHub"),
        ("glpat-", "a token of GitLab"),
        ("sk-", "a secret key"),
        ("-----BEGIN", "a key"),
    ];
    let words = || {
        text.split(|letter: char| {
            letter.is_whitespace() || matches!(letter, '"' | '\'' | '=' | '?' | '&' | '/')
        })
    };
    let token = |word: &str| {
        let known =
            TOKENS.iter().find(|(prefix, _)| word.starts_with(prefix) && word.len() >= prefix.len() + 8);
        known.map(|(_, what)| *what)
    };
    let found = words().find_map(token);
    let in_url = || {
        let authority = text.split_once("://")?.1.split('/').next()?;
        let (user, _) = authority.rsplit_once('@')?;
        user.contains(':').then_some("a password in an address")
    };
    let query = || {
        let secret = ["token=", "password=", "secret=", "signature=", "sig=", "X-Amz-Signature="];
        secret.iter().any(|name| text.contains(name)).then_some("a credential in an address")
    };
    let mail = || {
        let is_mail = |word: &str| {
            word.split_once('@').is_some_and(|(user, host)| {
                !user.is_empty()
                    && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte))
                    && host.split('.').count() > 1
                    && host.split('.').all(|part| !part.is_empty())
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            })
        };
        text.split(|letter: char| letter.is_whitespace() || "<>(),;:/".contains(letter))
            .any(is_mail)
            .then_some("an address of a person")
    };
    found.or_else(in_url).or_else(query).or_else(mail)
}

#[cfg(test)]
mod tests {
    use super::secret;

    #[test]
    fn what_gives_something_away_is_told_and_what_does_not_is_not() {
        for (text, expected) in [
            ("s3://bucket/data?token=abc", Some("a credential in an address")),
            ("https://user:word@host/data", Some("a password in an address")),
            ("postgres://someone@host/data", None),
            ("hf_abcdefghijklmnop", Some("a token of Hugging Face")),
            ("collected by someone@example.org", Some("an address of a person")),
            ("git@github.com:team/code.git", Some("an address of a person")),
            ("https://example.org/data/v1.csv", None),
            ("sk-learn", None),
            ("epochs 60, lr 1e-3", None),
        ] {
            assert_eq!(secret(text), expected, "{text}");
        }
    }
}
