//! A compressed file, read from start to end by one decoder after the other.

use std::io::{self, BufRead, BufReader, Read};

use reproof_digest::ReadAt;

use crate::section::{Section, SectionReader};

/// How much is read at once: enough that reading costs little beside expanding.
const PIECE: u64 = 1 << 18;

/// The bytes that no decoder has taken yet.
pub(super) struct Input<'a> {
    source: &'a dyn ReadAt,
    reader: BufReader<SectionReader<'a>>,
    /// Whether a decoder asked for bytes where there are no more.
    pub(super) exhausted: bool,
}

impl<'a> Input<'a> {
    /// The whole source; none where it shrinks meanwhile.
    pub(super) fn new(source: &'a dyn ReadAt) -> Option<Self> {
        let size = source.size();
        let section = Section::new(source, 0..size)?;
        let reader = BufReader::with_capacity(PIECE.min(size) as usize, section.reader());
        Some(Self { source, reader, exhausted: false })
    }

    /// How many bytes were taken.
    pub(super) fn position(&self) -> u64 {
        self.reader.get_ref().position() - self.reader.buffer().len() as u64
    }

    /// The next `length` bytes, or as many as there are, without taking them.
    pub(super) fn peek(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let buffered = self.reader.fill_buf()?;
        if let Some(bytes) = buffered.get(..length) {
            return Ok(bytes.to_vec());
        }
        let position = self.position();
        let left = self.source.size().saturating_sub(position);
        self.source.read_range(position, left.min(length as u64) as usize)
    }

    /// Takes zeros until something else comes, and returns how many.
    pub(super) fn skip_zeros(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            let buffered = self.reader.fill_buf()?;
            let zeros = buffered.iter().take_while(|byte| **byte == 0).count();
            let more = zeros == buffered.len() && zeros > 0;
            self.reader.consume(zeros);
            skipped += zeros as u64;
            if !more {
                return Ok(skipped);
            }
        }
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.exhausted |= read == 0 && !buffer.is_empty();
        Ok(read)
    }
}

impl BufRead for Input<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}
