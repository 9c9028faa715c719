//! Our approval predicate: who let an artifact into a role, or refused it, and why.

use reproof_digest::Digest;
use serde::{Deserialize, Serialize};

use super::{Predicate, Statement, Subject};
use crate::Timestamp;

/// A decision about one version of a model. No vetted predicate of in-toto says this.
///
/// The digest is repeated in the body: a decision without it could be shown beside another subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The model's name in its registry.
    pub model: String,
    /// Its version.
    pub version: String,
    /// The digest that was decided about.
    pub artifact: Digest,
    /// Who decided. The key that signed is what proves it.
    pub person: String,
    /// The role in which they decided, such as `reviewer`.
    pub role: String,
    /// What they decided.
    pub decision: Decision,
    /// Why, in their words.
    pub reason: String,
    /// When.
    pub time: Timestamp,
}

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It may be used.
    Approved,
    /// It may not.
    Rejected,
    /// An approval given before no longer holds.
    Withdrawn,
}

impl Predicate for Approval {
    const TYPE: &'static str = "https://reproof.dev/approval/v0";
}

impl Statement<Approval> {
    /// The decision about `subject`; its digest becomes that of the subject.
    pub fn of_approval(subject: &Subject, mut approval: Approval) -> Self {
        approval.artifact = *subject.artifact();
        Self::new(subject, approval)
    }

    /// Whether it approves this artifact: subject and body both name it.
    pub fn approves(&self, artifact: &Digest) -> bool {
        self.predicate.decision == Decision::Approved
            && self.predicate.artifact == *artifact
            && self.binds(artifact)
    }
}
