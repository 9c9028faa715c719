//! Signatures over an artifact's files, as OpenSSF Model Signing has them: any tool of it checks ours, and ours checks
//! theirs.

mod contract;

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use reproof_attest::dsse::Bundle;
use reproof_attest::key::{PrivateKey, PublicKey};
use reproof_attest::oms::{self, Algorithm, Hasher, Ignore, Outcome};
use reproof_progress::{Progress, Unit};

use crate::verify::VerifyError;

pub use contract::{Endorsed, public_keys, sign_contract, signatures};
pub(crate) use contract::{hint_of, place_of, signature_at, signers};

/// Bytes of a signature file, at most: a line for each of a million files.
const SIGNATURE_LIMIT: u64 = 256 << 20;

/// Bytes read at a time.
const BUFFER: usize = 1 << 20;

/// What was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Files.
    pub files: usize,
    /// The hint of the key: the SHA-256 of its public half as PEM.
    pub key_hint: String,
}

/// What checking a signature came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signing {
    /// Whether it holds.
    pub holds: bool,
    /// Files that are what was signed.
    pub files: u64,
    /// Why it does not hold.
    pub problems: Vec<String>,
    /// Files in the artifact that the signature says nothing about.
    pub unsigned: Vec<String>,
}

/// Why nothing could be signed or checked. That a signature does not hold is no error but a value.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The signature could not be written.
    #[error("could not write {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Something in the artifact cannot be signed.
    #[error("{} cannot be signed: {problem}", path.display())]
    Unsignable {
        /// What.
        path: PathBuf,
        /// Why.
        problem: &'static str,
    },
    /// A key cannot be used.
    #[error("{}: {problem}", path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The artifact is not what its contract promises: nobody should sign that.
    #[error("{} is not what its contract promises, so the contract was not signed: {summary}", path.display())]
    Broken {
        /// The artifact.
        path: PathBuf,
        /// What differs.
        summary: String,
    },
    /// The contract could not be read or compared with the artifact.
    #[error(transparent)]
    Contract(#[from] Box<VerifyError>),
    /// The signature is none that can be read.
    #[error("{}: {problem}", path.display())]
    Signature {
        /// Its file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// Signs the files of an artifact.
pub fn sign(
    artifact: &Path,
    key: &Path,
    signature: &Path,
    progress: &dyn Progress,
) -> Result<Signed, SignError> {
    let private = private_key(key)?;
    let ignore = Ignore::at_signing(inside(artifact, signature).as_deref());
    let found = list(artifact)?;
    let wanted: Vec<_> = found.into_iter().filter(|(path, ..)| !ignore.ignores(path)).collect();
    progress.begin("hashing with SHA-256", Some(wanted.iter().map(|(.., size)| size).sum()), Unit::Bytes);
    let files: Vec<oms::File> = wanted
        .par_iter()
        .map(|(path, location, size)| {
            let digest = hash(location, None, Algorithm::Sha256, progress)?;
            let sha256 = reproof_attest::Sha256::new(digest.try_into().expect("a SHA-256 has 32 bytes"));
            Ok(oms::File { path: path.clone(), size: *size, sha256 })
        })
        .collect::<Result<_, SignError>>()?;
    progress.end();
    let name =
        artifact.file_name().map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned());
    let bundle = oms::sign(&name, &files, &ignore, &private)
        .map_err(|error| SignError::Key { path: key.to_owned(), problem: error.to_string() })?;
    write(signature, &bundle.to_json())?;
    Ok(Signed { files: files.len(), key_hint: private.public_key().hint().to_string() })
}

/// Checks a signature over the files of an artifact.
pub fn verify(
    artifact: &Path,
    key: &Path,
    signature: &Path,
    progress: &dyn Progress,
) -> Result<Signing, SignError> {
    let public = public_key(key)?;
    let bundle = Bundle::parse(&read_bounded(signature)?)
        .map_err(|error| SignError::Signature { path: signature.to_owned(), problem: error.to_string() })?;
    let found = list(artifact)?;
    progress.begin("hashing with SHA-256", Some(found.iter().map(|(.., size)| size).sum()), Unit::Bytes);
    let options = oms::Options {
        ignore: Ignore::at_verification(inside(artifact, signature).as_deref()),
        ..oms::Options::default()
    };
    let mut digests = |path: &str, range: Option<Range<u64>>, algorithm: Algorithm| {
        let location = if path.is_empty() { artifact.to_owned() } else { artifact.join(path) };
        hash(&location, range, algorithm, progress).map_err(|error| crate::chain(&error))
    };
    let listed = found.iter().map(|(path, _, size)| (path.as_str(), *size));
    let outcome = oms::verify(&bundle, &public, listed, &options, &mut digests);
    progress.end();
    let holds = outcome.holds();
    let comparison = match outcome {
        Outcome::Refused(refusal) => {
            return Ok(Signing {
                holds,
                files: 0,
                problems: vec![crate::chain(&refusal)],
                unsigned: Vec::new(),
            });
        }
        Outcome::Compared(comparison) => comparison,
    };
    let mut problems = Vec::new();
    let named = |path: &str| if path.is_empty() { ".".to_owned() } else { path.to_owned() };
    problems.extend(
        comparison.changed.iter().map(|changed| format!("{} is not what was signed", named(&changed.path))),
    );
    problems
        .extend(comparison.missing.iter().map(|path| format!("{} was signed and is not there", named(path))));
    problems
        .extend(comparison.extra.iter().map(|path| format!("{} is there and was not signed", named(path))));
    problems.extend(
        comparison
            .unchecked
            .iter()
            .map(|unchecked| format!("{}: {}", named(&unchecked.path), unchecked.reason)),
    );
    Ok(Signing { holds, files: comparison.unchanged, problems, unsigned: comparison.ignored })
}

/// The path of the signature below the artifact, if it lies there.
fn inside(artifact: &Path, signature: &Path) -> Option<String> {
    let folder = fs::canonicalize(artifact).ok()?;
    let absolute = std::path::absolute(signature).ok()?;
    let parent = fs::canonicalize(absolute.parent()?).ok()?;
    let below = parent.join(absolute.file_name()?);
    let relative = below.strip_prefix(folder).ok()?.to_str()?.to_owned();
    (!relative.is_empty()).then_some(relative)
}

/// The files of an artifact: POSIX path, location, size.
fn list(artifact: &Path) -> Result<Vec<(String, PathBuf, u64)>, SignError> {
    let metadata =
        fs::metadata(artifact).map_err(|source| SignError::Read { path: artifact.to_owned(), source })?;
    if metadata.is_file() {
        return Ok(vec![(String::new(), artifact.to_owned(), metadata.len())]);
    }
    let mut found = Vec::new();
    walk(artifact, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, PathBuf, u64)>) -> Result<(), SignError> {
    let failed = |source| SignError::Read { path: folder.to_owned(), source };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let refuse = |problem| SignError::Unsignable { path: path.clone(), problem };
        let name = entry.file_name().into_string().map_err(|_| refuse("its name is not UTF-8"))?;
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let metadata = fs::symlink_metadata(&path).map_err(failed)?;
        if metadata.is_dir() {
            walk(&path, &name, found)?;
        } else if metadata.is_file() {
            found.push((name, path, metadata.len()));
        } else {
            return Err(refuse("it is neither a file nor a folder; replace links by what they point to"));
        }
    }
    Ok(())
}

