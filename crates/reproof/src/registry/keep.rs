//! How long versions stay: retention, holds, and deletion, which leaves the name and the digests.

use std::collections::BTreeMap;

use reproof_policy::Period;
use reproof_policy::retention::{Deletion, Hold as Held, Retention, Rule, Stored};
use reproof_policy::role::Act;
use reproof_registry::{AliasEvent, Approval, Decision, Hold, PageRequest, Retained, State, Version};

use super::{Reference, Registry, RegistryError, Selector};

/// The classification by which the records keep what holds for all versions without a rule of their own.
const ALL: &str = "*";

/// What a retention rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Versions that an alias points at or pointed at, from when it last did.
    Alias(String),
    /// Versions of models of a classification, from when they were pushed.
    Classification(String),
    /// All other versions, from when they were pushed.
    Others,
}

/// What deleting a version came to.
#[derive(Clone, Debug)]
pub struct Removal {
    /// The version.
    pub version: Version,
    /// What keeps it, if anything does.
    pub deletion: Deletion,
    /// Whether it was deleted now.
    pub done: bool,
}

impl Registry {
    /// How long versions are kept.
    pub fn retention(&self) -> Result<Retention, RegistryError> {
        let mut retention = Retention::default();
        for kept in self.records.retention()? {
            let keep = Period::from_seconds(kept.seconds);
            let rule = Rule { alias: None, classification: None, keep };
            match kept.subject {
                Retained::Classification if kept.name == ALL => retention.keep = Some(keep),
                Retained::Classification => {
                    retention.rules.push(Rule { classification: Some(kept.name), ..rule });
                }
                Retained::Alias => retention.rules.push(Rule { alias: Some(kept.name), ..rule }),
            }
        }
        Ok(retention)
    }

    /// Sets how long versions are kept at least; with `None` the rule goes.
    pub fn set_retention(&self, scope: &Scope, keep: Option<Period>) -> Result<(), RegistryError> {
        self.allow(Act::SetRetention, None, None)?;
        let (subject, name) = match scope {
            Scope::Alias(name) => (Retained::Alias, name.as_str()),
            Scope::Classification(name) => (Retained::Classification, name.as_str()),
            Scope::Others => (Retained::Classification, ALL),
        };
        Ok(self.records.set_retention(self.by(), subject, name, keep.map(Period::seconds))?)
    }

    /// Lays a hold on a version, or on a whole model: nothing that it covers is deleted, whatever its age.
    pub fn hold(&self, reference: &Reference, reason: &str) -> Result<Hold, RegistryError> {
        self.allow(Act::Hold, Some(&reference.model), None)?;
        let version = match reference.selector {
            Selector::Model => None,
            Selector::Named(_) => Some(self.resolve(reference)?.number),
        };
        Ok(self.records.lay_hold(self.by(), &reference.model, version.as_deref(), reason)?)
    }

    /// Ends a hold, by its number.
    pub fn release(&self, hold: u64, reason: &str) -> Result<(), RegistryError> {
        self.allow(Act::ReleaseHold, None, None)?;
        Ok(self.records.release_hold(self.by(), hold, reason)?)
    }

    /// Deletes a version if nothing keeps it; otherwise says what does. Its name stays taken and its digests stay known; its
    /// bytes go with the next collection, where no other version needs them. `trying` changes nothing.
    pub fn delete(
        &self,
        reference: &Reference,
        reason: &str,
        trying: bool,
    ) -> Result<Removal, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Delete, Some(&version.model), None)?;
        let deletion = self.retention()?.may_delete(&self.stored(&version)?, self.seconds());
        if !deletion.allowed || trying {
            return Ok(Removal { version, deletion, done: false });
        }
        let (model, number) = (&version.model, &version.number);
        // The records look at aliases, holds and approvals once more, in the transaction that deletes.
        let version = self.records.set_state(self.by(), model, number, State::Deleted, reason)?;
        Ok(Removal { version, deletion, done: true })
    }

    /// Takes a decision about a version back, by its number: one's own, or with the right to clear flags anybody's.
    pub fn withdraw(&self, reference: &Reference, id: u64, reason: &str) -> Result<Approval, RegistryError> {
        let version = self.resolve(reference)?;
        let approvals = self.records.approvals(&version.model, &version.number)?;
        let Some(decision) = approvals.iter().find(|approval| approval.id == id) else {
            let problem = format!("it has no decision {id}; `reproof show {reference}` lists them");
            return Err(RegistryError::Reference { text: reference.to_string(), problem });
        };
        let own = decision.decided.who == self.who();
        self.allow(if own { Act::Approve } else { Act::Clear }, Some(&version.model), None)?;
        Ok(self.records.withdraw(self.by(), id, reason)?)
    }

    /// What retention asks of a version.
    fn stored(&self, version: &Version) -> Result<Stored, RegistryError> {
        let shown = self.records.show(&version.model, &version.number)?;
        let approvals = self.records.approvals(&version.model, &version.number)?;
        let standing = approvals.iter().filter(|one| one.in_force && one.decision == Decision::Approved);
        let mut former_aliases = BTreeMap::new();
        for rule in self.records.retention()?.iter().filter(|rule| rule.subject == Retained::Alias) {
            if let Some(left) = self.left(version, &rule.name)? {
                former_aliases.insert(rule.name.clone(), left);
            }
        }
        let held = |hold: &Hold| Held { by: hold.laid.who.clone(), reason: hold.reason.clone() };
        Ok(Stored {
            pushed_at: Some(version.submitted.at.seconds()),
            classification: Some(shown.model.classification).filter(|word| !word.is_empty()),
            aliases: shown.aliases,
            former_aliases,
            holds: shown.holds.iter().map(held).collect(),
            approvals: standing.map(|one| format!("{} as {}", one.decided.who, one.role)).collect(),
            needed_by: Vec::new(),
        })
    }

    /// When an alias last left a version, in seconds since 1970; nothing where it never pointed there.
    fn left(&self, version: &Version, alias: &str) -> Result<Option<u64>, RegistryError> {
        let mut request = Some(PageRequest::first(1000));
        let leaves = |event: &&AliasEvent| event.previous.as_deref() == Some(version.number.as_str());
        while let Some(page) = request {
            let found = match self.records.alias_history(&version.model, alias, &page) {
                Err(reproof_registry::Error::Unknown { .. }) => return Ok(None),
                found => found?,
            };
            if let Some(event) = found.items.iter().find(leaves) {
                return Ok(Some(event.moved.at.seconds()));
            }
            request = page.next(&found);
        }
        Ok(None)
    }
}
