//! The central directory.

use reproof_digest::ReadAt;

use super::archive::{DEFLATE, ENCRYPTED, STORED};
use super::end::End;
use super::extra;
use super::fields::Fields;
use super::{Anomalies, AnomalyKind, Member, ZipError, name};

/// The signature of an entry.
pub(super) const ENTRY: u32 = 0x0201_4b50;
const ENTRY_LENGTH: u64 = 46;
/// The longest directory that is read: a million members of 200 bytes each fit.
const LARGEST: u64 = 256 << 20;
/// The most members. The largest known checkpoints have some hundred thousand tensors.
const MEMBERS: u64 = 1_000_000;

/// Reads the members. Their data is not placed yet: that takes their local headers.
pub(super) fn read(
    source: &dyn ReadAt,
    end: &End,
    anomalies: &mut Anomalies,
) -> Result<Vec<Member>, ZipError> {
    let start = end.directory.start;
    let length = end.directory.end - start;
    if length > LARGEST {
        return Err(ZipError::DirectoryTooLarge { limit: LARGEST, actual: length });
    }
    if end.members > MEMBERS {
        return Err(ZipError::TooManyMembers { limit: MEMBERS, actual: end.members });
    }
    let bytes = source.read_range(start, length as usize).map_err(|source| ZipError::Io {
        action: "read the directory",
        offset: start,
        source,
    })?;
    let mut fields = Fields(&bytes);
    let mut members = Vec::new();
    while !fields.0.is_empty() {
        let place = members.len();
        let left = fields.0.len() as u64;
        let offset = end.directory.end - left;
        if place as u64 == end.members {
            return Err(ZipError::DirectoryLeftover { offset, members: end.members, left });
        }
        members.push(entry(&mut fields, offset, place, end.shift, anomalies)?);
    }
    let actual = members.len() as u64;
    if actual != end.members {
        return Err(ZipError::CountMismatch { offset: end.directory.end, expected: end.members, actual });
    }
    Ok(members)
}

/// Takes one entry, which starts at `offset` of the source.
fn entry(
    fields: &mut Fields<'_>,
    offset: u64,
    place: usize,
    shift: u64,
    anomalies: &mut Anomalies,
) -> Result<Member, ZipError> {
    let left = fields.0.len() as u64;
    let truncated = |needed| ZipError::Truncated {
        offset,
        record: "the directory entry",
        member: place as u64,
        needed,
        left,
    };
    let Some(fixed) = Fixed::take(fields) else { return Err(truncated(ENTRY_LENGTH)) };
    if fixed.signature != ENTRY {
        return Err(ZipError::Signature {
            offset,
            record: "the directory entry",
            member: place as u64,
            expected: ENTRY,
            actual: fixed.signature,
        });
    }
    let [name_length, extra_length, comment_length] = fixed.lengths.map(usize::from);
    let needed = ENTRY_LENGTH + (name_length + extra_length + comment_length) as u64;
    let (Some(raw), Some(extra), Some(_)) =
        (fields.bytes(name_length), fields.bytes(extra_length), fields.bytes(comment_length))
    else {
        return Err(truncated(needed));
    };
    let mut push = |kind| anomalies.push(offset, Some(place), kind);

    let extra = extra::parse(extra);
    let mut wide = extra.zip64.map(Fields);
    let mut widen = |field| {
        extra::widen(field, wide.as_mut()).ok_or_else(|| {
            let left = extra.zip64.map_or(0, <[u8]>::len) as u64;
            let record = "the zip64 extra field";
            ZipError::Truncated { offset, record, member: place as u64, needed: left + 8, left }
        })
    };
    let size = widen(fixed.size)?;
    let compressed_size = widen(fixed.compressed_size)?;
    let local_offset = widen(fixed.local_offset)?;
    if extra.zip64.is_some() && ![fixed.size, fixed.compressed_size, fixed.local_offset].contains(&u32::MAX) {
        push(AnomalyKind::UnneededZip64);
    }
    // Beyond the file is beyond the file, however far.
    let local_offset = local_offset.saturating_add(shift);

    if extra.second_name {
        push(AnomalyKind::SecondName);
    }
    if let Some(id) = extra.unknown {
        push(AnomalyKind::UnknownExtra { id });
    }
    if extra.malformed {
        push(AnomalyKind::MalformedExtra);
    }
    if comment_length > 0 {
        push(AnomalyKind::MemberComment { length: comment_length as u64 });
    }
    // A full disk number has its value in a zip64 field; a single file has no use for that either.
    if fixed.disk != 0 {
        push(AnomalyKind::MultiDisk);
    }
    if let Some(problem) = name::problem(raw) {
        push(AnomalyKind::UnsafeName(problem));
    }
    let (name, raw_name) = if let Ok(name) = str::from_utf8(raw) {
        (name.to_owned(), None)
    } else {
        push(AnomalyKind::NameNotUtf8);
        (String::from_utf8_lossy(raw).into_owned(), Some(raw.into()))
    };
    let is_directory = raw.ends_with(b"/");
    if is_directory && size > 0 {
        push(AnomalyKind::FolderWithData { size });
    }
    let encrypted = fixed.flags & ENCRYPTED != 0 || extra.encrypted || fixed.method == AES_METHOD;
    match fixed.method {
        STORED if compressed_size != size && !encrypted => {
            push(AnomalyKind::StoredSizes { compressed: compressed_size, size });
        }
        STORED | DEFLATE => {}
        method => push(AnomalyKind::UnsupportedMethod { method }),
    }
    if fixed.crc == 0 && size > 0 {
        push(AnomalyKind::NoCrc);
    }
    // The upper half is a mode of Unix; other systems leave it zero.
    match fixed.external_attributes >> 16 & FILE_TYPE {
        0 | REGULAR | FOLDER => {}
        LINK => push(AnomalyKind::SymbolicLink),
        _ => push(AnomalyKind::SpecialFile { mode: fixed.external_attributes >> 16 }),
    }
    Ok(Member {
        name,
        raw_name,
        method: fixed.method,
        flags: fixed.flags,
        crc: fixed.crc,
        compressed_size,
        size,
        local_offset,
        data: local_offset..local_offset,
        external_attributes: fixed.external_attributes,
        is_directory,
        encrypted,
    })
}

/// The method that WinZip's AES encryption shows instead of the compression.
const AES_METHOD: u16 = 99;
/// File types of Unix, as `stat` has them.
const FILE_TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const FOLDER: u32 = 0o040_000;
const LINK: u32 = 0o120_000;

/// The fields of fixed length.
struct Fixed {
    signature: u32,
    flags: u16,
    method: u16,
    crc: u32,
    compressed_size: u32,
    size: u32,
    /// Of name, extra fields and comment.
    lengths: [u16; 3],
    disk: u16,
    external_attributes: u32,
    local_offset: u32,
}

impl Fixed {
    fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let signature = fields.u32()?;
        let _versions = fields.u32()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _time = fields.u32()?;
        let (crc, compressed_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let lengths = [fields.u16()?, fields.u16()?, fields.u16()?];
        let disk = fields.u16()?;
        let _internal_attributes = fields.u16()?;
        let (external_attributes, local_offset) = (fields.u32()?, fields.u32()?);
        Some(Self {
            signature,
            flags,
            method,
            crc,
            compressed_size,
            size,
            lengths,
            disk,
            external_attributes,
            local_offset,
        })
    }
}
