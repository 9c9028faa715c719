//! Our endorsement predicate: who stands for a contract, and so for what the artifact promises.

use reproof_digest::Digest;
use serde::{Deserialize, Serialize};

use super::{Predicate, Statement, Subject};
use crate::Timestamp;

/// A contract that its signer stands for. No vetted predicate of in-toto says this.
///
/// The contract names its inputs, goldens and rules by their digests, so its own digest is all that has to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endorsement {
    /// The digest of the artifact that the contract is about.
    pub artifact: Digest,
    /// The digest of the contract.
    pub contract: Digest,
    /// When it was signed, by the signer's clock.
    pub time: Timestamp,
}

impl Predicate for Endorsement {
    const TYPE: &'static str = "https://reproof.dev/endorsement/v0";
}

impl Statement<Endorsement> {
    /// `contract`, as what `subject` promises.
    pub fn of_endorsement(subject: &Subject, contract: Digest, time: Timestamp) -> Self {
        Self::new(subject, Endorsement { artifact: *subject.artifact(), contract, time })
    }

    /// Whether it stands for this contract of this artifact: subject and body both name the artifact.
    pub fn endorses(&self, artifact: &Digest, contract: &Digest) -> bool {
        self.predicate.contract == *contract && self.predicate.artifact == *artifact && self.binds(artifact)
    }
}
