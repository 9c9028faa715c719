//! The artifact that a statement is about.

use reproof_digest::{Digest, Kind};

use super::Descriptor;
use crate::oms::{self, File, Ignore, SignError};

/// An artifact: its digest, and what stock tools need to find it.
///
/// The first subject is the artifact. It has the digest `artifact-v1`, which is what binds, and a `sha256` for tools that
/// know nothing else: of a single file that of its bytes, of a folder the [root](oms::root) that its signature has. The
/// files of a folder follow, each with its `sha256`, so that a tool which holds one file finds the statement too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    name: String,
    artifact: Digest,
    descriptors: Vec<Descriptor>,
}

/// Why something is not a subject.
#[derive(Debug, thiserror::Error)]
pub enum SubjectError {
    /// Another digest was given.
    #[error("subject `{name}` has digest {got}: expected an artifact's, artifact-v1")]
    Kind {
        /// The subject.
        name: String,
        /// Its digest.
        got: Digest,
    },
    /// It has no name.
    #[error("subject {artifact} has no name: expected the last part of its path")]
    NoName {
        /// The artifact.
        artifact: Digest,
    },
    /// Its files cannot be listed.
    #[error("files of the subject cannot be listed")]
    Files(#[from] SignError),
}

impl Subject {
    /// The artifact `name` with this digest, and as many of its files as have a SHA-256. A single-file artifact has one
    /// file with an empty path.
    pub fn new(name: &str, artifact: Digest, files: &[File]) -> Result<Self, SubjectError> {
        if artifact.kind() != Kind::Artifact {
            return Err(SubjectError::Kind { name: name.to_owned(), got: artifact });
        }
        if name.is_empty() {
            return Err(SubjectError::NoName { artifact });
        }
        let mut whole = Descriptor::named(name).with(&artifact);
        let mut descriptors = Vec::new();
        match files {
            [] => {}
            [file] if file.path.is_empty() => whole = whole.with_sha256(&file.sha256),
            files => {
                let ignore = Ignore::at_signing(None);
                whole = whole.with_sha256(&oms::root(files, &ignore)?);
                let mut signed: Vec<&File> =
                    files.iter().filter(|file| !ignore.ignores(&file.path)).collect();
                signed.sort_unstable_by(|a, b| a.path.cmp(&b.path));
                descriptors.extend(signed.iter().map(|file| {
                    // The main file of an artifact that refers to others has no path: it has the artifact's name.
                    let name = if file.path.is_empty() { name } else { &file.path };
                    Descriptor::named(name).with_sha256(&file.sha256)
                }));
            }
        }
        descriptors.insert(0, whole);
        Ok(Self { name: name.to_owned(), artifact, descriptors })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest that binds.
    pub fn artifact(&self) -> &Digest {
        &self.artifact
    }

    pub(super) fn descriptors(&self) -> Vec<Descriptor> {
        self.descriptors.clone()
    }
}
