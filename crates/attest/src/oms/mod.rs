//! The signature of a model after the OpenSSF Model Signing specification v1.0.
//!
//! A signed **manifest** lists every file of a model with its digest. [`sign()`] makes one as stock tools read it: whole files,
//! SHA-256, in the order of code points. [`verify()`] takes what other signers make: any order, files or shards, SHA-256,
//! BLAKE2b or BLAKE3. It compares with the files as they were found and says of each how it differs.
//!
//! Files under ignored paths are part of no comparison, so that evidence may grow after a model was signed. They are
//! listed with the outcome: whoever relies on a signature should know what it does not cover.
//!
//! A model of one file has one resource with the name `.`; here its path is empty, as in an artifact's digest.

mod algorithm;
mod ignore;
mod manifest;
mod outcome;
mod path;
mod predicate;
mod sign;
mod verify;

pub use algorithm::{Algorithm, Hasher};
pub use ignore::Ignore;
pub use manifest::{Manifest, ManifestError};
pub use outcome::{Changed, Comparison, Outcome, Refusal, Unchecked};
pub use path::PathError;
pub use predicate::PREDICATE_TYPE;
pub use sign::{SignError, root, sign, statement};
pub use verify::{Digests, Listing, Options, verify};

use crate::Sha256;

/// Files of a manifest, at most. The specification sets no limit; the largest public models have some thousands.
pub const FILE_LIMIT: usize = 1_000_000;

/// A file of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its POSIX path below the model; empty for a model of one file.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256,
}

#[cfg(test)]
mod tests;
