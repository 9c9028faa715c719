//! In-toto's way to name a thing: by its digests.

use std::collections::BTreeMap;

use reproof_digest::{Digest, Kind};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Sha256;

/// The member name of a digest of this kind: `blake3` for raw bytes, which others know, and the kind's own name, such as
/// `artifact-v1`, for all that Reproof defines. Stock tools pass over names that they do not know.
pub const fn digest_key(kind: Kind) -> &'static str {
    match kind {
        Kind::Blob => "blake3",
        other => other.name(),
    }
}

/// A thing, named by its digests; a `ResourceDescriptor` of in-toto.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Descriptor {
    /// What it is called where the statement was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it is, or what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
    /// Its digests in hexadecimal, by algorithm.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub digest: BTreeMap<String, String>,
    /// Its media type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Anything else.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
}

impl Descriptor {
    /// The thing called `name`.
    pub fn named(name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::default() }
    }

    /// The document `name` with these bytes.
    pub fn of_bytes(name: &str, media_type: &str, bytes: &[u8]) -> Self {
        Self { media_type: Some(media_type.to_owned()), ..Self::named(name).with_sha256(&Sha256::of(bytes)) }
    }

    /// With this digest.
    #[must_use]
    pub fn with(mut self, digest: &Digest) -> Self {
        self.digest.insert(digest_key(digest.kind()).to_owned(), digest.to_hex());
        self
    }

    /// With this SHA-256.
    #[must_use]
    pub fn with_sha256(mut self, sha256: &Sha256) -> Self {
        self.digest.insert("sha256".to_owned(), sha256.to_string());
        self
    }
}
