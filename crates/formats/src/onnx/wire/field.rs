//! One field: its number, and its value in whatever type the message expects there.

use std::ops::Range;

use super::message::{Message, merge};
use super::{Window, WireError};

/// A value as encoded, known by where its bytes are.
pub(super) enum Value {
    /// An integer.
    Varint(u64, Range<u64>),
    /// Eight bytes.
    Fixed64(Range<u64>),
    /// Four bytes.
    Fixed32(Range<u64>),
    /// A text, message or packed list.
    Bytes(Range<u64>),
}

/// How the numbers of a repeated field are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Variable-length integers.
    Varint,
    /// Four bytes each.
    Fixed32,
    /// Eight bytes each.
    Fixed64,
}

impl Encoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Varint => "an integer",
            Self::Fixed32 => "4 bytes",
            Self::Fixed64 => "8 bytes",
        }
    }

    /// Bytes per number where that is fixed.
    pub(crate) const fn width(self) -> Option<u64> {
        match self {
            Self::Varint => None,
            Self::Fixed32 => Some(4),
            Self::Fixed64 => Some(8),
        }
    }
}

/// A field of a message.
pub(crate) struct Field<'a> {
    pub(super) window: &'a Window<'a>,
    pub(super) message: &'static str,
    pub(super) number: u32,
    pub(super) value: Value,
    pub(super) depth: u32,
}

impl Field<'_> {
    /// Its number in the schema.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Where its value starts in the file.
    pub(crate) fn offset(&self) -> u64 {
        match &self.value {
            Value::Varint(_, range) | Value::Fixed64(range) | Value::Fixed32(range) | Value::Bytes(range) => {
                range.start
            }
        }
    }

    fn wrong(&self, expected: &'static str) -> WireError {
        let actual = match self.value {
            Value::Varint(..) => "an integer",
            Value::Fixed64(_) => "8 bytes",
            Value::Fixed32(_) => "4 bytes",
            Value::Bytes(_) => "a length and bytes",
        };
        WireError::WrongWireType {
            message: self.message,
            number: self.number,
            offset: self.offset(),
            expected,
            actual,
        }
    }

    /// A signed 64-bit integer.
    pub(crate) fn integer(&self) -> Result<i64, WireError> {
        match self.value {
            Value::Varint(value, _) => Ok(value as i64),
            _ => Err(self.wrong("an integer")),
        }
    }

    /// An enumeration or signed 32-bit integer: the low half, as protobuf reads it.
    pub(crate) fn code(&self) -> Result<i32, WireError> {
        Ok(self.integer()? as i32)
    }

    /// A 32-bit float.
    pub(crate) fn float(&self) -> Result<f32, WireError> {
        let Value::Fixed32(range) = &self.value else { return Err(self.wrong("4 bytes")) };
        let mut bytes = [0; 4];
        self.window.fill(&mut bytes, range.start)?;
        Ok(f32::from_le_bytes(bytes))
    }

    /// Where its bytes are, unread.
    pub(crate) fn range(&self) -> Result<Range<u64>, WireError> {
        match &self.value {
            Value::Bytes(range) => Ok(range.clone()),
            _ => Err(self.wrong("a length and bytes")),
        }
    }

    /// Where an element of a repeated field of bytes is, unread; the list itself is charged.
    pub(crate) fn list_range(&self) -> Result<Range<u64>, WireError> {
        self.window.charge(2 * size_of::<Range<u64>>() as u64, self.offset())?;
        self.range()
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, WireError> {
        self.window.bytes(&self.range()?)
    }

    /// Its bytes as UTF-8.
    pub(crate) fn text(&self) -> Result<String, WireError> {
        String::from_utf8(self.bytes()?).map_err(|_| WireError::NotText {
            message: self.message,
            number: self.number,
            offset: self.offset(),
        })
    }

    /// An element of a repeated text field; the list itself is charged too.
    pub(crate) fn list_text(&self) -> Result<String, WireError> {
        self.window.charge(2 * size_of::<String>() as u64, self.offset())?;
        self.text()
    }

    /// An element of a repeated field of bytes; the list itself is charged too.
    pub(crate) fn list_bytes(&self) -> Result<Vec<u8>, WireError> {
        self.window.charge(2 * size_of::<Vec<u8>>() as u64, self.offset())?;
        self.bytes()
    }

    /// A message of its own.
    pub(crate) fn message<M: Message>(&self) -> Result<M, WireError> {
        let mut message = M::default();
        self.merge(&mut message)?;
        Ok(message)
    }

    /// Merges its fields into a message that an earlier field may have begun.
    pub(crate) fn merge<M: Message>(&self, message: &mut M) -> Result<(), WireError> {
        merge(message, self.window, self.range()?, self.depth + 1)
    }

    /// Where the encoded numbers of a repeated field are, packed or not, unread.
    pub(crate) fn numbers(&self, encoding: Encoding) -> Result<Range<u64>, WireError> {
        let ((Value::Bytes(range), _)
        | (Value::Varint(_, range), Encoding::Varint)
        | (Value::Fixed32(range), Encoding::Fixed32)
        | (Value::Fixed64(range), Encoding::Fixed64)) = (&self.value, encoding)
        else {
            return Err(self.wrong(encoding.name()));
        };
        let length = range.end - range.start;
        match encoding.width() {
            Some(width) if length % width != 0 => Err(WireError::Ragged {
                message: self.message,
                number: self.number,
                offset: range.start,
                length,
                width,
            }),
            _ => {
                self.window.charge(2 * size_of::<Range<u64>>() as u64, range.start)?;
                Ok(range.clone())
            }
        }
    }

    /// Adds the integers of a repeated field, packed or not.
    pub(crate) fn integers(&self, into: &mut Vec<i64>) -> Result<(), WireError> {
        let range = self.numbers(Encoding::Varint)?;
        let mut offset = range.start;
        while offset < range.end {
            let (value, next) = self.window.varint(self.message, offset, range.end)?;
            self.window.charge(2 * size_of::<i64>() as u64, offset)?;
            into.push(value as i64);
            offset = next;
        }
        Ok(())
    }

    /// Adds the floats of a repeated field, packed or not.
    pub(crate) fn floats(&self, into: &mut Vec<f32>) -> Result<(), WireError> {
        let range = self.numbers(Encoding::Fixed32)?;
        self.window.charge(range.end - range.start, range.start)?;
        let bytes = self.window.bytes(&range)?;
        into.extend(
            bytes
                .chunks_exact(4)
                .map(|four| f32::from_le_bytes(four.try_into().expect("chunks of four bytes"))),
        );
        Ok(())
    }
}
