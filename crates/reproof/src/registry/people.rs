//! Who there is and what they may do.

use std::time::Duration;

use reproof_policy::role::{Act, Role};
use reproof_registry::{Grant, PageRequest, Principal, PrincipalKind, Secret, Token};

use super::{Registry, RegistryError};

/// Somebody, with what they may do.
#[derive(Debug)]
pub struct Access {
    /// Who.
    pub principal: Principal,
    /// The groups that they are in.
    pub groups: Vec<String>,
    /// Their roles, those of their groups included.
    pub grants: Vec<Grant>,
    /// Their tokens that were not revoked.
    pub tokens: Vec<Token>,
}

/// How long the token of a registry's first user is good for.
const FIRST_TOKEN: u64 = 365 * 86_400;

impl Registry {
    /// Makes somebody known. The first one is a person, becomes the administrator and gets a token: from then on the
    /// registry asks everybody for theirs.
    pub fn add_principal(&self, name: &str, kind: PrincipalKind) -> Result<Option<Secret>, RegistryError> {
        self.allow(Act::Grant, None, None)?;
        let first = self.records.principals(&PageRequest::first(1))?.items.is_empty();
        if first && kind != PrincipalKind::Person {
            return Err(RegistryError::Rule {
                what: "the first user of a registry".to_owned(),
                problem: "it becomes the administrator and must be a person".to_owned(),
            });
        }
        if !first {
            self.records.add_principal(self.by(), name, kind)?;
            return Ok(None);
        }
        let expires = self.now().plus_seconds(FIRST_TOKEN);
        let role = Role::Administrator.as_str();
        Ok(Some(self.records.add_administrator(self.by(), name, role, Some(expires))?))
    }

    /// Puts somebody into a group, or takes them out.
    pub fn set_member(&self, group: &str, name: &str, inside: bool) -> Result<bool, RegistryError> {
        self.allow(Act::Grant, None, None)?;
        Ok(self.records.set_member(self.by(), group, name, inside)?)
    }

    /// Gives a role; the number by which it is taken away.
    pub fn grant(
        &self,
        name: &str,
        role: Role,
        models: &str,
        alias: Option<&str>,
    ) -> Result<u64, RegistryError> {
        self.allow(Act::Grant, None, None)?;
        if let Err(error) = models.parse::<reproof_policy::Pattern>() {
            return Err(RegistryError::Rule {
                what: format!("the pattern `{models}`"),
                problem: error.to_string(),
            });
        }
        Ok(self.records.grant(self.by(), name, role.as_str(), models, alias)?.id)
    }

    /// Takes a role away.
    pub fn revoke_grant(&self, grant: u64) -> Result<(), RegistryError> {
        self.allow(Act::Grant, None, None)?;
        let everybody = self.people(None)?;
        let mut administering = everybody.iter().flat_map(|access| &access.grants).filter(|grant| {
            grant.role == Role::Administrator.as_str() && grant.pattern == "**" && grant.alias.is_none()
        });
        let is_one = administering.clone().any(|other| other.id == grant);
        if is_one && administering.all(|other| other.id == grant) {
            return Err(RegistryError::Rule {
                what: format!("grant {grant}"),
                problem: "nobody would administer the registry; make somebody else administrator first"
                    .to_owned(),
            });
        }
        Ok(self.records.revoke_grant(self.by(), grant)?)
    }

    /// Makes a token; it is shown once and kept as a hash.
    pub fn issue_token(&self, name: &str, label: &str, expires: Duration) -> Result<Secret, RegistryError> {
        self.allow(Act::CreateToken, None, None)?;
        let expires = self.now().plus_seconds(expires.as_secs());
        Ok(self.records.issue_token(self.by(), name, label, Some(expires))?.0)
    }

    /// Makes a token worthless.
    pub fn revoke_token(&self, token: u64) -> Result<(), RegistryError> {
        self.allow(Act::RevokeToken, None, None)?;
        Ok(self.records.revoke_token(self.by(), token)?)
    }

    /// Somebody, or everybody: at most a thousand.
    pub fn people(&self, name: Option<&str>) -> Result<Vec<Access>, RegistryError> {
        self.allow(Act::Grant, None, None)?;
        let principals = match name {
            Some(name) => vec![self.records.principal(name)?],
            None => self.records.principals(&PageRequest::first(1000))?.items,
        };
        let access = principals.into_iter().map(|principal| {
            Ok(Access {
                groups: self.records.groups_of(&principal.name)?,
                grants: self.records.grants(&principal.name)?,
                tokens: self.records.tokens(&principal.name)?,
                principal,
            })
        });
        access.collect()
    }
}
