//! What is said about an artifact: in-toto statements.
//!
//! A [`Statement`] binds a predicate to subjects, which are digests. Its bytes are canonical (RFC 8785), so that the same
//! statement always has the same name on disk. Predicates:
//!
//! | predicate | says |
//! |---|---|
//! | [`TestResult`] | how a verification ended, failing ones too, and by which checks |
//! | [`Summary`] (SVR) | which promises a verification found kept: a small token for gates; it cannot express failure |
//! | [`Scai`] | what a scan found and what it looked at |
//! | [`Approval`] | who let an artifact into which role, or refused it, and why |
//! | [`Endorsement`] | who stands for a contract, and so for what an artifact promises |
//! | [`Provenance`] (SLSA v1) | from what an artifact was made, and by what |
//!
//! A statement that is read is checked in this order: the signature over the bytes, the payload's type, the statement's
//! and the predicate's type. Whether it is about *this* artifact is for [`Statement::binds`] to say.

mod approval;
mod descriptor;
mod endorsement;
mod provenance;
mod read;
mod scai;
mod scan;
mod subject;
mod summary;
mod test_result;
mod verification;

use reproof_contract::canonical::{self, CanonicalError};
use reproof_digest::Digest;
use serde::{Deserialize, Serialize};

use crate::bounded::list;
use crate::dsse::{Bundle, BundleError, IN_TOTO};
use crate::key::PrivateKey;

pub use approval::{Approval, Decision};
pub use descriptor::{Descriptor, digest_key};
pub use endorsement::Endorsement;
pub use provenance::{BuildDefinition, Builder, Metadata, Provenance, RunDetails};
pub use read::{ReadError, predicate_type, read};
pub use scai::{Attribute, Scai};
pub use scan::{LISTED_FINDINGS, scan};
pub use subject::{Subject, SubjectError};
pub use summary::{Summary, Verifier};
pub use test_result::{TestOutcome, TestResult};
pub use verification::{CheckResult, Claim, Verification, VerificationError};

/// The type of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// Bytes of a statement, at most. Manifests of models have a limit of their own, as their form is fixed.
pub const STATEMENT_LIMIT: usize = 4 << 20;

/// Subjects of a statement, at most.
pub const SUBJECT_LIMIT: usize = 1 << 16;

/// A kind of predicate.
pub trait Predicate: Serialize + for<'de> Deserialize<'de> {
    /// Its type, a URI.
    const TYPE: &'static str;
}

/// A predicate and what it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement<P> {
    #[serde(rename = "_type")]
    kind: String,
    /// What it is about: the artifact first, then its files.
    #[serde(deserialize_with = "list::<_, _, SUBJECT_LIMIT>")]
    pub subject: Vec<Descriptor>,
    predicate_type: String,
    /// What is said.
    pub predicate: P,
}

/// Why a statement cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum StatementError {
    /// It has no canonical bytes.
    #[error("statement cannot be written")]
    Canonical(#[from] CanonicalError),
    /// It is longer than what is read again.
    #[error("statement has {got} bytes: expected at most {STATEMENT_LIMIT}; name fewer files as subjects")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// It has more subjects than are read again.
    #[error("statement has {got} subjects: expected at most {SUBJECT_LIMIT}; name fewer files as subjects")]
    Subjects {
        /// How many.
        got: usize,
    },
    /// It does not fit into a bundle.
    #[error("statement cannot be bundled")]
    Bundle(#[from] BundleError),
}

impl<P: Predicate> Statement<P> {
    /// `predicate`, said about `subject`.
    pub fn new(subject: &Subject, predicate: P) -> Self {
        Self {
            kind: STATEMENT_TYPE.to_owned(),
            subject: subject.descriptors(),
            predicate_type: P::TYPE.to_owned(),
            predicate,
        }
    }

    /// The canonical bytes: what is signed.
    pub fn to_payload(&self) -> Result<Vec<u8>, StatementError> {
        if self.subject.len() > SUBJECT_LIMIT {
            return Err(StatementError::Subjects { got: self.subject.len() });
        }
        let payload = canonical::bytes(self)?;
        if payload.len() > STATEMENT_LIMIT {
            return Err(StatementError::TooLong { got: payload.len() });
        }
        Ok(payload)
    }

    /// The statement in a bundle, signed.
    pub fn sign(&self, key: &PrivateKey) -> Result<Bundle, StatementError> {
        Ok(Bundle::sign(IN_TOTO, self.to_payload()?, key)?)
    }

    /// The type of what is said, a URI.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// Whether a subject is the artifact with this digest.
    pub fn binds(&self, artifact: &Digest) -> bool {
        let digits = artifact.to_hex();
        let key = digest_key(artifact.kind());
        self.subject.iter().any(|subject| subject.digest.get(key) == Some(&digits))
    }
}

#[cfg(test)]
mod tests;
