//! Records, verifies and compares saved models: the use cases and the public Rust API.
//!
//! Nothing here prints, reads the process environment or asks for the time: surfaces pass in what they know, runners
//! and progress come as traits.
//!
//! * [`record`](mod@record): makes the contract of an artifact.
//! * [`verify`](mod@verify): load, execute, validate against the contract.
//! * [`diagnose`](mod@diagnose): why outputs differ, and where that starts.
//! * [`diff`](mod@diff): what changed between two artifacts.
//! * [`drill`]: which mistakes a suite would catch.
//! * [`resume`](mod@resume): whether training goes on as it did.
//! * [`registry`]: versions with names, promotion with proof, a log that nobody can rewrite unseen.
//! * [`sign`](mod@sign): signatures over an artifact's files.
//! * [`scan`](mod@scan): what would run, or leak, if an artifact were loaded.
//! * [`trust`]: leave to run code, given for these very bytes.
//! * [`cases`]: canonical inputs, proposed or imported.
//! * [`artifact`]: an artifact's files, model and digests.
//! * [`engines`]: runners of what is found on this machine.
//! * [`failure`]: what errors mean and what to do.
//! * [`project`]: what `reproof.toml` says.
#![forbid(unsafe_code)]

pub mod artifact;
pub mod cases;
pub mod clock;
pub mod diagnose;
pub mod diff;
pub mod drill;
mod durable;
pub mod engines;
pub mod execution;
pub mod failure;
pub mod folder;
mod instructions;
mod judge;
pub mod project;
pub mod record;
pub mod registry;
pub mod resume;
pub mod scan;
mod scratch;
pub mod sign;
pub mod trust;
pub mod verify;

pub use reproof_runner::{Scratch, chain};

pub use judge::{DEFINITION_LIMIT, ELEMENT_LIMIT, ROUNDING_LIMIT};
