//! The members of an archive: where they lie, and how compressed ones are expanded.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;
use reproof_digest::ReadAt;
use zip::{CompressionMethod, ZipArchive};

use super::NpyError;
use super::archive::MEMBERS;

/// A member as the directory tells it.
pub(super) struct Member {
    pub(super) name: String,
    /// First byte of its stored bytes, from the start of the file.
    pub(super) offset: u64,
    /// Stored bytes.
    pub(super) stored: u64,
    /// Bytes once expanded.
    pub(super) size: u64,
    /// CRC-32 of them.
    pub(super) checksum: u32,
    pub(super) compressed: bool,
}

impl Member {
    /// The stored bytes.
    pub(super) fn part<'a>(&self, source: &'a dyn ReadAt) -> Part<'a> {
        Part { source, start: self.offset, length: self.stored }
    }

    /// Expands a compressed member, which must have the declared size and checksum. The caller has bounded the size.
    pub(super) fn expand(&self, source: &dyn ReadAt) -> Result<Vec<u8>, NpyError> {
        let member = || self.name.clone();
        let stored = Reader { source: &self.part(source), position: 0 };
        let mut bytes = Vec::new();
        // One byte more than declared is enough to notice a member that lies.
        DeflateDecoder::new(io::BufReader::new(stored))
            .take(self.size + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| NpyError::Expand { member: member(), source })?;
        let actual = bytes.len() as u64;
        if actual != self.size {
            return Err(NpyError::MemberSize { member: member(), expected: self.size, actual });
        }
        let mut checksum = Crc::new();
        checksum.update(&bytes);
        if checksum.sum() != self.checksum {
            let (expected, actual) = (self.checksum, checksum.sum());
            return Err(NpyError::Checksum { member: member(), expected, actual });
        }
        Ok(bytes)
    }
}

/// The members of the archive in `source`, in the order of its directory: of different names, none on another, all
/// inside the file.
pub(super) fn list(source: &dyn ReadAt) -> Result<Vec<Member>, NpyError> {
    let mut archive = ZipArchive::new(Reader { source, position: 0 }).map_err(NpyError::Zip)?;
    super::archive::check(&mut archive)?;
    let mut members = Vec::new();
    for index in 0..archive.len().min(MEMBERS) {
        let entry = archive.by_index_raw(index).map_err(NpyError::Zip)?;
        let member = entry.name().map_err(NpyError::Zip)?.into_owned();
        if entry.encrypted() {
            return Err(NpyError::Encrypted { member });
        }
        let compressed = match entry.compression() {
            CompressionMethod::Stored => false,
            CompressionMethod::Deflated => true,
            #[expect(deprecated, reason = "the only way to the number of a method that the crate lacks")]
            other => return Err(NpyError::Method { member, method: other.to_u16() }),
        };
        let (stored, size) = (entry.compressed_size(), entry.size());
        if !compressed && stored != size {
            return Err(NpyError::MemberSize { member, expected: size, actual: stored });
        }
        let offset = entry.data_start().unwrap_or(u64::MAX);
        let left = source.size().saturating_sub(offset);
        if stored > left {
            return Err(NpyError::Truncated { what: "member", needed: stored, left });
        }
        members.push(Member { name: member, offset, stored, size, checksum: entry.crc32(), compressed });
    }
    Ok(members)
}

/// A range of a source as a source of its own.
pub(super) struct Part<'a> {
    source: &'a dyn ReadAt,
    start: u64,
    length: u64,
}

impl ReadAt for Part<'_> {
    fn size(&self) -> u64 {
        self.length
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        match offset.checked_add(buffer.len() as u64) {
            Some(end) if end <= self.length => self.source.read_exact_at(buffer, self.start + offset),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

/// A source read from front to back.
struct Reader<'a> {
    source: &'a dyn ReadAt,
    position: u64,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.source.size().saturating_sub(self.position);
        let count = left.min(buffer.len() as u64) as usize;
        self.source.read_exact_at(&mut buffer[..count], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(distance) => self.source.size().checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
