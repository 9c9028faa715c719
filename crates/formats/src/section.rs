//! A range of a source as a source of its own.

use std::io;
use std::ops::Range;

use reproof_digest::ReadAt;

/// The bytes of `range` of another source, with offsets from the range's start: one item of a file that holds
/// several whole files one after the other.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    source: &'a dyn ReadAt,
    start: u64,
    length: u64,
}

impl<'a> Section<'a> {
    /// The bytes of `range`; nothing where it ends before it starts or beyond the source.
    pub(crate) fn new(source: &'a dyn ReadAt, range: Range<u64>) -> Option<Self> {
        let length = range.end.checked_sub(range.start)?;
        (range.end <= source.size()).then_some(Self { source, start: range.start, length })
    }

    /// Where the section starts in its source.
    #[cfg(test)]
    pub(crate) const fn start(&self) -> u64 {
        self.start
    }

    /// Reads it from start to end.
    pub(crate) const fn reader(self) -> SectionReader<'a> {
        SectionReader { section: self, position: 0 }
    }
}

/// A section read from its start to its end.
pub(crate) struct SectionReader<'a> {
    section: Section<'a>,
    position: u64,
}

impl SectionReader<'_> {
    /// How many bytes were read.
    pub(crate) const fn position(&self) -> u64 {
        self.position
    }
}

impl io::Read for SectionReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.section.length - self.position;
        let length = left.min(buffer.len() as u64);
        self.section.read_exact_at(&mut buffer[..length as usize], self.position)?;
        self.position += length;
        Ok(length as usize)
    }
}

impl ReadAt for Section<'_> {
    fn size(&self) -> u64 {
        self.length
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // Neither sum overflows: the section ends inside its source.
        self.source.read_exact_at(buffer, self.start + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_ends_where_its_range_ends() {
        let source = b"0123456789".to_vec();
        let section = Section::new(&source, 2..6).unwrap();
        assert_eq!((section.size(), section.start()), (4, 2));
        assert_eq!(section.read_range(1, 3).unwrap(), b"345");
        assert_eq!(section.read_range(4, 0).unwrap(), b"");
        assert!(section.read_range(2, 3).is_err());
        assert!(section.read_range(u64::MAX, 2).is_err());
    }

    #[test]
    #[expect(clippy::reversed_empty_ranges, reason = "that is the point")]
    fn a_range_outside_the_source_is_none() {
        let source = b"0123456789".to_vec();
        assert!(Section::new(&source, 0..11).is_none());
        assert!(Section::new(&source, 6..2).is_none());
        assert!(Section::new(&source, 10..10).is_some());
    }
}
