//! Reading a signed manifest.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sha2::Digest as _;

use super::Algorithm;
use super::path::{self, PathError, from_name};
use super::predicate::{Head, PREDICATE_TYPE, ResourceText, StatementText};
use crate::statement::STATEMENT_TYPE;
use crate::{Sha256, hex};

/// What a signature says of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The model's name: informal.
    pub name: String,
    /// The SHA-256 over all digests in the signer's order.
    pub root: Sha256,
    /// Whether the signer followed symbolic links.
    pub allow_symlinks: bool,
    /// Paths that the signer left out.
    pub ignore_paths: Vec<String>,
    /// Whether files are listed as shards; then empty files are not listed.
    pub sharded: bool,
    /// The digests by path; empty for a model of one file.
    pub(super) files: BTreeMap<String, Vec<Piece>>,
}

/// A whole file, or a range of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// The first byte and the one after the last; the whole file where there is none.
    pub(super) range: Option<std::ops::Range<u64>>,
    pub(super) algorithm: Algorithm,
    pub(super) digest: Vec<u8>,
}

/// Why a payload is not a manifest that can be compared.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not JSON of this form.
    #[error("signed payload is not a manifest in JSON")]
    Json(#[source] serde_json::Error),
    /// It is another kind of statement.
    #[error("signed payload is a `{got}`: expected `{expected}`")]
    Type {
        /// What a manifest is.
        expected: &'static str,
        /// What the payload says that it is, its first 200 characters.
        got: String,
    },
    /// It is about none or several models.
    #[error("manifest has {got} subjects: expected one")]
    Subjects {
        /// How many.
        got: usize,
    },
    /// Files are listed in an unknown way.
    #[error("manifest has method `{got}`: expected `files`, or `shards` with a whole `shard_size` from 1 on")]
    Method {
        /// The method and its shard size, the first 100 characters.
        got: String,
    },
    /// Files are hashed in an unknown way.
    #[error(
        "resource `{name}` has algorithm `{got}`: expected sha256, blake2b or blake3, and the same for all"
    )]
    Algorithm {
        /// The resource, its first 200 characters.
        name: String,
        /// The algorithm, its first 100 characters.
        got: String,
    },
    /// A digest has the wrong length or characters.
    #[error("resource `{name}` has no {algorithm} digest: expected {} lower-case hexadecimal digits", algorithm.length() * 2)]
    Digest {
        /// The resource.
        name: String,
        /// What it should be a digest of.
        algorithm: Algorithm,
    },
    /// A name is not a path below the model.
    #[error("resource has no usable name")]
    Path(#[from] PathError),
    /// A shard is not where it should be.
    #[error(
        "resource `{name}` is not a shard: expected `path:start:end`, from one shard's end to the next and at most {shard_size} bytes long"
    )]
    Shard {
        /// The resource, its first 200 characters.
        name: String,
        /// The longest shard.
        shard_size: u64,
    },
    /// A file is listed twice.
    #[error("resource `{name}` is listed twice")]
    Repeated {
        /// The resource.
        name: String,
    },
    /// Nothing is listed.
    #[error("manifest lists no file: expected at least one")]
    Empty,
    /// The root does not belong to the digests.
    #[error("manifest has the root {got}, and its resources have {expected}")]
    Root {
        /// What the resources give.
        expected: Sha256,
        /// What the manifest says, its first 100 characters.
        got: String,
    },
}

