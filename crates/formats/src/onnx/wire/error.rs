//! How bytes fail to be protobuf.

use std::io;

use crate::ErrorKind;

/// Bytes that are not the protobuf message that they should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WireError {
    /// A value ends beyond the message that holds it.
    #[error("byte {offset}: {message} needs {needed} more bytes, {left} are left")]
    Truncated {
        /// The message.
        message: &'static str,
        /// Where the value starts.
        offset: u64,
        /// What it declares.
        needed: u64,
        /// What the message still has.
        left: u64,
    },
    /// A variable-length integer of more than 64 bits.
    #[error("byte {offset}: integer in {message} is longer than 64 bits")]
    LongInteger {
        /// The message.
        message: &'static str,
        /// Where it starts.
        offset: u64,
    },
    /// A field number outside 1 to 2^29 - 1.
    #[error("byte {offset}: {message} has field number {number}, expected 1 to 536870911")]
    FieldNumber {
        /// The message.
        message: &'static str,
        /// Where the tag starts.
        offset: u64,
        /// The number.
        number: u64,
    },
    /// A wire type that ONNX never uses: groups, or none at all.
    #[error("byte {offset}: field {number} of {message} has wire type {actual}, expected 0, 1, 2 or 5")]
    UnknownWireType {
        /// The message.
        message: &'static str,
        /// The field.
        number: u32,
        /// Where the tag starts.
        offset: u64,
        /// The wire type.
        actual: u8,
    },
    /// A field encoded as something else than its type.
    #[error("byte {offset}: field {number} of {message}: expected {expected}, got {actual}")]
    WrongWireType {
        /// The message.
        message: &'static str,
        /// The field.
        number: u32,
        /// Where its value starts.
        offset: u64,
        /// The encoding of its type.
        expected: &'static str,
        /// The encoding found.
        actual: &'static str,
    },
    /// Packed numbers that do not fill their bytes.
    #[error(
        "byte {offset}: packed field {number} of {message} has {length} bytes, expected a multiple of {width}"
    )]
    Ragged {
        /// The message.
        message: &'static str,
        /// The field.
        number: u32,
        /// Where its values start.
        offset: u64,
        /// Bytes there are.
        length: u64,
        /// Bytes per number.
        width: u64,
    },
    /// A text that is not UTF-8.
    #[error("byte {offset}: field {number} of {message} is not UTF-8")]
    NotText {
        /// The message.
        message: &'static str,
        /// The field.
        number: u32,
        /// Where the text starts.
        offset: u64,
    },
    /// Messages inside messages beyond the cap.
    #[error("byte {offset}: {message} is nested deeper than {limit} messages")]
    TooDeep {
        /// The innermost message.
        message: &'static str,
        /// Where it starts.
        offset: u64,
        /// The cap.
        limit: u32,
    },
    /// The decoded form would need more memory than the cap.
    #[error("byte {offset}: decoding needs more than {limit} bytes of memory")]
    TooMuchMemory {
        /// Where the cap was reached.
        offset: u64,
        /// The cap.
        limit: u64,
    },
    /// The file could not be read.
    #[error("byte {offset}: could not read")]
    Read {
        /// Where reading started.
        offset: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl WireError {
    /// The byte of the file at which it was noticed.
    pub fn offset(&self) -> u64 {
        match self {
            Self::Truncated { offset, .. }
            | Self::LongInteger { offset, .. }
            | Self::FieldNumber { offset, .. }
            | Self::UnknownWireType { offset, .. }
            | Self::WrongWireType { offset, .. }
            | Self::Ragged { offset, .. }
            | Self::NotText { offset, .. }
            | Self::TooDeep { offset, .. }
            | Self::TooMuchMemory { offset, .. }
            | Self::Read { offset, .. } => *offset,
        }
    }

    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::TooDeep { .. } | Self::TooMuchMemory { .. } => ErrorKind::TooLarge,
            Self::Read { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }
}
