//! Small records of a large file, read without a system call for each.

use std::io;

use reproof_digest::ReadAt;

/// What is read at least: a page of the system's cache, which for most archives holds the end of one member and
/// the header of the next.
const PAGE: u64 = 4096;

/// The part of a source that was read last.
pub(super) struct Window<'a> {
    source: &'a dyn ReadAt,
    size: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    /// Nothing read yet.
    pub(super) fn new(source: &'a dyn ReadAt) -> Self {
        Self { source, size: source.size(), start: 0, bytes: Vec::new() }
    }

    /// Size of the source.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// The `length` bytes from `offset`; as many as there are where the source ends before that.
    pub(super) fn get(&mut self, offset: u64, length: u64) -> io::Result<&[u8]> {
        let left = self.size.saturating_sub(offset);
        let length = length.min(left);
        if length == 0 {
            return Ok(&[]);
        }
        let held = self.start..self.start + self.bytes.len() as u64;
        if offset < held.start || offset + length > held.end {
            self.bytes.resize(length.max(PAGE).min(left) as usize, 0);
            self.start = offset;
            if let Err(error) = self.source.read_exact_at(&mut self.bytes, offset) {
                self.bytes.clear();
                return Err(error);
            }
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..from + length as usize])
    }
}
