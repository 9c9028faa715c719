//! Decisions about acts.

use serde::{Deserialize, Serialize};

use super::act::Act;
use super::table::Role;
use crate::pattern::Pattern;

/// A role that a person has somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// For which models.
    pub models: Pattern,
    /// For which alias only: it then covers acts about this alias, and reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

impl Grant {
    /// Whether it is about this model and alias. What is about no single model needs a grant for every model.
    fn covers(&self, act: Act, model: Option<&str>, alias: Option<&str>) -> bool {
        let model = model.map_or(self.models.is_everything(), |model| self.models.covers(model));
        let alias = match &self.alias {
            None => true,
            Some(only) => act == Act::Read || (act.is_about_alias() && alias == Some(only)),
        };
        model && alias
    }
}

/// What somebody's acts are decided by.
#[derive(Clone, Copy, Debug)]
pub enum Access<'a> {
    /// A local registry of one person: everything is allowed.
    SingleUser,
    /// The grants that the person has.
    Granted(&'a [Grant]),
}

/// Whether an act is allowed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Decision {
    /// Whether it is.
    pub allowed: bool,
    /// Why, or why not.
    pub reason: Reason,
    /// Whether the log gets an entry, as it does for everything but reading, also where everything is allowed.
    pub logged: bool,
}

/// Why an act is allowed or refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reason {
    /// The registry has one user.
    #[error("a local registry allows its one user everything")]
    SingleUser,
    /// A grant covers it.
    #[error("`{act}` is allowed by the role {} for `{}`{}", grant.role, grant.models, only(grant.alias.as_deref()))]
    Granted {
        /// The act.
        act: Act,
        /// The first grant that does.
        grant: Grant,
    },
    /// No grant covers it.
    #[error(
        "`{act}` on {} needs the role {}{}; ask an administrator for `grant`",
        place(model.as_deref(), alias.as_deref()),
        join(needed, " or "),
        held(roles)
    )]
    NotGranted {
        /// The act.
        act: Act,
        /// The model.
        model: Option<String>,
        /// The alias.
        alias: Option<String>,
        /// The roles that would do.
        needed: Vec<Role>,
        /// The roles that the person has for this model.
        roles: Vec<Role>,
    },
    /// The person pushed what they approve.
    #[error("{person} pushed this version and cannot approve it; another reviewer can")]
    OwnPush {
        /// The person.
        person: String,
    },
    /// Nobody knows who pushed it.
    #[error(
        "who pushed this version is not known, so that nobody can be told from the one who did; push it again"
    )]
    UnknownSubmitter,
}

fn only(alias: Option<&str>) -> String {
    alias.map(|alias| format!(", alias `{alias}` only")).unwrap_or_default()
}

fn place(model: Option<&str>, alias: Option<&str>) -> String {
    match (model, alias) {
        (None, _) => "the registry".to_owned(),
        (Some(model), None) => format!("`{model}`"),
        (Some(model), Some(alias)) => format!("`{model}`, alias `{alias}`,"),
    }
}

fn join(roles: &[Role], with: &str) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(with)
}

fn held(roles: &[Role]) -> String {
    if roles.is_empty() {
        ", and you have none there".to_owned()
    } else {
        format!(", you have {}", join(roles, ", "))
    }
}

impl Decision {
    fn new(allowed: bool, act: Act, reason: Reason) -> Self {
        Self { allowed, reason, logged: act.is_logged() }
    }
}