impl Manifest {
    /// Reads the payload of a bundle. Its signature must have been checked before.
    pub fn parse(payload: &[u8]) -> Result<Self, ManifestError> {
        let head: Head = serde_json::from_slice(payload).map_err(ManifestError::Json)?;
        for (expected, got) in [(STATEMENT_TYPE, head.kind), (PREDICATE_TYPE, head.predicate_type)] {
            if got != expected {
                return Err(ManifestError::Type { expected, got: got.chars().take(200).collect() });
            }
        }
        let text: StatementText = serde_json::from_slice(payload).map_err(ManifestError::Json)?;
        let [subject] = <[_; 1]>::try_from(text.subject)
            .map_err(|subjects: Vec<_>| ManifestError::Subjects { got: subjects.len() })?;
        let (how, resources) = (text.predicate.serialization, text.predicate.resources);
        let shard_size = match (how.method.as_str(), how.shard_size) {
            ("files", _) => None,
            // Below 2^53 every whole number is a float.
            ("shards", Some(size)) if size >= 1.0 && size.fract() == 0.0 && size < 9e15 => Some(size as u64),
            (method, size) => {
                let got = format!("{} {size:?}", method.chars().take(80).collect::<String>());
                return Err(ManifestError::Method { got });
            }
        };
        let algorithm = Algorithm::from_name(&how.hash_type).ok_or_else(|| ManifestError::Algorithm {
            name: "serialization".to_owned(),
            got: how.hash_type.chars().take(100).collect(),
        })?;
        let mut root = sha2::Sha256::new();
        let mut files = BTreeMap::new();
        for resource in &resources {
            let digest = digest(resource, algorithm)?;
            root.update(&digest);
            add(&mut files, resource, shard_size, algorithm, digest)?;
        }
        if files.is_empty() {
            return Err(ManifestError::Empty);
        }
        let root = Sha256::new(root.finalize().into());
        if subject.digest.sha256 != root.to_string() {
            let got = subject.digest.sha256.chars().take(100).collect();
            return Err(ManifestError::Root { expected: root, got });
        }
        Ok(Self {
            name: subject.name,
            root,
            allow_symlinks: how.allow_symlinks,
            ignore_paths: how.ignore_paths,
            sharded: shard_size.is_some(),
            files,
        })
    }

    /// The paths of the signed files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

fn digest(resource: &ResourceText, algorithm: Algorithm) -> Result<Vec<u8>, ManifestError> {
    let name = || resource.name.chars().take(200).collect();
    if Algorithm::from_name(&resource.algorithm) != Some(algorithm) {
        let got = resource.algorithm.chars().take(100).collect();
        return Err(ManifestError::Algorithm { name: name(), got });
    }
    // The length first: a long text is not decoded to be refused.
    let digits = Some(&resource.digest).filter(|digits| digits.len() == algorithm.length() * 2);
    digits
        .and_then(|digits| hex::decode(digits))
        .ok_or_else(|| ManifestError::Digest { name: name(), algorithm })
}

fn add(
    files: &mut BTreeMap<String, Vec<Piece>>,
    resource: &ResourceText,
    shard_size: Option<u64>,
    algorithm: Algorithm,
    digest: Vec<u8>,
) -> Result<(), ManifestError> {
    let (name, range) = match shard_size {
        None => (resource.name.as_str(), None),
        Some(shard_size) => {
            let (name, range) = shard(&resource.name, shard_size).ok_or_else(|| ManifestError::Shard {
                name: resource.name.chars().take(200).collect(),
                shard_size,
            })?;
            (name, Some(range))
        }
    };
    // An empty name would otherwise pass for that of a model of one file.
    path::check(from_name(if name.is_empty() { "/" } else { name }))?;
    let piece = Piece { range, algorithm, digest };
    match (files.entry(from_name(name).to_owned()), shard_size) {
        (Entry::Vacant(entry), None) => {
            entry.insert(vec![piece]);
        }
        (Entry::Occupied(_), None) => return Err(ManifestError::Repeated { name: name.to_owned() }),
        (entry, Some(shard_size)) => {
            let pieces = entry.or_default();
            let end = pieces.last().and_then(|last| last.range.as_ref()).map_or(0, |range| range.end);
            if piece.range.as_ref().is_none_or(|range| range.start != end) {
                let name = resource.name.chars().take(200).collect();
                return Err(ManifestError::Shard { name, shard_size });
            }
            pieces.push(piece);
        }
    }
    Ok(())
}

/// Takes `path:start:end` apart; a path may hold colons itself.
fn shard(name: &str, shard_size: u64) -> Option<(&str, std::ops::Range<u64>)> {
    let (rest, end) = name.rsplit_once(':')?;
    let (path, start) = rest.rsplit_once(':')?;
    let number =
        |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?;
    let (start, end): (u64, u64) = (number(start)?, number(end)?);
    (start < end && end - start <= shard_size).then_some((path, start..end))
}
