//! NumPy arrays (`.npy`, versions 1 to 3) and archives of them (`.npz`).
//!
//! Numbers of either byte order and either memory order become row-major little-endian tensors; fixed-width texts
//! become tensors of texts without their padding. Object arrays are pickles and are refused, as are structures,
//! dates and what has no element type here.

mod archive;
mod array;
mod descr;
mod error;
mod header;

use std::path::Path;

use reproof_tensor::Value;

pub use archive::{parse_archive, read_archive};
pub use array::parse;
pub use error::NpyError;

use crate::{FormatError, file};

/// Reads the array at `path`; a file of more than `limit` bytes, or an array that needs more memory, is refused.
pub fn read(path: &Path, limit: u64) -> Result<Value, FormatError> {
    let bytes = file::read(path, limit)?;
    parse(&bytes, limit).map_err(|error| FormatError::new(path, error))
}
