//! Signatures over the contract of a version: made here or brought by a push, kept as evidence, and laid beside the contract
//! that is pulled.

use std::fs;
use std::path::Path;

use reproof_attest::Timestamp;
use reproof_attest::key::PrivateKey;
use reproof_attest::statement::Statement as InToto;
use reproof_digest::Digest;
use reproof_policy::role::Act;
use reproof_registry::{At, EvidenceKind, NewEvidence, Version};

use super::{Reference, Registry, RegistryError, Statement};
use crate::sign::place_of;

/// The verdict's word of a signature: it either holds or does not count.
const SIGNED: &str = "signed";

impl Registry {
    /// Signs the contract of a version and keeps that as evidence. Signatures by several keys stand beside each other.
    pub fn endorse(&self, reference: &Reference, key: &PrivateKey) -> Result<Statement, RegistryError> {
        let version = self.resolve(reference)?;
        self.allow(Act::Attest, Some(&version.model), None)?;
        let wrong = |problem: String| RegistryError::Evidence { what: "the contract".to_owned(), problem };
        let contract = version
            .contract
            .ok_or_else(|| wrong(format!("{}@{} was pushed without one", version.model, version.number)))?;
        let time =
            Timestamp::from_unix(self.seconds().cast_signed()).map_err(|error| wrong(error.to_string()))?;
        let subject = super::evidence::subject(&version)?;
        let statement = self.keep(&InToto::of_endorsement(&subject, contract, time), Some(key))?;
        self.add_signature(&version, &contract, &statement, self.now())?;
        Ok(statement)
    }

    /// Keeps a signature over the contract of a version as evidence; whether it is new.
    pub(super) fn add_signature(
        &self,
        version: &Version,
        contract: &Digest,
        statement: &Statement,
        at: At,
    ) -> Result<bool, RegistryError> {
        let evidence = NewEvidence {
            artifact: version.artifact,
            kind: EvidenceKind::Signature,
            environment: &environment(&statement.key_hint, contract),
            verdict: SIGNED,
            assurance: "",
            statement: statement.digest,
            who: self.who(),
            at,
            key_hint: &statement.key_hint,
        };
        Ok(self.records.add_evidence(self.by(), &[evidence])?.added > 0)
    }

    /// Lays the signatures over a version's contract beside it, where they hold.
    pub(super) fn lay_signatures(&self, version: &Version, contract: &Path) -> Result<(), RegistryError> {
        let shown = self.records.show(&version.model, &version.number)?;
        for evidence in shown.evidence.iter().filter(|evidence| evidence.kind == EvidenceKind::Signature) {
            let proof = self.proofs(version, std::slice::from_ref(evidence))?;
            let Some(bytes) = self.statement(&evidence.statement)?.filter(|_| !proof.is_empty()) else {
                continue;
            };
            // What the contract was pushed with may be by the same key and over an earlier contract.
            let path = place_of(contract, &evidence.key_hint);
            let failed = |source| RegistryError::Write { path: path.clone(), source };
            path.parent().map_or(Ok(()), fs::create_dir_all).map_err(failed)?;
            fs::write(&path, &bytes).map_err(failed)?;
        }
        Ok(())
    }
}

/// Signatures have the key in place of an environment, with as much of its hint as nobody finds a second key for, and the
/// contract. The newest finding of each environment counts: a signature replaces those by the same key over the same contract
/// only, as another version of these bytes may have another one.
fn environment(hint: &str, contract: &Digest) -> String {
    format!("key-{}-{}", hint.get(..32).unwrap_or(hint), &contract.to_hex()[..16])
}
