//! What an alias asks of an artifact before it points there.
//!
//! A gate is a text in TOML or JSON that is kept with the alias. Its keys say what is usual, `expression` the rest:
//!
//! ```toml
//! verdict = "equivalent"                    # the worst verdict that passes; what a user tolerated passes `equivalent`
//! assurance = "outputs"                     # how far it must reach
//! environments = ["cpu-x86_64"]             # classes that must have verified it to that verdict (`equivalent` without one)
//! evidence_age = "30d"                      # how old evidence may be
//! scan = "clean"                            # or "incomplete": nothing found, and not everything looked at
//! signed = true                             # the contract is signed, by one of `signed_by` where that is told
//! signed_by = ["release@example.com"]       # the artifact is signed by each of these
//! approvals = [{ role = "reviewer", count = 2 }]
//! not_by_submitter = true                   # whoever pushed it does not count
//! reviewed = true                           # who accepted new goldens, and who pushed them, is not alone in it
//! unflagged = true                          # no flag is open
//! lint = true                               # the naming rules find nothing
//! classification = ["open", "internal"]     # one of these
//! expression = 'scan.age < 7d or tag("stage") == "research"'
//! ```
//!
//! [`Gate::evaluate`] gives every requirement with what was found and the command that provides it. What is not known is not
//! met.

mod evaluate;
#[cfg(test)]
mod tests;

use reproof_contract::{Assurance, Verdict};
use serde::{Deserialize, Serialize};

pub use evaluate::{Outcome, Requirement};

use crate::expression::Expression;
use crate::period::Period;
use crate::role::{Act, Role};

/// The most bytes of a gate.
pub const MAX_LENGTH: usize = 64 << 10;

/// The most items of one list in a gate.
pub const MAX_ITEMS: usize = 100;

/// What must hold. A gate without keys lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own that a user writes")]
pub struct Gate {
    /// The worst verdict that passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// How far the verdict must reach.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assurance: Option<Assurance>,
    /// Environment classes that must have verified it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// How old the evidence of verdict and scan may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence_age: Option<Period>,
    /// What a scan must come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scan: Option<ScanRequirement>,
    /// Whether the contract must be signed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
    /// Who must have signed the artifact.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signed_by: Vec<String>,
    /// Who must have approved it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<ApprovalRequirement>,
    /// Whether an approval by whoever pushed it does not count.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub not_by_submitter: bool,
    /// Whether goldens that took the place of others must have been reviewed by somebody else.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reviewed: bool,
    /// Whether no flag may be open.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unflagged: bool,
    /// Whether the naming rules must find nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub lint: bool,
    /// The classifications that pass.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classification: Vec<String>,
    /// What else must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<Expression>,
}

/// What a scan must come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScanRequirement {
    /// Everything was inspected and no finding counts.
    Clean,
    /// No finding counts.
    Incomplete,
}

/// So many different persons with a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequirement {
    /// The role, or one that may do all that it may.
    pub role: Role,
    /// How many persons.
    #[serde(default = "one")]
    pub count: u32,
}

fn one() -> u32 {
    1
}

/// Why a text is no gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// It is too long.
    #[error("gate of {got} bytes, expected at most {MAX_LENGTH}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// It is not TOML or JSON of a gate.
    #[error("not a gate: {message}")]
    Malformed {
        /// What is wrong, and where.
        message: String,
    },
    /// A list is too long.
    #[error("gate: `{key}` has {got} items, expected at most {MAX_ITEMS}")]
    TooMany {
        /// The key.
        key: &'static str,
        /// Its items.
        got: usize,
    },
    /// Nobody with this role can approve, so that nothing would ever pass.
    #[error(
        "gate: approvals by the role {role} cannot be had: it may not approve; expected reviewer or maintainer"
    )]
    Role {
        /// The role.
        role: Role,
    },
    /// No approval, or more than there can be.
    #[error("gate: {got} approvals, expected 1 to {MAX_ITEMS}")]
    Count {
        /// How many.
        got: u32,
    },
}

impl Gate {
    /// Reads a gate: JSON if it begins with a brace, otherwise TOML.
    pub fn parse(text: &str) -> Result<Self, GateError> {
        if text.len() > MAX_LENGTH {
            return Err(GateError::TooLong { got: text.len() });
        }
        let malformed = |message| GateError::Malformed { message };
        let gate: Self = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|source| malformed(source.to_string()))?
        } else {
            toml::from_str(text).map_err(|source| malformed(source.to_string().trim_end().to_owned()))?
        };
        gate.check().map(|()| gate)
    }

    /// What cannot be said by types.
    fn check(&self) -> Result<(), GateError> {
        let lists = [
            ("environments", self.environments.len()),
            ("signed_by", self.signed_by.len()),
            ("approvals", self.approvals.len()),
            ("classification", self.classification.len()),
        ];
        if let Some((key, got)) = lists.into_iter().find(|(_, length)| *length > MAX_ITEMS) {
            return Err(GateError::TooMany { key, got });
        }
        for approval in &self.approvals {
            if !approval.role.may(Act::Approve) {
                return Err(GateError::Role { role: approval.role });
            }
            if approval.count == 0 || approval.count as usize > MAX_ITEMS {
                return Err(GateError::Count { got: approval.count });
            }
        }
        Ok(())
    }
}
