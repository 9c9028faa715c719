//! How bytes fail to be a pickle.

use std::io;

use crate::ErrorKind;

/// A pickle that ends early, contradicts its protocol or is larger than any that is meant well.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// The end of the bytes inside an opcode, or before the last one.
    #[error("byte {offset}: pickle ends inside {what}: {needed} more bytes expected, {left} left")]
    Truncated {
        /// Where it starts.
        offset: u64,
        /// What was being read.
        what: &'static str,
        /// Bytes that it needs.
        needed: u64,
        /// Bytes that there are.
        left: u64,
    },
    /// A byte that is no opcode.
    #[error("byte {offset}: {opcode:#04x} is no opcode")]
    Opcode {
        /// Where.
        offset: u64,
        /// The byte.
        opcode: u8,
    },
    /// A protocol of the future.
    #[error("byte {offset}: pickle protocol {protocol}, expected at most 5")]
    Protocol {
        /// Where.
        offset: u64,
        /// What is declared.
        protocol: u8,
    },
    /// An opcode that needs more of the stack than there is.
    #[error("byte {offset}: {opcode} finds the stack empty")]
    Underflow {
        /// Where.
        offset: u64,
        /// Its name.
        opcode: &'static str,
    },
    /// An opcode whose operand on the stack is of the wrong kind.
    #[error("byte {offset}: {opcode} expected {expected} on the stack, got {actual}")]
    Operand {
        /// Where.
        offset: u64,
        /// Its name.
        opcode: &'static str,
        /// What it needs.
        expected: &'static str,
        /// What is there.
        actual: &'static str,
    },
    /// A memo entry that was never put.
    #[error("byte {offset}: memo has no entry {index}")]
    Memo {
        /// Where.
        offset: u64,
        /// The entry asked for.
        index: u64,
    },
    /// A number or text that is not written as one.
    #[error("byte {offset}: expected {expected}, got `{actual}`")]
    Literal {
        /// Where.
        offset: u64,
        /// What should stand there.
        expected: &'static str,
        /// What does, its beginning.
        actual: String,
    },
    /// More of something than any pickle needs.
    #[error("byte {offset}: pickle has more than {limit} {what}")]
    Limit {
        /// Where.
        offset: u64,
        /// Of what.
        what: &'static str,
        /// The cap.
        limit: u64,
    },
    /// An array inside the stream whose length cannot be known.
    #[error("byte {offset}: array in the stream: {problem}")]
    Array {
        /// Where.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The bytes could not be read.
    #[error("could not read the pickle")]
    Io(#[source] io::Error),
}

impl PickleError {
    /// The situation.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Limit { .. } => ErrorKind::TooLarge,
            Self::Protocol { .. } => ErrorKind::Unsupported,
            Self::Io(_) => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte at which it was noticed.
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Truncated { offset, .. }
            | Self::Opcode { offset, .. }
            | Self::Protocol { offset, .. }
            | Self::Underflow { offset, .. }
            | Self::Operand { offset, .. }
            | Self::Memo { offset, .. }
            | Self::Literal { offset, .. }
            | Self::Limit { offset, .. }
            | Self::Array { offset, .. } => Some(*offset),
            Self::Io(_) => None,
        }
    }
}
