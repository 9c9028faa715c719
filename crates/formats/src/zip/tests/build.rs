//! Archives made field by field, so that every field can lie.

use reproof_digest::ReadAt;

use crate::zip::{self, Anomaly, Archive, Member};

/// The fields that local header and directory entry both have.
#[derive(Clone)]
pub(super) struct Header {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed_size: u32,
    pub(super) size: u32,
    pub(super) name: Vec<u8>,
    pub(super) extra: Vec<u8>,
}

/// A member with all that is said about it.
#[derive(Clone)]
pub(super) struct Item {
    /// Bytes before its local header.
    pub(super) before: Vec<u8>,
    pub(super) local: Header,
    pub(super) data: Vec<u8>,
    pub(super) descriptor: Vec<u8>,
    pub(super) entry: Header,
    pub(super) comment: Vec<u8>,
    pub(super) disk: u16,
    pub(super) attributes: u32,
    /// Its offset in the directory where that is not the true one.
    pub(super) offset: Option<u32>,
}

/// A sound stored member.
pub(super) fn stored(name: &str, data: &[u8]) -> Item {
    let length = data.len() as u32;
    let header = Header {
        flags: 0,
        method: 0,
        crc: crc32fast::hash(data),
        compressed_size: length,
        size: length,
        name: name.into(),
        extra: Vec::new(),
    };
    Item {
        before: Vec::new(),
        local: header.clone(),
        data: data.to_vec(),
        descriptor: Vec::new(),
        entry: header,
        comment: Vec::new(),
        disk: 0,
        attributes: 0,
        offset: None,
    }
}

/// A member as torch writes it: nothing known in the local header, padding in an extra field, a descriptor.
pub(super) fn torch(name: &str, data: &[u8], padding: usize) -> Item {
    let mut item = stored(name, data);
    (item.local.flags, item.entry.flags) = (0x0808, 0x0808);
    (item.local.crc, item.local.size, item.local.compressed_size) = (0, 0, 0);
    item.local.extra = [b"FB".as_slice(), &(padding as u16).to_le_bytes(), &vec![b'Z'; padding]].concat();
    item.descriptor = [0x0807_4b50, item.entry.crc, item.entry.compressed_size, item.entry.size]
        .iter()
        .flat_map(|field| field.to_le_bytes())
        .collect();
    item
}

/// A zip64 extra field.
pub(super) fn zip64_extra(values: &[u64]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [&1_u16.to_le_bytes(), &(values.len() as u16).to_le_bytes(), values.as_slice()].concat()
}

impl Header {
    fn write(&self, bytes: &mut Vec<u8>) {
        for field in [self.flags, self.method] {
            bytes.extend(field.to_le_bytes());
        }
        for field in [0, self.crc, self.compressed_size, self.size] {
            bytes.extend(field.to_le_bytes());
        }
        bytes.extend((self.name.len() as u16).to_le_bytes());
        bytes.extend((self.extra.len() as u16).to_le_bytes());
    }
}

/// Members, then the directory; and where each local header and the directory start.
pub(super) fn body(items: &[Item]) -> (Vec<u8>, Vec<u64>, u64) {
    let (mut bytes, mut offsets) = (Vec::new(), Vec::new());
    for item in items {
        bytes.extend(&item.before);
        offsets.push(bytes.len() as u64);
        bytes.extend(b"PK\x03\x04\0\0");
        item.local.write(&mut bytes);
        for part in [&item.local.name, &item.local.extra, &item.data, &item.descriptor] {
            bytes.extend(part);
        }
    }
    let directory = bytes.len() as u64;
    for (item, offset) in items.iter().zip(&offsets) {
        bytes.extend(b"PK\x01\x02\0\0\0\0");
        item.entry.write(&mut bytes);
        bytes.extend((item.comment.len() as u16).to_le_bytes());
        bytes.extend(item.disk.to_le_bytes());
        bytes.extend([0; 2]);
        bytes.extend(item.attributes.to_le_bytes());
        bytes.extend(item.offset.unwrap_or(*offset as u32).to_le_bytes());
        for part in [&item.entry.name, &item.entry.extra, &item.comment] {
            bytes.extend(part);
        }
    }
    (bytes, offsets, directory)
}

/// An end record.
pub(super) fn end(members: u16, length: u32, offset: u32, comment: &[u8]) -> Vec<u8> {
    let counts: Vec<u8> =
        [0, 0, members, members].iter().flat_map(|field: &u16| field.to_le_bytes()).collect();
    let comment_length = (comment.len() as u16).to_le_bytes();
    [b"PK\x05\x06", counts.as_slice(), &length.to_le_bytes(), &offset.to_le_bytes(), &comment_length, comment]
        .concat()
}

/// A zip64 end record at `start` and its locator.
pub(super) fn zip64_end(members: u64, length: u64, offset: u64, start: u64) -> Vec<u8> {
    let mut bytes = b"PK\x06\x06".to_vec();
    bytes.extend(44_u64.to_le_bytes());
    bytes.extend([0x1e, 3, 45, 0]);
    bytes.extend([0; 8]);
    for field in [members, members, length, offset] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(b"PK\x06\x07\0\0\0\0");
    bytes.extend(start.to_le_bytes());
    bytes.extend(1_u32.to_le_bytes());
    bytes
}

/// A whole archive with an ordinary end.
pub(super) fn archive(items: &[Item]) -> Vec<u8> {
    let (mut bytes, _, directory) = body(items);
    let length = bytes.len() as u32 - directory as u32;
    bytes.extend(end(items.len() as u16, length, directory as u32, b""));
    bytes
}

/// A whole archive with torch's end.
pub(super) fn torch_archive(items: &[Item]) -> Vec<u8> {
    let (mut bytes, _, directory) = body(items);
    let start = bytes.len() as u64;
    bytes.extend(zip64_end(items.len() as u64, start - directory, directory, start));
    bytes.extend(end(items.len() as u16, (start - directory) as u32, directory as u32, b""));
    bytes
}

/// The archive, which opens.
pub(super) fn open(source: &dyn ReadAt) -> Archive {
    zip::open(source).unwrap_or_else(|error| panic!("{error}"))
}

/// The words of its anomalies, as noticed.
pub(super) fn words(archive: &Archive) -> Vec<&'static str> {
    archive.anomalies.iter().map(|anomaly| anomaly.kind.as_str()).collect()
}

/// The word of the anomaly for which it must not be loaded.
pub(super) fn fatal(archive: &Archive) -> Option<&'static str> {
    archive.anomalies.fatal().map(|Anomaly { kind, .. }| kind.as_str())
}

/// The bytes of a member, whatever their size.
pub(super) fn bytes(source: &dyn ReadAt, member: &Member) -> Vec<u8> {
    member.bytes(source, u64::MAX).unwrap_or_else(|error| panic!("{error}"))
}
