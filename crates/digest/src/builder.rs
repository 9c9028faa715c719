//! Domain-separated hashing of fields.

use crate::{Digest, Kind};

/// Hashes a sequence of fields under the domain of a [`Kind`].
///
/// The hashed bytes are `"reproof " + name + "\n"` followed by the fields: a byte string is its length as a
/// little-endian u64 and then its bytes, an integer is 8 little-endian bytes, a digest is its 32 bytes. No two
/// sequences of fields of one kind share their bytes as long as the kind fixes which field stands where.
#[derive(Clone, Debug)]
pub struct Builder {
    kind: Kind,
    hasher: blake3::Hasher,
}

impl Builder {
    /// Starts the digest of `kind`.
    pub fn new(kind: Kind) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"reproof ").update(kind.name().as_bytes()).update(b"\n");
        Self { kind, hasher }
    }

    /// Adds a byte string with its length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.u64(bytes.len() as u64);
        self.hasher.update(bytes);
        self
    }

    /// Adds a text as UTF-8 with its length in bytes.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds an unsigned integer.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.hasher.update(&value.to_le_bytes());
        self
    }

    /// Adds the 32 bytes of another digest.
    pub fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.hasher.update(digest.as_bytes());
        self
    }

    /// The digest of everything added.
    pub fn finish(&self) -> Digest {
        Digest::new(self.kind, *self.hasher.finalize().as_bytes())
    }
}
