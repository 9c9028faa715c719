//! Domain-separated hashing of fields.

use crate::{Digest, Kind};

/// Bytes gathered before they are hashed: BLAKE3 is several times faster on whole kibibytes than on short fields.
const GATHERED: usize = 32 << 10;

/// Room for the fields of one tensor without growing.
const SHORT: usize = 256;

/// Hashes a sequence of fields under the domain of a [`Kind`].
///
/// The hashed bytes are `"reproof " + name + "\n"` followed by the fields: a byte string is its length as a
/// little-endian u64 and then its bytes, an integer is 8 little-endian bytes, a digest is its 32 bytes. No two
/// sequences of fields of one kind share their bytes as long as the kind fixes which field stands where.
#[derive(Clone, Debug)]
pub struct Builder {
    kind: Kind,
    gathered: Vec<u8>,
    /// What no longer fitted; most digests have few fields and never need it.
    hasher: Option<Box<blake3::Hasher>>,
}

impl Builder {
    /// Starts the digest of `kind`.
    pub fn new(kind: Kind) -> Self {
        let mut builder = Self { kind, gathered: Vec::with_capacity(SHORT), hasher: None };
        builder.raw(b"reproof ").raw(kind.name().as_bytes()).raw(b"\n");
        builder
    }

    /// Adds a byte string with its length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.u64(bytes.len() as u64).raw(bytes)
    }

    /// Adds a text as UTF-8 with its length in bytes.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.bytes(text.as_bytes())
    }

    /// Adds an unsigned integer.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Adds the 32 bytes of another digest.
    pub fn digest(&mut self, digest: &Digest) -> &mut Self {
        self.raw(digest.as_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        if self.gathered.len() + bytes.len() > GATHERED {
            self.hasher.get_or_insert_default().update(&self.gathered);
            self.gathered.clear();
        }
        // A field of this size is rare, and gathering it costs one copy.
        self.gathered.extend_from_slice(bytes);
        self
    }

    /// The digest of everything added.
    pub fn finish(&self) -> Digest {
        let hash = match &self.hasher {
            None => blake3::hash(&self.gathered),
            Some(hasher) => hasher.clone().update(&self.gathered).finalize(),
        };
        Digest::new(self.kind, *hash.as_bytes())
    }
}
