//! Why the registry could not do what was asked.

use std::path::PathBuf;

use reproof_digest::Digest;

use crate::artifact::{IdentifyError, OpenError};
use crate::durable::Unsettled;
use crate::folder::FolderError;

/// Why the registry could not do what was asked. That a gate refuses is no error but a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no registry where one was looked for.
    #[error("there is no registry in {} or above it", folder.display())]
    NotFound {
        /// Where the search began.
        folder: PathBuf,
    },
    /// There is one already.
    #[error("{} is a registry already", folder.display())]
    Exists {
        /// Its folder.
        folder: PathBuf,
    },
    /// The settings of a registry are not what is expected.
    #[error("{}: {problem}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A text names no version.
    #[error("`{text}`: {problem}")]
    Reference {
        /// The refused text.
        text: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// A file could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error("could not write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// What was to be written is there already.
    #[error("{} exists already", path.display())]
    Occupied {
        /// Which.
        path: PathBuf,
    },
    /// The digest is not the one that was expected.
    #[error("{what} is {found}, expected {expected}")]
    Unexpected {
        /// What was looked at.
        what: String,
        /// What was expected.
        expected: Digest,
        /// What was found.
        found: Digest,
    },
    /// The person may not do that.
    #[error("{who}: {reason}")]
    Denied {
        /// Who.
        who: String,
        /// Which role would be needed.
        reason: String,
    },
    /// The registry knows people, and nobody in particular asked.
    #[error("this registry has users, and no token was given")]
    NoToken,
    /// A gate or a convention cannot be understood.
    #[error("{what}: {problem}")]
    Rule {
        /// Which.
        what: String,
        /// What is wrong, where.
        problem: String,
    },
    /// A contract says something that must not be kept.
    #[error("the contract would keep what should stay out of it: {}", findings.join("; "))]
    Private {
        /// What, and where.
        findings: Vec<String>,
    },
    /// What another tool wrote beside an artifact is not what it should be.
    #[error("{}: {problem}", path.display())]
    Origin {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// What another tool tracks is not what is there.
    #[error("{} has the MD5 {found}, and {} tracks {expected}", path.display(), pointer.display())]
    Untracked {
        /// What is there.
        path: PathBuf,
        /// The file that tracks it.
        pointer: PathBuf,
        /// The MD5 that is tracked.
        expected: String,
        /// What was found.
        found: String,
    },
    /// A document is not about the version that it was given for.
    #[error("{what}: {problem}")]
    Evidence {
        /// The document.
        what: String,
        /// What is wrong.
        problem: String,
    },
    /// A key could not be used.
    #[error("{what}: {problem}")]
    Key {
        /// Where it came from.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The published log is not what it should be.
    #[error("the log: {problem}")]
    Log {
        /// What is wrong.
        problem: String,
    },
    /// The records refused or failed.
    #[error(transparent)]
    Records(#[from] reproof_registry::Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] reproof_store::StoreError),
    /// The artifact could not be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The artifact could not be hashed.
    #[error(transparent)]
    Identify(#[from] IdentifyError),
    /// The contract could not be read.
    #[error(transparent)]
    Contract(#[from] FolderError),
}

impl From<Unsettled> for RegistryError {
    fn from((path, source): Unsettled) -> Self {
        Self::Write { path, source }
    }
}

impl RegistryError {
    /// Whether what is stored is not what was stored: nothing that a better connection or a larger disk would mend.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Unexpected { .. } => true,
            Self::Store(error) => error.is_damage(),
            _ => false,
        }
    }
}
