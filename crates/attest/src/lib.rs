//! Signed statements about artifacts, in the forms that other tools check.
//!
//! * [`key`]: private and public keys: P-256, P-384 and Ed25519.
//! * [`dsse`]: what is signed (the DSSE envelope) and what carries it (the Sigstore bundle v0.3).
//! * [`statement`]: what is said: in-toto statements with the predicates that Reproof writes.
//! * [`oms`]: the signature of a model after the OpenSSF Model Signing specification.
//! * [`bom`]: the bill of materials of a model in CycloneDX.
//! * [`log`](mod@log): an append-only log of acts that nobody can rewrite unseen: tiles, checkpoints, proofs.
//! * [`bundle`]: how a statement is named on disk, and many of them as lines.
//!
//! Three layers that know nothing of each other's content: a **key** signs bytes, an **envelope** binds bytes to their
//! type, a **statement** binds claims to the digests of an artifact. What is verified are always the bytes as they were
//! received; nothing is written again before its signature is checked.
//!
//! Everything here is pure: bytes in, bytes out. Times and randomness are given by the caller.
//!
//! ```
//! use reproof_attest::dsse::Bundle;
//! use reproof_attest::key::PrivateKey;
//!
//! let key = PrivateKey::generate_p256([7; 32]);
//! let bundle = Bundle::sign("application/example", b"said".to_vec(), &key)?;
//! let read = Bundle::parse(&bundle.to_json())?;
//! assert_eq!(read.verify(&key.public_key())?, b"said");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

pub mod bom;
mod bounded;
pub mod bundle;
pub mod dsse;
mod hex;
pub mod key;
pub mod log;
pub mod oms;
mod sha256;
pub mod statement;
mod timestamp;

pub use sha256::{ParseSha256Error, Sha256};
pub use timestamp::{Timestamp, TimestampError};
