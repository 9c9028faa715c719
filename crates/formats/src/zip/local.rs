//! Local headers and data descriptors: where the data of members really is, and what else is said about it.

use std::ops::Range;

use reproof_digest::ReadAt;

use super::archive::{DESCRIPTOR, ENCRYPTED};
use super::extra::{self, Extra};
use super::fields::Fields;
use super::window::Window;
use super::{Anomalies, AnomalyKind, Member, ZipError};

const HEADER: u32 = 0x0403_4b50;
const HEADER_LENGTH: u64 = 30;
const DESCRIPTOR_SIGNATURE: u32 = 0x0807_4b50;
/// With signature and sizes of eight bytes.
const LONGEST_DESCRIPTOR: u64 = 24;
/// The flag of names in UTF-8.
const UTF8: u16 = 0x0800;
/// Flags about which local header and directory must not differ. The others are hints about the compression.
const COMPARED: u16 = ENCRYPTED | DESCRIPTOR | UTF8;

/// A member with all bytes that are its own: header, data and descriptor.
pub(super) struct Extent {
    pub(super) range: Range<u64>,
    pub(super) member: usize,
}

/// Places the data of the members and returns their extents by their starts.
pub(super) fn place(
    source: &dyn ReadAt,
    members: &mut [Member],
    anomalies: &mut Anomalies,
) -> Result<Vec<Extent>, ZipError> {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|place| members[*place].local_offset);
    let mut window = Window::new(source);
    let mut extents = Vec::with_capacity(members.len());
    for place in order {
        let member = &mut members[place];
        let start = member.local_offset;
        let descriptor = header(&mut window, member, place, anomalies)?;
        let mut end = member.data.end;
        if descriptor {
            let after = window.get(end, LONGEST_DESCRIPTOR).map_err(|source| failed(end, source))?;
            match descriptor_length(after, member) {
                Some(length) => end += length,
                None => anomalies.push(end, Some(place), AnomalyKind::Descriptor),
            }
        }
        extents.push(Extent { range: start..end, member: place });
    }
    Ok(extents)
}

/// Reads the header of one member and returns whether a descriptor should follow its data.
fn header(
    window: &mut Window<'_>,
    member: &mut Member,
    place: usize,
    anomalies: &mut Anomalies,
) -> Result<bool, ZipError> {
    let offset = member.local_offset;
    let size = window.size();
    let record = "the local header";
    let truncated = |needed| {
        let left = size.saturating_sub(offset);
        ZipError::Truncated { offset, record, member: place as u64, needed, left }
    };
    let fixed = window.get(offset, HEADER_LENGTH).map_err(|source| failed(offset, source))?;
    let Some(fixed) = Fixed::take(&mut Fields(fixed)) else { return Err(truncated(HEADER_LENGTH)) };
    if fixed.signature != HEADER {
        return Err(ZipError::Signature {
            offset,
            record,
            member: place as u64,
            expected: HEADER,
            actual: fixed.signature,
        });
    }
    let lengths = fixed.lengths.map(u64::from);
    let length = HEADER_LENGTH + lengths[0] + lengths[1];
    let bytes = window.get(offset, length).map_err(|source| failed(offset, source))?;
    let mut fields = Fields(bytes);
    let (Some(_), Some(name), Some(extra)) = (
        fields.bytes(HEADER_LENGTH as usize),
        fields.bytes(fixed.lengths[0].into()),
        fields.bytes(fixed.lengths[1].into()),
    ) else {
        return Err(truncated(length));
    };
    // The header was read, so this is within the source.
    let start = offset + length;
    let end = start.checked_add(member.compressed_size).filter(|end| *end <= size);
    let Some(end) = end else {
        let (member, length) = (member.name.clone(), member.compressed_size);
        return Err(ZipError::DataOutOfRange { member, offset: start, length, size });
    };
    member.data = start..end;
    compare(&fixed, name, &extra::parse(extra), member, place, anomalies);
    Ok((fixed.flags | member.flags) & DESCRIPTOR != 0)
}

/// Notes where a local header contradicts the directory.
fn compare(
    local: &Fixed,
    name: &[u8],
    extra: &Extra<'_>,
    member: &mut Member,
    place: usize,
    anomalies: &mut Anomalies,
) {
    let mut push = |kind| anomalies.push(member.local_offset, Some(place), kind);
    if name != member.name_bytes() {
        push(AnomalyKind::LocalName { local: String::from_utf8_lossy(name).into_owned() });
    }
    if (local.flags ^ member.flags) & COMPARED != 0 {
        push(AnomalyKind::LocalFlags { directory: member.flags, local: local.flags });
    }
    if local.method != member.method {
        push(AnomalyKind::LocalMethod { directory: member.method, local: local.method });
    }
    // Who writes a descriptor need not know crc and sizes yet, and torch writes zeros.
    let later = local.flags & DESCRIPTOR != 0;
    let mut wide = extra.zip64.map(Fields);
    for (directory, local) in [(member.size, local.size), (member.compressed_size, local.compressed_size)] {
        match extra::widen(local, wide.as_mut()) {
            Some(0) if later => {}
            Some(local) if local == directory => {}
            Some(local) => push(AnomalyKind::LocalSize { directory, local }),
            None => push(AnomalyKind::MalformedExtra),
        }
    }
    if local.crc != member.crc && !(later && local.crc == 0) {
        push(AnomalyKind::LocalCrc { directory: member.crc, local: local.crc });
    }
    if extra.second_name {
        push(AnomalyKind::SecondName);
    }
    if let Some(id) = extra.unknown {
        push(AnomalyKind::UnknownExtra { id });
    }
    if extra.malformed {
        push(AnomalyKind::MalformedExtra);
    }
    let locally = local.flags & ENCRYPTED != 0 || extra.encrypted;
    if member.encrypted || locally {
        push(AnomalyKind::Encrypted { directory: member.encrypted, local: locally });
        member.encrypted = true;
    }
}

/// The length of the descriptor that `after`, the bytes behind the data, start with. There are four forms, and only
/// the values tell them apart.
fn descriptor_length(after: &[u8], member: &Member) -> Option<u64> {
    let signed = after.first_chunk() == Some(&DESCRIPTOR_SIGNATURE.to_le_bytes());
    let unsigned = [(after, 0)];
    let both = [(after.get(4..).unwrap_or_default(), 4), (after, 0)];
    let forms: &[(&[u8], u64)] = if signed { &both } else { &unsigned };
    forms.iter().find_map(|(values, before)| {
        let mut short = Fields(values);
        let crc = short.u32()?;
        let mut long = short;
        if crc != member.crc {
            return None;
        }
        let sizes = Some((member.compressed_size, member.size));
        if short.u32().map(u64::from).zip(short.u32().map(u64::from)) == sizes {
            Some(before + 12)
        } else {
            (long.u64().zip(long.u64()) == sizes).then_some(before + 20)
        }
    })
}

fn failed(offset: u64, source: std::io::Error) -> ZipError {
    ZipError::Io { action: "read a local header", offset, source }
}

/// The fields of fixed length.
struct Fixed {
    signature: u32,
    flags: u16,
    method: u16,
    crc: u32,
    compressed_size: u32,
    size: u32,
    /// Of name and extra fields.
    lengths: [u16; 2],
}

impl Fixed {
    fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let signature = fields.u32()?;
        let _version = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _time = fields.u32()?;
        let (crc, compressed_size, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let lengths = [fields.u16()?, fields.u16()?];
        Some(Self { signature, flags, method, crc, compressed_size, size, lengths })
    }
}