/// The digest of a file, or of a range of it.
fn hash(
    path: &Path,
    range: Option<Range<u64>>,
    algorithm: Algorithm,
    progress: &dyn Progress,
) -> Result<Vec<u8>, SignError> {
    let failed = |source| SignError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut left = u64::MAX;
    if let Some(range) = range {
        file.seek(SeekFrom::Start(range.start)).map_err(failed)?;
        left = range.end - range.start;
    }
    let mut source = file.take(left);
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; BUFFER];
    loop {
        match source.read(&mut buffer).map_err(failed)? {
            0 => return Ok(hasher.finish()),
            read => {
                hasher.update(&buffer[..read]);
                progress.advance(read as u64);
            }
        }
    }
}

/// A private key from a PEM file.
pub fn private_key(path: &Path) -> Result<PrivateKey, SignError> {
    PrivateKey::from_pem(&read_text(path)?)
        .map_err(|error| SignError::Key { path: path.to_owned(), problem: error.to_string() })
}

fn public_key(path: &Path) -> Result<PublicKey, SignError> {
    PublicKey::from_pem(&read_text(path)?)
        .map_err(|error| SignError::Key { path: path.to_owned(), problem: error.to_string() })
}

fn read_text(path: &Path) -> Result<String, SignError> {
    let bytes = read_bounded(path)?;
    String::from_utf8(bytes)
        .map_err(|_| SignError::Key { path: path.to_owned(), problem: "it is not text".to_owned() })
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, SignError> {
    let failed = |source| SignError::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(SIGNATURE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > SIGNATURE_LIMIT {
        let problem = format!("more than {SIGNATURE_LIMIT} bytes: it is no signature");
        return Err(SignError::Signature { path: path.to_owned(), problem });
    }
    Ok(bytes)
}

/// Writes the signature so that it appears whole.
fn write(path: &Path, bytes: &[u8]) -> Result<(), SignError> {
    let failed = |source| SignError::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    io::Write::write_all(&mut draft, bytes).map_err(failed)?;
    draft.as_file().sync_all().map_err(failed)?;
    draft.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}
