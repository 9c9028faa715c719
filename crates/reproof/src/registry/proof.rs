//! What evidence is worth when a gate asks: the records name a statement, and only what that statement itself says counts.

use reproof_attest::dsse::Bundle;
use reproof_attest::key::PublicKey;
use reproof_attest::statement::{Endorsement, Predicate as _, Statement};
use reproof_contract::scan::{ScanVerdict, Severity};
use reproof_contract::{Assurance, Verdict};
use reproof_registry::{Evidence, EvidenceKind, Version};
use serde_json::Value;

use super::{Registry, RegistryError};

/// The folder of the public keys of those who signed, by their hints.
const KEYS: &str = "keys";

/// Bytes of a public key as text, at most.
const KEY_LIMIT: u64 = 64 << 10;

/// The member of a verification's statement that has its verdict.
const CLAIM: &str = "reproof.dev/verification/v0";

/// Evidence whose statement was read again and is about the version, or is gone and spoke against it.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    /// What it says.
    pub(super) finding: Finding,
    /// Where it was found out.
    pub(super) environment: String,
    /// When, in seconds since 1970.
    pub(super) at: u64,
    /// The hint of the key whose signature holds.
    pub(super) key: Option<String>,
    /// Whether its statement is gone or was changed.
    pub(super) is_lost: bool,
}

/// What a statement says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Finding {
    /// How a verification ended.
    Verification(Verdict, Assurance),
    /// What a scan came to, with the worst of its findings.
    Scan(ScanVerdict, Option<Severity>),
    /// That the holder of the key stands for the version's contract.
    Endorsement,
}

impl Registry {
    /// The evidence that counts for a version. What does not is left out, as if nobody had looked: a statement that is gone
    /// or was changed, a signature that does not hold, a verification against another contract. But where the records say
    /// that the lost statement spoke against the version, it still does: nobody gets past a gate by losing one.
    pub(super) fn proofs(
        &self,
        version: &Version,
        evidence: &[Evidence],
    ) -> Result<Vec<Proof>, RegistryError> {
        let mut proofs = Vec::new();
        for evidence in evidence {
            proofs.extend(self.proof(version, evidence)?);
        }
        Ok(proofs)
    }

    fn proof(&self, version: &Version, evidence: &Evidence) -> Result<Option<Proof>, RegistryError> {
        let bytes = match self.statement(&evidence.statement) {
            Ok(Some(bytes)) => bytes,
            Ok(None) | Err(RegistryError::Unexpected { .. }) => return Ok(lost(evidence)),
            Err(error) => return Err(error),
        };
        let (payload, key) = if evidence.key_hint.is_empty() {
            (bytes, None)
        } else {
            let Some(payload) = self.signed_payload(&bytes, &evidence.key_hint)? else {
                return Ok(lost(evidence));
            };
            (payload, Some(evidence.key_hint.clone()))
        };
        let statement: Value = serde_json::from_slice(&payload).unwrap_or_default();
        let artifact = version.artifact.to_hex();
        let about = |subject: &Value| subject["digest"]["artifact-v1"] == artifact.as_str();
        if !statement["subject"].as_array().is_some_and(|subjects| subjects.iter().any(about)) {
            return Ok(None);
        }
        let predicate = &statement["predicate"];
        let finding = match evidence.kind {
            EvidenceKind::Verification => verification(version, predicate),
            EvidenceKind::Scan => scan(evidence, predicate),
            EvidenceKind::Signature => key.as_ref().and_then(|_| endorsement(version, &statement)),
            _ => None,
        };
        // The row says when, and so does a verification itself, which nobody can change.
        let stated = predicate[CLAIM]["verifiedAt"].as_str().and_then(crate::clock::parse_rfc3339);
        let at = stated.unwrap_or(evidence.at.microseconds().unsigned_abs() / 1_000_000);
        Ok(finding.map(|finding| {
            let environment = evidence.environment.clone();
            Proof { finding, environment, at, key, is_lost: false }
        }))
    }

