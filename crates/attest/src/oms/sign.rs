//! Making signatures.

use sha2::Digest as _;

use super::path::{self, PathError, to_name};
use super::predicate::{
    PREDICATE_TYPE, PredicateText, ResourceText, RootText, SerializationText, StatementText, SubjectText,
};
use super::{Algorithm, FILE_LIMIT, File, Ignore};
use crate::Sha256;
use crate::dsse::{Bundle, BundleError, IN_TOTO};
use crate::key::{self, PrivateKey};
use crate::statement::STATEMENT_TYPE;

/// Why a model cannot be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The name says nothing.
    #[error("model has no name: expected the last part of its path")]
    NoName,
    /// No file is left.
    #[error("model `{name}` has no file that is not ignored: expected at least one")]
    NoFiles {
        /// The model.
        name: String,
    },
    /// There are more files than are read again.
    #[error("model `{name}` has {got} files: expected at most {FILE_LIMIT}")]
    TooManyFiles {
        /// The model.
        name: String,
        /// How many there are.
        got: usize,
    },
    /// A path is not one below the model.
    #[error("model cannot be signed")]
    Path(#[from] PathError),
    /// Two files have one path.
    #[error("model has two files `{path}`")]
    Repeated {
        /// The path.
        path: String,
    },
    /// Stock tools would not verify it.
    #[error("key is {algorithm}: expected ECDSA P-256 or P-384, which OpenSSF Model Signing knows")]
    Algorithm {
        /// What the key is.
        algorithm: key::Algorithm,
    },
    /// The manifest is too long.
    #[error("model `{name}` has a manifest that is too long")]
    Bundle {
        /// The model.
        name: String,
        /// By how much.
        #[source]
        source: BundleError,
    },
}

/// The signature of the model `name` with these files, as a bundle that stock verifiers take. Files that `ignore` names
/// are left out, and the signature says so. Symbolic links are none of its business: `files` are what was read.
pub fn sign(name: &str, files: &[File], ignore: &Ignore, key: &PrivateKey) -> Result<Bundle, SignError> {
    if key.algorithm() == key::Algorithm::Ed25519 {
        return Err(SignError::Algorithm { algorithm: key.algorithm() });
    }
    let payload = statement(name, files, ignore)?;
    Bundle::sign(IN_TOTO, payload, key).map_err(|source| SignError::Bundle { name: name.to_owned(), source })
}

/// What [`sign`] signs: the manifest of the model as an in-toto statement.
pub fn statement(name: &str, files: &[File], ignore: &Ignore) -> Result<Vec<u8>, SignError> {
    if name.is_empty() {
        return Err(SignError::NoName);
    }
    let files = sorted(files, ignore)?;
    if files.is_empty() {
        return Err(SignError::NoFiles { name: name.to_owned() });
    }
    if files.len() > FILE_LIMIT {
        return Err(SignError::TooManyFiles { name: name.to_owned(), got: files.len() });
    }
    let resources = files.iter().map(|file| ResourceText {
        name: to_name(&file.path).to_owned(),
        algorithm: Algorithm::Sha256.name().to_owned(),
        digest: file.sha256.to_string(),
    });
    let statement = StatementText {
        kind: STATEMENT_TYPE.to_owned(),
        subject: vec![SubjectText {
            name: name.to_owned(),
            digest: RootText { sha256: chained(&files).to_string() },
        }],
        predicate_type: PREDICATE_TYPE.to_owned(),
        predicate: PredicateText {
            serialization: SerializationText {
                method: "files".to_owned(),
                hash_type: Algorithm::Sha256.name().to_owned(),
                allow_symlinks: false,
                shard_size: None,
                ignore_paths: ignore.paths().map(str::to_owned).collect(),
            },
            resources: resources.collect(),
        },
    };
    Ok(serde_json::to_vec(&statement).expect("texts and lists have a JSON form"))
}

/// The SHA-256 that the signature's subject has: over the digests of the files in the order of their paths' code points.
///
/// Other signers sort in other ways and give the same files another root, so that it identifies a model only among
/// signatures made here.
pub fn root(files: &[File], ignore: &Ignore) -> Result<Sha256, SignError> {
    Ok(chained(&sorted(files, ignore)?))
}

/// The files that are signed, in order.
fn sorted<'a>(files: &'a [File], ignore: &Ignore) -> Result<Vec<&'a File>, SignError> {
    let mut sorted: Vec<&File> = files.iter().filter(|file| !ignore.ignores(&file.path)).collect();
    for file in &sorted {
        path::check(&file.path)?;
    }
    // The order of UTF-8 bytes is that of code points.
    sorted.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    match sorted.windows(2).find(|pair| pair[0].path == pair[1].path) {
        Some(pair) => Err(SignError::Repeated { path: pair[0].path.clone() }),
        None => Ok(sorted),
    }
}

fn chained(files: &[&File]) -> Sha256 {
    let mut hasher = sha2::Sha256::new();
    for file in files {
        hasher.update(file.sha256.as_bytes());
    }
    Sha256::new(hasher.finalize().into())
}
