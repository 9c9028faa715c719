//! Signed statements about artifacts, and the transparency log that keeps them.
//!
//! * [`log`]: an append-only Merkle log of static files: tiles, checkpoints, proofs and their audit.
#![forbid(unsafe_code)]

pub mod log;
