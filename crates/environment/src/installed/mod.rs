//! The folders that installers of Python leave beside packages (`NAME-VERSION.dist-info`).
//!
//! What lies there is foreign: a package, or whoever altered the environment, wrote it. Every length is bounded, nothing
//! is trusted to be text, and a path that leaves the environment is refused.

mod base64;
mod direct_url;
mod metadata;
mod place;
mod record;

pub use base64::encode as base64_url;
pub use direct_url::origin;
pub use metadata::{Metadata, normalised};
pub use place::{Refused, resolve};
pub use record::{Entry, Record, content_sha256};

/// The largest file of such a folder that is read, in bytes: the largest lists of files have 2 MB.
pub const LARGEST: u64 = 64 << 20;

/// A SHA-256 hash.
pub type Sha256 = [u8; 32];

/// Whether a file of a list is a launcher: a program beside the packages, which no model imports. Its first line names the
/// interpreter, so that whoever moves an environment alters it.
pub fn is_launcher(row: &str) -> bool {
    row.starts_with("..") && (row.contains("/bin/") || row.contains("/Scripts/"))
}

/// Whether a file of a list is a cache of bytecode. A few wheels carry some by mistake; whoever compiles or imports the package
/// writes them anew, and nobody lists those that are written without having been carried.
pub fn is_bytecode(row: &str) -> bool {
    row.contains("__pycache__/") && row.rsplit_once('.').is_some_and(|(_, ending)| ending == "pyc")
}

/// A hash in hexadecimal digits.
pub fn hex(hash: &Sha256) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble & 15)]);
    hash.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}
