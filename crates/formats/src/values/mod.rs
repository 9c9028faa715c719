//! Trees of values on disk: `<stem>.json` holds the tree, `<stem>.safetensors` the tensors of its leaves.
//!
//! Writing leaves whole files only: each is written beside its place and renamed, the tensors before the tree that
//! speaks of them; who keeps them syncs them. Reading trusts nothing: dtype, shape and digest of every tensor are those that the
//! tree tells, or the error names file and tensor.

mod atomic;
mod error;
mod read;
mod write;

pub use error::ValuesError;
pub use read::{Stored, load, parse, read};
pub use write::write;

/// The largest file that is read, of either kind.
pub const LARGEST: u64 = 1 << 30;

/// The deepest tree: JSON readers stop at 128 levels, and a level of a tree takes up to three of them.
const DEPTH: usize = 32;

fn tree_file(stem: &str) -> String {
    format!("{stem}.json")
}

fn tensor_file(stem: &str) -> String {
    format!("{stem}.safetensors")
}
