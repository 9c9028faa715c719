//! Signatures over contracts: who stands for it that these outputs are what the artifact must give.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use reproof_attest::Timestamp;
use reproof_attest::dsse::Bundle;
use reproof_attest::key::PublicKey;
use reproof_attest::statement::{self, Endorsement, Statement, Subject};
use reproof_digest::Digest;
use reproof_progress::Progress;

use super::{SignError, private_key, public_key, read_bounded, write};
use crate::execution::Runners;
use crate::folder::{self, StoredContract};
use crate::verify::{VerifyError, VerifyOptions, verify};

/// The folder of signatures in a contract's own, which does not vouch for what lies in it.
const FOLDER: &str = "evidence";

/// How the signature of a contract ends; the hint of its key comes before.
const SUFFIX: &str = ".contract.sigstore.json";

/// Bytes of a signature over a contract, at most: it has a few digests.
const LIMIT: u64 = 1 << 20;

/// A contract that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endorsed {
    /// The digest of the contract.
    pub contract: Digest,
    /// Where the signature lies.
    pub signature: PathBuf,
    /// The hint of the key: the SHA-256 of its public half as PEM.
    pub key_hint: String,
}

/// Signs the contract of the artifact at `path`, which lies in `place` where that is told. The signature goes into the
/// contract's `evidence/`, one for each key. An artifact whose bytes are not what the contract says is not signed for.
pub fn sign_contract(
    path: &Path,
    place: Option<&Path>,
    key: &Path,
    now: SystemTime,
    progress: &dyn Progress,
) -> Result<Endorsed, SignError> {
    let private = private_key(key)?;
    let options =
        VerifyOptions { folder: place.map(Path::to_owned), bytes_only: true, ..VerifyOptions::new(now) };
    let report = verify(path, &options, &Runners::default(), progress).map_err(Box::new)?;
    if report.verdict.is_negative() {
        return Err(SignError::Broken { path: path.to_owned(), summary: report.summary });
    }
    let place = place.map_or_else(|| folder::beside(path), Path::to_owned);
    let stored = folder::read(&place).map_err(|error| Box::new(VerifyError::Contract(error)))?;
    let wrong = |error: &dyn std::error::Error| SignError::Signature {
        path: place.clone(),
        problem: crate::chain(error),
    };
    let name = path.file_name().map_or_else(|| "model".into(), |name| name.to_string_lossy());
    let artifact = stored.contract.artifact.artifact_digest;
    let subject = Subject::new(&name, artifact, &[]).map_err(|error| wrong(&error))?;
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let time = Timestamp::from_unix(seconds.cast_signed()).map_err(|error| wrong(&error))?;
    let bundle = Statement::of_endorsement(&subject, stored.digest, time)
        .sign(&private)
        .map_err(|error| wrong(&error))?;
    let key_hint = private.public_key().hint().to_string();
    let signature = place_of(&place, &key_hint);
    let parent = place.join(FOLDER);
    fs::create_dir_all(&parent).map_err(|source| SignError::Write { path: parent, source })?;
    write(&signature, &bundle.to_json())?;
    Ok(Endorsed { contract: stored.digest, signature, key_hint })
}

/// Public keys from PEM files.
pub fn public_keys(paths: &[PathBuf]) -> Result<Vec<PublicKey>, SignError> {
    paths.iter().map(|path| public_key(path)).collect()
}

/// The signatures that lie with a contract, whoever made them and whatever they are over.
pub fn signatures(place: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(place.join(FOLDER)) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_str().is_some_and(|path| path.ends_with(SUFFIX)))
        .collect();
    found.sort();
    found
}

/// The hints of those of `keys` whose signature over this very contract lies with it and holds. A signature that cannot be
/// read is none.
pub(crate) fn signers(stored: &StoredContract, keys: &[PublicKey]) -> Vec<String> {
    let artifact = stored.contract.artifact.artifact_digest;
    keys.iter()
        .filter(|key| {
            let bytes = signature_at(&place_of(&stored.folder, &key.hint().to_string()));
            let bundle = bytes.and_then(|bytes| Bundle::parse(&bytes).ok());
            let statement = bundle.and_then(|bundle| statement::read::<Endorsement>(&bundle, key).ok());
            statement.is_some_and(|statement| statement.endorses(&artifact, &stored.digest))
        })
        .map(|key| key.hint().to_string())
        .collect()
}

/// The bytes of the signature at `path`; nothing for what cannot be one.
pub(crate) fn signature_at(path: &Path) -> Option<Vec<u8>> {
    // A pipe would be waited for.
    let small = fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LIMIT);
    small.then(|| read_bounded(path).ok()).flatten()
}

/// The hint of the key that the file of a signature is named by.
pub(crate) fn hint_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.strip_suffix(SUFFIX)
}

/// Where the signature by the key of this hint lies, below the contract's folder.
pub(crate) fn place_of(contract: &Path, hint: &str) -> PathBuf {
    contract.join(FOLDER).join(format!("{hint}{SUFFIX}"))
}
