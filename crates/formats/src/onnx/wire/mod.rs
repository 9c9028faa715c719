//! The protobuf wire format, read lazily.
//!
//! Generated decoders copy every byte of a model into memory. This one walks a [`Window`] over the file: large
//! values stay where they are and are known by their byte range, so that a model of gigabytes is described in
//! the memory that its graph needs, and every error knows its byte.
//!
//! A message type implements [`Message`], which is told one [`Field`] after the other. As protobuf defines, the
//! last of repeated scalar fields wins, and repeated singular messages are merged.

mod error;
mod field;
mod message;
mod varint;
mod window;

pub use error::WireError;
pub(crate) use field::{Encoding, Field};
pub(crate) use message::{Message, decode};
pub(crate) use window::Window;
