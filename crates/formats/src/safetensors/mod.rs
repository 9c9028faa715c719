//! safetensors files.
//!
//! A file is a u64 header length, a JSON header and the tensors one after the other. [`crate::open()`] describes a
//! file without reading its tensors; [`read_tensors`] loads a small one; [`to_bytes`] and [`write()`] make one, the
//! same bytes for the same tensors.
//!
//! Accepted is what the reference implementation accepts, and, so that every value has a place, also the element
//! types that only [`DType`](reproof_tensor::DType) knows, and sub-byte tensors whose last byte is padded.

mod describe;
mod error;
mod header;
mod read;
mod write;

pub use error::SafetensorsError;
pub use read::{parse_tensors, read_tensors};
pub use write::{to_bytes, write};

pub(crate) use describe::describe;

/// The largest header, as the reference implementation has it.
const LARGEST_HEADER: u64 = 100_000_000;

/// Whether a file of these first bytes can only be meant as safetensors: a header length within the cap, then the
/// brace that opens the header. A length beyond the cap counts too when a key follows the brace.
pub(crate) fn begins(head: &[u8]) -> bool {
    let Some((length, rest)) = head.split_first_chunk() else { return false };
    let plausible = u64::from_le_bytes(*length) <= LARGEST_HEADER;
    rest.first() == Some(&b'{') && (plausible || rest.get(1) == Some(&b'"'))
}
