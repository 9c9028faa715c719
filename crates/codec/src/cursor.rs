//! Reading a block from front to back, with the offset at hand for errors.

use crate::decode::DecodeError;

/// What is left of a block.
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
    offset: usize,
}

impl<'a> Cursor<'a> {
    /// `rest` begins at `offset` of the block.
    pub(crate) fn new(rest: &'a [u8], offset: usize) -> Self {
        Self { rest, offset }
    }

    /// Bytes of the block before what is left.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, what: &'static str, length: usize) -> Result<&'a [u8], DecodeError> {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            let (offset, got) = (self.offset, self.rest.len());
            return Err(DecodeError::Truncated { what, offset, expected: length, got });
        };
        self.rest = rest;
        self.offset = self.offset.saturating_add(length);
        Ok(taken)
    }

    /// The next byte.
    pub(crate) fn byte(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        self.take(what, 1).map(|taken| taken.first().copied().unwrap_or_default())
    }

    /// The next byte, which stays.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next number of up to 32 bits, seven to a byte, the lowest first; the highest bit of a byte says that more
    /// follow. Only the shortest form is read.
    pub(crate) fn varint(&mut self, what: &'static str) -> Result<usize, DecodeError> {
        let offset = self.offset;
        let mut value = 0_u64;
        for shift in [0, 7, 14, 21, 28] {
            let byte = self.byte(what)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let shortest = byte > 0 || shift == 0;
                let value = u32::try_from(value).ok().filter(|_| shortest);
                return value.map(|value| value as usize).ok_or(DecodeError::Corrupt { what, offset });
            }
        }
        Err(DecodeError::Corrupt { what, offset })
    }

    /// Says that nothing may be left.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { offset: self.offset, count }),
        }
    }
}

/// The bytes of a number as [`write_varint`] writes it.
pub(crate) fn varint_length(value: usize) -> usize {
    (usize::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

/// Appends a number as [`Cursor::varint`] reads it.
pub(crate) fn write_varint(mut value: usize, target: &mut Vec<u8>) {
    while value >= 0x80 {
        target.push(value as u8 | 0x80);
        value >>= 7;
    }
    target.push(value as u8);
}