    /// The payload of a bundle that the key of this hint signed.
    fn signed_payload(&self, bundle: &[u8], hint: &str) -> Result<Option<Vec<u8>>, RegistryError> {
        let key = self.known_key(hint)?;
        let bundle = Bundle::parse(bundle).ok();
        Ok(key.zip(bundle).and_then(|(key, bundle)| bundle.verify(&key).ok().map(<[u8]>::to_vec)))
    }

    /// The public key of this hint, where somebody signed with it here.
    pub(super) fn known_key(&self, hint: &str) -> Result<Option<PublicKey>, RegistryError> {
        let plain = hint.len() == 64 && hint.bytes().all(|byte| byte.is_ascii_hexdigit());
        let Some(pem) =
            plain.then(|| self.store.bucket().get(&key_key(hint), KEY_LIMIT)).transpose()?.flatten()
        else {
            return Ok(None);
        };
        // The hint is a digest of the key: a key that somebody exchanged has another one.
        let key = std::str::from_utf8(&pem).ok().and_then(|pem| PublicKey::from_pem(pem).ok());
        Ok(key.filter(|key| key.hint().to_string() == hint))
    }

    /// Keeps the public key of who signs, so that the signature can be checked later.
    pub(super) fn keep_key(&self, key: &PublicKey) -> Result<(), RegistryError> {
        let hint = key.hint().to_string();
        self.store.bucket().create(&key_key(&hint), key.to_pem())?;
        Ok(())
    }
}

/// What still counts of a statement that cannot be read.
fn lost(evidence: &Evidence) -> Option<Proof> {
    let finding = match evidence.kind {
        EvidenceKind::Verification => {
            let verdict = evidence.verdict.parse().ok().filter(|verdict: &Verdict| verdict.is_negative())?;
            Finding::Verification(verdict, evidence.assurance.parse().ok()?)
        }
        EvidenceKind::Scan if evidence.verdict == ScanVerdict::Findings.as_str() => {
            Finding::Scan(ScanVerdict::Findings, severity(evidence))
        }
        _ => return None,
    };
    Some(Proof {
        finding,
        environment: evidence.environment.clone(),
        at: evidence.at.microseconds().unsigned_abs() / 1_000_000,
        key: Some(evidence.key_hint.clone()).filter(|hint| !hint.is_empty()),
        is_lost: true,
    })
}

fn severity(evidence: &Evidence) -> Option<Severity> {
    Severity::ALL.into_iter().find(|severity| severity.as_str() == evidence.assurance)
}

fn key_key(hint: &str) -> String {
    format!("{KEYS}/{hint}.pem")
}

/// What a verification of the version's own contract came to.
fn verification(version: &Version, predicate: &Value) -> Option<Finding> {
    let contract = version.contract?.to_hex();
    let named = |descriptor: &Value| descriptor["digest"]["contract-v1"] == contract.as_str();
    predicate["configuration"].as_array()?.iter().find(|descriptor| named(descriptor))?;
    let claim = &predicate[CLAIM];
    Some(Finding::Verification(
        claim["verdict"].as_str()?.parse().ok()?,
        claim["assurance"].as_str()?.parse().ok()?,
    ))
}

/// That the statement stands for the version's contract.
fn endorsement(version: &Version, statement: &Value) -> Option<Finding> {
    let statement: Statement<Endorsement> = serde_json::from_value(statement.clone()).ok()?;
    let typed = statement.predicate_type() == Endorsement::TYPE;
    (typed && statement.endorses(&version.artifact, &version.contract?)).then_some(Finding::Endorsement)
}

/// What a scan came to, where the statement says what the records say.
fn scan(evidence: &Evidence, predicate: &Value) -> Option<Finding> {
    let said = predicate["attributes"][0]["attribute"].as_str()?.strip_prefix("reproof.scan.")?;
    let verdict = ScanVerdict::ALL.into_iter().find(|verdict| verdict.as_str() == said)?;
    (evidence.verdict == said).then_some(Finding::Scan(verdict, severity(evidence)))
}
