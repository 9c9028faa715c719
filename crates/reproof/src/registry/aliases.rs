//! Aliases that move back, versions that go out of use, flags.

use reproof_policy::role::Act;
use reproof_registry::{AliasEvent, At, MoveAlias, PageRequest, State, Version};

use super::{Reference, Registry, RegistryError};

impl Registry {
    /// Points an alias at the version before, or at an earlier one: a new event, never a rewrite.
    pub fn revert(
        &self,
        model: &str,
        alias: &str,
        to: Option<&str>,
        reason: &str,
    ) -> Result<AliasEvent, RegistryError> {
        self.allow(Act::Revert, Some(model), Some(alias))?;
        let current = self.records.alias(model, alias)?.version;
        let request =
            MoveAlias { model, alias, expected: current.as_deref(), reason, evidence: &[], as_of: None };
        Ok(self.records.revert_alias(self.by(), &request, to)?)
    }

    /// Makes an alias point to nothing.
    pub fn remove_alias(&self, model: &str, alias: &str, reason: &str) -> Result<AliasEvent, RegistryError> {
        self.allow(Act::RemoveAlias, Some(model), Some(alias))?;
        let current = self.records.alias(model, alias)?.version;
        let request =
            MoveAlias { model, alias, expected: current.as_deref(), reason, evidence: &[], as_of: None };
        Ok(self.records.remove_alias(self.by(), &request)?)
    }

    /// What an alias pointed to at some time.
    pub fn alias_at(&self, model: &str, alias: &str, at: At) -> Result<Option<AliasEvent>, RegistryError> {
        self.allow(Act::Read, Some(model), None)?;
        Ok(self.records.alias_at(model, alias, at)?)
    }

    /// Takes a version out of use, or back into it. Its bytes stay.
    pub fn retire(&self, reference: &Reference, reason: &str, back: bool) -> Result<Version, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Retire, Some(&version.model), None)?;
        let state = if back { State::Active } else { State::Retired };
        Ok(self.records.set_state(self.by(), &version.model, &version.number, state, reason)?)
    }

    /// Holds a version for inspection: no alias can be moved to it until every flag is cleared.
    pub fn flag(&self, reference: &Reference, reason: &str) -> Result<Version, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Flag, Some(&version.model), None)?;
        self.records.raise_flag(self.by(), &version.model, &version.number, reason)?;
        Ok(version)
    }

    /// Clears the open flags of a version; how many there were.
    pub fn clear(&self, reference: &Reference, reason: &str) -> Result<usize, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Clear, Some(&version.model), None)?;
        let flags = self.records.flags(&version.model, &version.number, &PageRequest::first(1000))?;
        let open: Vec<_> = flags.items.iter().filter(|flag| flag.cleared.is_none()).collect();
        for flag in &open {
            self.records.clear_flag(self.by(), flag.id, reason)?;
        }
        Ok(open.len())
    }
}
