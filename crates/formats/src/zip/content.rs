//! The bytes of members.

use std::io::{self, BufReader, Read};
use std::ops::Range;

use flate2::bufread::DeflateDecoder;
use reproof_digest::ReadAt;

use super::{DEFLATE, Member, STORED, ZipError};
use crate::section::Section;

/// How much is read at once: enough that reading costs little beside hashing and expanding.
const PIECE: u64 = 1 << 18;

/// A checksum that is not what the directory says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CrcMismatch {
    /// As the directory has it; zero means that none was computed.
    pub(crate) stored: u32,
    /// Of the bytes.
    pub(crate) computed: u32,
}

impl Member {
    /// Its bytes, expanded; exactly as many as declared and at most `limit`. The checksum is not looked at: torch
    /// ignores it too, and some of its files have none. [`Self::check_crc`] does.
    pub(crate) fn bytes(&self, source: &dyn ReadAt, limit: u64) -> Result<Vec<u8>, ZipError> {
        let (member, offset, expected) = (|| self.name.clone(), self.data.start, self.size);
        if self.encrypted {
            return Err(ZipError::Encrypted { member: member(), offset });
        }
        if expected > limit {
            return Err(ZipError::TooLarge { member: member(), offset, limit, actual: expected });
        }
        match self.method {
            STORED if self.compressed_size == expected => source
                .read_range(offset, expected as usize)
                .map_err(|source| ZipError::Io { action: "read a member", offset, source }),
            STORED => {
                let actual = self.compressed_size;
                Err(ZipError::Size { member: member(), offset, expected, actual, more: false })
            }
            // Some writers name the method and write nothing where there is nothing to compress.
            DEFLATE if expected == 0 && self.compressed_size == 0 => Ok(Vec::new()),
            DEFLATE => self.inflate(source),
            method => Err(ZipError::Method { member: member(), offset, method }),
        }
    }

    /// Expands a compressed member; memory grows with what comes out, never with what is declared.
    fn inflate(&self, source: &dyn ReadAt) -> Result<Vec<u8>, ZipError> {
        let (member, offset, expected) = (|| self.name.clone(), self.data.start, self.size);
        let outside = || ZipError::DataOutOfRange {
            member: member(),
            offset,
            length: self.compressed_size,
            size: source.size(),
        };
        let section = Section::new(source, self.data.clone()).ok_or_else(outside)?;
        let input = BufReader::with_capacity(PIECE.min(self.compressed_size) as usize, section.reader());
        let mut decoder = DeflateDecoder::new(input);
        let mut bytes = Vec::new();
        // One byte more than declared is enough to notice a member that lies.
        if let Err(source) = (&mut decoder).take(expected.saturating_add(1)).read_to_end(&mut bytes) {
            return Err(ZipError::Expand { member: member(), offset, source });
        }
        let actual = bytes.len() as u64;
        if actual != expected {
            return Err(ZipError::Size {
                member: member(),
                offset,
                expected,
                actual,
                more: actual > expected,
            });
        }
        let used = decoder.total_in();
        if used != self.compressed_size {
            let expected = self.compressed_size;
            return Err(ZipError::Leftover { member: member(), offset, expected, actual: used });
        }
        Ok(bytes)
    }

    /// Compares the checksum of the directory with that of `bytes`, which are the member's.
    pub(crate) fn check_crc(&self, bytes: &[u8]) -> Result<(), CrcMismatch> {
        let computed = crc32fast::hash(bytes);
        if computed == self.crc { Ok(()) } else { Err(CrcMismatch { stored: self.crc, computed }) }
    }
}

/// CRC-32 of a range of the source, read in pieces.
pub(crate) fn crc32(source: &dyn ReadAt, range: Range<u64>) -> io::Result<u32> {
    let mut hasher = crc32fast::Hasher::new();
    let mut buffer = Vec::new();
    let mut offset = range.start;
    while offset < range.end {
        let length = PIECE.min(range.end - offset);
        buffer.resize(length as usize, 0);
        source.read_exact_at(&mut buffer, offset)?;
        hasher.update(&buffer);
        offset += length;
    }
    Ok(hasher.finalize())
}
