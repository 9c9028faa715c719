//! The bytes of a pickle through a small window, so that what is only skipped is never read.

use std::ops::Range;

use reproof_digest::ReadAt;

use super::PickleError;
use super::limits;

/// Bytes of the window.
const WINDOW: u64 = 64 << 10;

/// A cursor over a range of a source.
pub(super) struct Input<'a> {
    source: &'a dyn ReadAt,
    window: Vec<u8>,
    /// The byte of the source at which the window starts.
    start: u64,
    /// The cursor, from the start of the window.
    cursor: usize,
    end: u64,
}

impl<'a> Input<'a> {
    pub(super) fn new(source: &'a dyn ReadAt, range: Range<u64>) -> Self {
        let end = range.end.min(source.size());
        Self { source, window: Vec::new(), start: range.start.min(end), cursor: 0, end }
    }

    /// The byte of the source at the cursor.
    pub(super) fn position(&self) -> u64 {
        self.start + self.cursor as u64
    }

    /// Bytes from the cursor to the end.
    pub(super) fn left(&self) -> u64 {
        self.end - self.position()
    }

    #[inline]
    pub(super) fn byte(&mut self, what: &'static str) -> Result<u8, PickleError> {
        if self.cursor == self.window.len() {
            self.need(1, what)?;
        }
        let byte = self.window[self.cursor];
        self.cursor += 1;
        Ok(byte)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], PickleError> {
        self.need(N, what)?;
        let bytes = self.window[self.cursor..self.cursor + N].try_into().expect("the slice has N bytes");
        self.cursor += N;
        Ok(bytes)
    }

    /// The next `length` bytes, which the caller has bounded by [`limits`].
    pub(super) fn take(&mut self, length: usize, what: &'static str) -> Result<&[u8], PickleError> {
        self.need(length, what)?;
        let start = self.cursor;
        self.cursor += length;
        Ok(&self.window[start..self.cursor])
    }

    /// Moves the cursor over `length` bytes without reading them and tells where they lie.
    pub(super) fn skip(&mut self, length: u64, what: &'static str) -> Result<Range<u64>, PickleError> {
        let start = self.position();
        if length > self.left() {
            return Err(self.truncated(length, what));
        }
        match usize::try_from(length).ok().and_then(|length| self.cursor.checked_add(length)) {
            Some(cursor) if cursor <= self.window.len() => self.cursor = cursor,
            _ => {
                self.start = start + length;
                self.window.clear();
                self.cursor = 0;
            }
        }
        Ok(start..start + length)
    }

    /// The bytes up to the next line feed, which is consumed and not part of them.
    pub(super) fn line(&mut self, what: &'static str) -> Result<Vec<u8>, PickleError> {
        let offset = self.position();
        let mut line = Vec::new();
        loop {
            if self.cursor == self.window.len() {
                self.need(1, what)?;
            }
            let rest = &self.window[self.cursor..];
            let found = rest.iter().position(|byte| *byte == b'\n');
            line.extend_from_slice(&rest[..found.unwrap_or(rest.len())]);
            if line.len() > limits::LINE {
                let limit = limits::LINE as u64;
                return Err(PickleError::Limit { offset, what: "bytes in a line", limit });
            }
            self.cursor += found.map_or(rest.len(), |found| found + 1);
            if found.is_some() {
                return Ok(line);
            }
        }
    }

    fn truncated(&self, needed: u64, what: &'static str) -> PickleError {
        PickleError::Truncated { offset: self.position(), what, needed, left: self.left() }
    }

    /// Makes the next `length` bytes part of the window.
    fn need(&mut self, length: usize, what: &'static str) -> Result<(), PickleError> {
        if self.window.len() - self.cursor >= length {
            return Ok(());
        }
        let left = self.left();
        if length as u64 > left {
            return Err(self.truncated(length as u64, what));
        }
        self.start = self.position();
        self.cursor = 0;
        self.window.resize(left.min(WINDOW.max(length as u64)) as usize, 0);
        let read = self.source.read_exact_at(&mut self.window, self.start);
        read.map_err(|source| {
            self.window.clear();
            PickleError::Io(source)
        })
    }
}
