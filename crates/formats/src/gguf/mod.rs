//! GGUF files, versions 2 and 3, of either byte order.
//!
//! A file is a header of typed metadata and tensor places, padding, and the tensors, each at a multiple of the
//! alignment. [`crate::open()`] describes it without reading tensors: the header passes through a small window, since
//! that of a language model holds its whole vocabulary.
//!
//! Metadata becomes text: long arrays as an excerpt with their count, long texts cut. Stricter than the reference
//! implementation are truth values other than 0 and 1 and names that are not UTF-8; more lenient are gaps between
//! tensors, which other writers leave, and names longer than 63 bytes.
//!
//! Names and numbers follow the [specification](https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).

mod cursor;
mod describe;
mod error;
mod header;
mod tensor;
mod value;

pub use error::GgufError;

pub(crate) use describe::describe;

/// The first four bytes.
pub(crate) const MAGIC: &[u8] = b"GGUF";
