//! Canonical bytes (RFC 8785) and the digests over them.

use reproof_digest::{Builder, Digest, Kind};
use serde::Serialize;

/// A document that has no canonical form: a number that is not finite, a map key that is not a text.
#[derive(Debug, thiserror::Error)]
#[error("document has no canonical JSON form")]
pub struct CanonicalError(#[source] serde_json::Error);

/// The canonical JSON of a document: sorted keys, ECMAScript numbers, no white space.
pub fn bytes(document: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    serde_json_canonicalizer::to_vec(document).map_err(CanonicalError)
}

/// The digest of a document: its canonical bytes under the domain of `kind`.
pub fn digest(kind: Kind, document: &impl Serialize) -> Result<Digest, CanonicalError> {
    Ok(Builder::new(kind).bytes(&bytes(document)?).finish())
}
