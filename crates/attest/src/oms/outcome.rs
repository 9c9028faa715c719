//! What a verification found.

use super::ManifestError;
use crate::dsse::VerifyError;

/// What became of a signature and the files that it is about.
#[derive(Debug)]
#[must_use]
pub enum Outcome {
    /// The signature says nothing that could be believed or compared.
    Refused(Refusal),
    /// The signature holds, and the files were compared with it.
    Compared(Comparison),
}

impl Outcome {
    /// Whether the signature holds and covers every file as it is.
    pub fn holds(&self) -> bool {
        matches!(self, Self::Compared(comparison) if comparison.holds())
    }
}

/// Why a signature was not believed, or not understood.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It was not made with this key.
    #[error(transparent)]
    Key(#[from] VerifyError),
    /// What was signed is no statement.
    #[error("signed payload has type `{got}`: expected `application/vnd.in-toto+json`")]
    PayloadType {
        /// The type.
        got: String,
    },
    /// What was signed is no manifest that can be compared.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// How the files compare with a signed manifest. Every list is sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Files that are as signed.
    pub unchanged: u64,
    /// Files with other bytes.
    pub changed: Vec<Changed>,
    /// Signed files that are not there.
    pub missing: Vec<String>,
    /// Files that are there and not signed.
    pub extra: Vec<String>,
    /// Files of which it is not known.
    pub unchecked: Vec<Unchecked>,
    /// Files under ignored paths: not covered by the signature.
    pub ignored: Vec<String>,
    /// Files that are not signed where the caller permits that.
    pub permitted: Vec<String>,
    /// Empty files that are not signed, where the method lists none.
    pub unlisted_empty: Vec<String>,
    /// Whether the signer followed symbolic links.
    pub allow_symlinks: bool,
}

/// A file with other bytes than were signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Its path.
    pub path: String,
    /// The signed digest or size.
    pub expected: String,
    /// The digest or size of now.
    pub found: String,
}

/// A file that could not be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// Its path.
    pub path: String,
    /// Why not.
    pub reason: String,
}

impl Comparison {
    /// Whether every file is as signed, and every signed file is there.
    pub fn holds(&self) -> bool {
        self.changed.is_empty()
            && self.missing.is_empty()
            && self.extra.is_empty()
            && self.unchecked.is_empty()
    }
}
