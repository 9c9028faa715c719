//! Environments: what is installed, how two of them differ and what that can do to outputs, and their lock.
//!
//! * [`installed`]: reads the folders that installers of Python leave: untrusted bytes to inert descriptions.
//! * [`differences`]: compares two environments and grades each difference, with the reason and where the rule is from.
//! * [`fingerprint`]: which operators moved, and what that points to.
//! * [`lock`]: `pylock.toml` (PEP 751) and a bill of materials (CycloneDX).
//! * [`privacy`]: what must not enter a document.
//!
//! Nothing here opens a file or starts a process.
#![forbid(unsafe_code)]

mod compare;
pub mod fingerprint;
pub mod installed;
pub mod lock;
pub mod privacy;

pub use compare::{NOT_SET, VARIABLES, differences, same_engine};
