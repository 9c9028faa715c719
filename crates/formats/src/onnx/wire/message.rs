//! Messages: fields one after the other.

use std::ops::Range;

use super::field::Value;
use super::{Field, Window, WireError};

/// The deepest nesting of messages, protobuf's own default.
const DEPTH: u32 = 100;

/// A message type that takes its fields one by one.
pub(crate) trait Message: Default {
    /// Its name in the ONNX schema.
    const NAME: &'static str;

    /// Takes one field; a number that it does not know is skipped, as protobuf demands.
    fn field(&mut self, field: &Field<'_>) -> Result<(), WireError>;
}

/// Decodes a whole file as one message.
pub(crate) fn decode<M: Message>(window: &Window<'_>) -> Result<M, WireError> {
    let mut message = M::default();
    merge(&mut message, window, 0..window.size(), 0)?;
    Ok(message)
}

/// Merges the encoded fields of `range` into a message.
pub(super) fn merge<M: Message>(
    message: &mut M,
    window: &Window<'_>,
    range: Range<u64>,
    depth: u32,
) -> Result<(), WireError> {
    if depth > DEPTH {
        return Err(WireError::TooDeep { message: M::NAME, offset: range.start, limit: DEPTH });
    }
    // Twice the size: messages mostly lie in vectors, whose room may be double of what is used.
    window.charge(2 * size_of::<M>() as u64, range.start)?;
    let mut offset = range.start;
    while offset < range.end {
        let (field, next) = next(M::NAME, window, offset, range.end, depth)?;
        message.field(&field)?;
        offset = next;
    }
    Ok(())
}

/// Reads the tag at `offset` and the extent of its value; also returns the offset behind the value.
fn next<'a>(
    message: &'static str,
    window: &'a Window<'a>,
    offset: u64,
    end: u64,
    depth: u32,
) -> Result<(Field<'a>, u64), WireError> {
    let (tag, start) = window.varint(message, offset, end)?;
    let number = match u32::try_from(tag >> 3) {
        Ok(number) if (1..1 << 29).contains(&number) => number,
        _ => return Err(WireError::FieldNumber { message, offset, number: tag >> 3 }),
    };
    let fixed = |width: u64| {
        if end - start < width {
            return Err(WireError::Truncated { message, offset: start, needed: width, left: end - start });
        }
        Ok(start + width)
    };
    let (value, next) = match (tag & 7) as u8 {
        0 => {
            let (value, next) = window.varint(message, start, end)?;
            (Value::Varint(value, start..next), next)
        }
        1 => fixed(8).map(|next| (Value::Fixed64(start..next), next))?,
        5 => fixed(4).map(|next| (Value::Fixed32(start..next), next))?,
        2 => {
            let (length, start) = window.varint(message, start, end)?;
            if end - start < length {
                return Err(WireError::Truncated { message, offset, needed: length, left: end - start });
            }
            (Value::Bytes(start..start + length), start + length)
        }
        actual => return Err(WireError::UnknownWireType { message, number, offset, actual }),
    };
    Ok((Field { window, message, number, value, depth }, next))
}
