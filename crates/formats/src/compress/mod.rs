//! Files that are compressed as a whole, as joblib and shell tools leave them.
//!
//! [`detect()`] names a compression by its first bytes and [`expand()`] undoes it in memory, up to a limit. Several
//! compressed files one after the other expand to one, as they do for Python's modules; what follows the last one
//! is counted.

mod detect;
mod error;
mod expand;
mod input;
mod stream;
#[cfg(test)]
mod tests;

pub use detect::Compression;
pub(crate) use detect::detect;
pub use error::CompressError;
pub(crate) use expand::{expand, expand_into};
