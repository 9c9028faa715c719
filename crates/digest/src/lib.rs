//! Content identity.
//!
//! Every digest is BLAKE3 under a versioned domain string and is written `name-v1:hex`. The definitions are
//! recomputed by an independent program, `docs/digests/recompute.py`, and pinned by the vectors beside it.
//!
//! * [`Digest`] and [`Kind`]: what a digest is and how it is written.
//! * [`Builder`]: domain-separated hashing of fields.
//! * [`layout`]: a file as segments that tile it, hashed once.
//! * [`identity`]: tensor, weights, values and artifact digests.
//! * [`ranges`]: parallel hashing of byte ranges with bounded memory.
//! * [`tree`]: the digest of a blob from the values of its parts.
#![forbid(unsafe_code)]

mod builder;
mod digest;
pub mod flip;
pub mod identity;
pub mod layout;
pub mod ranges;
mod source;
pub mod tree;

pub use builder::Builder;
pub use digest::{Digest, Kind, ParseDigestError};
pub use source::{OpenFile, ReadAt};

/// BLAKE3 of raw bytes: the `blob-v1` digest, the same value that `b3sum` prints.
pub fn blob(bytes: &[u8]) -> Digest {
    Digest::new(Kind::Blob, *blake3::hash(bytes).as_bytes())
}
