//! Signatures that lie with a contract when it is pushed: they become evidence of the version.

use std::path::{Path, PathBuf};

use reproof_attest::dsse::Bundle;
use reproof_attest::key::PublicKey;
use reproof_attest::statement::{self, Endorsement};
use reproof_digest::Digest;
use reproof_policy::role::Act;
use reproof_registry::{At, Version};

use super::evidence::CLOCK_DRIFT;
use super::{Registry, RegistryError, Statement};
use crate::chain;
use crate::sign::{hint_of, signature_at, signatures};

/// What became of the signatures that lay with a contract.
#[derive(Clone, Debug, Default)]
pub struct Brought {
    /// Those that are evidence, and whether each was not before.
    pub kept: Vec<(Statement, bool)>,
    /// Those that are not, and why.
    pub left_out: Vec<(PathBuf, String)>,
}

impl Registry {
    /// Keeps the signatures that lie with a version's contract in `folder` as evidence, as they are: each that holds, is over
    /// this very contract of this very artifact, and is not kept yet.
    pub(super) fn take_signatures(&self, version: &Version, folder: &Path) -> Result<Brought, RegistryError> {
        let mut brought = Brought::default();
        let Some(contract) = version.contract else { return Ok(brought) };
        let denied = self.allow(Act::Attest, Some(&version.model), None).err();
        let latest = self.now().plus_seconds(CLOCK_DRIFT);
        for path in signatures(folder) {
            let hint = hint_of(&path).unwrap_or_default().to_owned();
            let known = self.known_key(&hint)?;
            let bytes = signature_at(&path).unwrap_or_default();
            let checked = match &denied {
                Some(denied) => Err(denied.to_string()),
                None => check(version, &contract, &bytes, (&hint, known), latest),
            };
            match checked {
                Ok((key, at)) => {
                    self.keep_key(&key)?;
                    let statement = Statement { digest: self.keep_document(&bytes)?, key_hint: hint };
                    let new = self.add_signature(version, &contract, &statement, at)?;
                    brought.kept.push((statement, new));
                }
                Err(problem) => brought.left_out.push((path, problem)),
            }
        }
        Ok(brought)
    }
}

/// The key that signed, and when; or why this is no signature over a version's contract. A key that is not known is the one
/// that the signature itself gives away, if it has this hint.
fn check(
    version: &Version,
    contract: &Digest,
    bytes: &[u8],
    (hint, known): (&str, Option<PublicKey>),
    latest: At,
) -> Result<(PublicKey, At), String> {
    let bundle = Bundle::parse(bytes).map_err(|error| chain(&error))?;
    let key = known.or_else(|| bundle.key_of(hint)).ok_or_else(|| {
        format!(
            "it is not by the key {hint}, or that is an Ed25519 key, which the registry does not know: \
             reproof sign {}@{} --key PEM",
            version.model, version.number
        )
    })?;
    let statement = statement::read::<Endorsement>(&bundle, &key).map_err(|error| chain(&error))?;
    if !statement.endorses(&version.artifact, contract) {
        let said = &statement.predicate;
        return Err(format!(
            "it is over {} of {}, and {}@{} is {} with {contract}",
            said.contract, said.artifact, version.model, version.number, version.artifact
        ));
    }
    // As for a report: who signed says when.
    let at = u64::try_from(statement.predicate.time.unix()).ok().and_then(At::from_seconds);
    let at = at.ok_or("its time is none")?;
    if at > latest {
        return Err("it was made in the future; one of two clocks is wrong".to_owned());
    }
    Ok((key, at))
}