impl Access<'_> {
    /// Whether `act` is allowed on `model`, and for acts about an alias on `alias`; `None` for what is about no single model.
    pub fn allowed(&self, act: Act, model: Option<&str>, alias: Option<&str>) -> Decision {
        let Self::Granted(grants) = self else { return Decision::new(true, act, Reason::SingleUser) };
        let here = |grant: &&Grant| grant.covers(act, model, alias);
        if let Some(grant) = grants.iter().find(|grant| here(grant) && grant.role.may(act)) {
            return Decision::new(true, act, Reason::Granted { act, grant: grant.clone() });
        }
        let mut roles: Vec<Role> = grants.iter().filter(here).map(|grant| grant.role).collect();
        roles.sort_unstable();
        roles.dedup();
        let reason = Reason::NotGranted {
            act,
            model: model.map(str::to_owned),
            alias: alias.map(str::to_owned),
            needed: Role::that_may(act).collect(),
            roles,
        };
        Decision::new(false, act, reason)
    }

    /// Whether `person` may approve a version that `submitter` pushed: with the role for it, and only what others pushed.
    pub fn may_approve(
        &self,
        person: &str,
        submitter: Option<&str>,
        model: &str,
        alias: Option<&str>,
    ) -> Decision {
        let decision = self.allowed(Act::Approve, Some(model), alias);
        if !decision.allowed || matches!(self, Self::SingleUser) {
            return decision;
        }
        match submitter {
            None => Decision::new(false, Act::Approve, Reason::UnknownSubmitter),
            Some(submitter) if submitter == person => {
                Decision::new(false, Act::Approve, Reason::OwnPush { person: person.to_owned() })
            }
            Some(_) => decision,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(role: Role, models: &str, alias: Option<&str>) -> Grant {
        Grant { role, models: models.parse().unwrap(), alias: alias.map(str::to_owned) }
    }

    #[test]
    fn a_grant_holds_where_its_pattern_covers() {
        let grants = [grant(Role::Contributor, "vision/*", None), grant(Role::Reader, "**", None)];
        let access = Access::Granted(&grants);
        assert!(access.allowed(Act::Push, Some("vision/resnet"), None).allowed);
        assert!(access.allowed(Act::Read, Some("nlp/bert"), None).allowed);
        let refused = access.allowed(Act::Push, Some("nlp/bert"), None);
        assert!(!refused.allowed);
        let expected = "`push` on `nlp/bert` needs the role contributor or maintainer, you have reader; ask an administrator for `grant`";
        assert_eq!(refused.reason.to_string(), expected);
        let refused = Access::Granted(&[]).allowed(Act::Grant, None, None);
        let expected = "`grant` on the registry needs the role administrator, and you have none there; ask an administrator for `grant`";
        assert_eq!(refused.reason.to_string(), expected);
    }

    #[test]
    fn what_is_about_no_model_needs_a_grant_for_all() {
        let everywhere = [grant(Role::Administrator, "**", None)];
        let team = [grant(Role::Administrator, "vision/**", None)];
        assert!(Access::Granted(&everywhere).allowed(Act::CreateToken, None, None).allowed);
        assert!(!Access::Granted(&team).allowed(Act::CreateToken, None, None).allowed);
        assert!(Access::Granted(&team).allowed(Act::SetGate, Some("vision/a"), Some("production")).allowed);
    }

    #[test]
    fn a_grant_for_an_alias_is_for_that_alias_and_reading() {
        let grants = [grant(Role::Maintainer, "vision/*", Some("staging"))];
        let allowed = |act, alias| Access::Granted(&grants).allowed(act, Some("vision/a"), alias).allowed;
        assert!(allowed(Act::Promote, Some("staging")) && allowed(Act::Read, None));
        assert!(!allowed(Act::Promote, Some("production")) && !allowed(Act::Promote, None));
        assert!(!allowed(Act::Push, None) && !allowed(Act::Push, Some("staging")));
    }

    #[test]
    fn nobody_approves_what_they_pushed() {
        let grants = [grant(Role::Maintainer, "**", None)];
        let access = Access::Granted(&grants);
        assert!(access.may_approve("ada", Some("grace"), "m", None).allowed);
        let own = access.may_approve("ada", Some("ada"), "m", None);
        assert_eq!(own.reason, Reason::OwnPush { person: "ada".to_owned() });
        assert!(!own.allowed);
        assert_eq!(access.may_approve("ada", None, "m", None).reason, Reason::UnknownSubmitter);
        let reader = [grant(Role::Reader, "**", None)];
        let refused = Access::Granted(&reader).may_approve("ada", Some("grace"), "m", None);
        assert!(matches!(refused.reason, Reason::NotGranted { .. }));
    }

    #[test]
    fn one_user_may_do_everything_and_it_is_logged() {
        for act in Act::ALL {
            let decision = Access::SingleUser.allowed(*act, None, None);
            assert!(decision.allowed && decision.reason == Reason::SingleUser);
            assert_eq!(decision.logged, *act != Act::Read, "{act}");
        }
        assert!(Access::SingleUser.may_approve("ada", Some("ada"), "m", None).allowed);
    }

    /// Every role, act and scope against the table, one by one.
    #[test]
    fn decisions_are_the_table() {
        for role in Role::ALL {
            for act in Act::ALL {
                for alias in [None, Some("production")] {
                    let decided = |models, only| {
                        let grants = [grant(*role, models, only)];
                        Access::Granted(&grants).allowed(*act, Some("team/model"), alias).allowed
                    };
                    assert_eq!(decided("team/*", None), role.may(*act), "{role} {act}");
                    assert!(!decided("other/*", None), "{role} {act}");
                    let scoped = *act == Act::Read || (act.is_about_alias() && alias.is_some());
                    assert_eq!(
                        decided("team/*", Some("production")),
                        role.may(*act) && scoped,
                        "{role} {act}"
                    );
                }
            }
        }
    }
}
