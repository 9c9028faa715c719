//! An archive as its directory tells it, checked against the rest of the file.

use std::ops::Range;

use super::Anomalies;

/// Flags that say that a member is encrypted: with a password, strongly, and with its local header masked.
pub(super) const ENCRYPTED: u16 = 0x0001 | 0x0040 | 0x2000;
/// The flag of a member whose checksum and sizes follow its data.
pub(super) const DESCRIPTOR: u16 = 0x0008;

/// The method of members whose bytes lie in the file as they are.
pub(crate) const STORED: u16 = 0;
/// The method of members compressed with deflate.
pub(crate) const DEFLATE: u16 = 8;

/// An archive of which it is known what is where.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    /// Its members, in the order of the directory.
    pub(crate) members: Vec<Member>,
    /// What no ordinary writer would have written. Who loads the archive refuses where
    /// [`Anomalies::fatal`] has one.
    pub(crate) anomalies: Anomalies,
    /// Bytes that belong to no record, in the order of the file: before, between and after the records.
    pub(crate) gaps: Vec<Range<u64>>,
    /// The central directory.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold the gaps against it"))]
    pub(crate) directory: Range<u64>,
    /// The archive comment; mostly empty.
    pub(crate) comment: Range<u64>,
    /// Places of the members in the order of their names, case ignored first.
    pub(super) by_name: Vec<u32>,
}

/// One member.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// Its name, with replacement characters for what is not UTF-8.
    pub(crate) name: String,
    /// The bytes of its name where they are not UTF-8.
    pub(crate) raw_name: Option<Box<[u8]>>,
    /// Its compression.
    pub(crate) method: u16,
    /// Flags of the directory.
    pub(crate) flags: u16,
    /// CRC-32 of its bytes, as the directory has it; zero may mean that none was computed.
    pub(crate) crc: u32,
    /// Bytes in the file.
    pub(crate) compressed_size: u64,
    /// Bytes when expanded.
    pub(crate) size: u64,
    /// Where its local header starts.
    pub(crate) local_offset: u64,
    /// Its bytes in the file, without headers.
    pub(crate) data: Range<u64>,
    /// Mode and attributes, as the system that wrote it meant them.
    #[cfg_attr(not(test), expect(dead_code, reason = "links and devices are anomalies already"))]
    pub(crate) external_attributes: u32,
    /// Whether it stands for a folder.
    pub(crate) is_directory: bool,
    /// Whether the directory or the local header says that only a password opens it.
    pub(crate) encrypted: bool,
}

impl Member {
    /// Whether its bytes lie in the file as they are.
    pub(crate) const fn is_stored(&self) -> bool {
        self.method == STORED && self.compressed_size == self.size && !self.encrypted
    }

    /// The bytes of its name as stored.
    pub(crate) fn name_bytes(&self) -> &[u8] {
        self.raw_name.as_deref().unwrap_or(self.name.as_bytes())
    }
}
