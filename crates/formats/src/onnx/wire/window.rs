//! A small buffer over a file, and the memory that decoding may take.

use std::cell::{Cell, RefCell};
use std::ops::Range;

use reproof_digest::ReadAt;

use super::WireError;
use super::varint::{self, LONGEST, Varint};

/// Bytes read at a time.
const BUFFER: usize = 64 << 10;

/// Positioned reading of a file through one buffer, with a budget of memory for what is decoded from it.
///
/// Two bytes of a file can make a message of hundreds of bytes in memory; so each decoded message, text and
/// number is charged before it is made.
pub(crate) struct Window<'a> {
    source: &'a dyn ReadAt,
    size: u64,
    buffer: RefCell<Buffer>,
    limit: u64,
    charged: Cell<u64>,
}

#[derive(Default)]
struct Buffer {
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    /// A window over `source` that decodes into at most `limit` bytes of memory.
    pub(crate) fn new(source: &'a dyn ReadAt, limit: u64) -> Self {
        Self { source, size: source.size(), buffer: RefCell::default(), limit, charged: Cell::new(0) }
    }

    /// What it looks at.
    pub(crate) fn source(&self) -> &'a dyn ReadAt {
        self.source
    }

    /// The size of the file.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Accounts for memory about to be taken for what lies at `offset`.
    pub(crate) fn charge(&self, bytes: u64, offset: u64) -> Result<(), WireError> {
        let charged = self.charged.get().saturating_add(bytes);
        if charged > self.limit {
            return Err(WireError::TooMuchMemory { offset, limit: self.limit });
        }
        self.charged.set(charged);
        Ok(())
    }

    /// Copies and charges the bytes of `range`, which lies inside the file.
    pub(crate) fn bytes(&self, range: &Range<u64>) -> Result<Vec<u8>, WireError> {
        let length = range.end - range.start;
        self.charge(length, range.start)?;
        let mut bytes = vec![0; length as usize];
        self.fill(&mut bytes, range.start)?;
        Ok(bytes)
    }

    /// Fills `into` from `offset`.
    pub(super) fn fill(&self, into: &mut [u8], offset: u64) -> Result<(), WireError> {
        let read = |into: &mut [u8], offset| {
            self.source.read_exact_at(into, offset).map_err(|source| WireError::Read { offset, source })
        };
        if into.len() > BUFFER {
            return read(into, offset);
        }
        let mut buffer = self.buffer.borrow_mut();
        let held = buffer.start..buffer.start + buffer.bytes.len() as u64;
        if offset < held.start || offset.saturating_add(into.len() as u64) > held.end {
            let length = BUFFER.min(self.size.saturating_sub(offset) as usize).max(into.len());
            buffer.bytes.clear();
            buffer.bytes.resize(length, 0);
            if let Err(error) = read(&mut buffer.bytes, offset) {
                buffer.bytes.clear();
                return Err(error);
            }
            buffer.start = offset;
        }
        let start = (offset - buffer.start) as usize;
        into.copy_from_slice(&buffer.bytes[start..start + into.len()]);
        Ok(())
    }

    /// Decodes the integer at `offset` of a message that ends at `end`; also returns the offset behind it.
    pub(crate) fn varint(
        &self,
        message: &'static str,
        offset: u64,
        end: u64,
    ) -> Result<(u64, u64), WireError> {
        let mut bytes = [0; LONGEST];
        let available = LONGEST.min((end - offset) as usize);
        self.fill(&mut bytes[..available], offset)?;
        match varint::decode(&bytes[..available]) {
            Varint::Value(value, length) => Ok((value, offset + length as u64)),
            Varint::Unfinished => {
                let left = available as u64;
                Err(WireError::Truncated { message, offset, needed: left + 1, left })
            }
            Varint::TooLong => Err(WireError::LongInteger { message, offset }),
        }
    }
}
