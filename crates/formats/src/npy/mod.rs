//! NumPy arrays (`.npy`, versions 1 to 3) and archives of them (`.npz`).
//!
//! Numbers of either byte order and either memory order become row-major little-endian tensors; fixed-width texts
//! become tensors of texts without their padding. Object arrays are pickles and are refused, as are structures,
//! dates and what has no element type here.
//!
//! [`crate::open()`] describes both without loading arrays, and what has no element type here travels as raw
//! bytes: see [`data_offset`] for where the pickle of an object array starts.

mod archive;
mod array;
mod carrier;
mod descr;
mod describe;
mod describe_archive;
mod error;
mod header;
mod member;
mod structure;

use std::path::Path;

use reproof_tensor::Value;

pub use archive::{parse_archive, read_archive};
pub use array::parse;
pub use describe::data_offset;
pub use error::NpyError;

pub(crate) use describe::{Content, content, describe};
pub(crate) use describe_archive::describe_archive;

use crate::{FormatError, file};

/// The first six bytes of an array.
pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";

/// Reads the array at `path`; a file of more than `limit` bytes, or an array that needs more memory, is refused.
pub fn read(path: &Path, limit: u64) -> Result<Value, FormatError> {
    let bytes = file::read(path, limit)?;
    parse(&bytes, limit).map_err(|error| FormatError::new(path, error))
}
