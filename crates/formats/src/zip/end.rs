//! The records at the end of an archive, which say where its directory is.

use std::ops::Range;

use reproof_digest::ReadAt;

use super::directory::ENTRY;
use super::fields::Fields;
use super::{Anomalies, AnomalyKind, ZipError};

const END: u32 = 0x0605_4b50;
const END_LENGTH: u64 = 22;
const LOCATOR: u32 = 0x0706_4b50;
const LOCATOR_LENGTH: u64 = 20;
const ZIP64_END: u32 = 0x0606_4b50;
const ZIP64_END_LENGTH: u64 = 56;
/// The end record's largest distance from the end of the file: itself and the longest comment.
const SEARCHED: u64 = END_LENGTH + u16::MAX as u64;

/// What the end records say.
#[derive(Debug)]
pub(super) struct End {
    /// The directory.
    pub(super) directory: Range<u64>,
    /// How many members it declares.
    pub(super) members: u64,
    /// What to add to every offset of the archive: its start, where something lies before it.
    pub(super) shift: u64,
    /// The end records with the comment.
    pub(super) records: Range<u64>,
    /// The archive comment.
    pub(super) comment: Range<u64>,
}

/// The fields that both kinds of end record have.
#[derive(Debug)]
struct Counts {
    disk: u64,
    directory_disk: u64,
    members_here: u64,
    members: u64,
    length: u64,
    offset: u64,
}

/// Finds the end records and the directory that they tell of.
pub(super) fn find(source: &dyn ReadAt, anomalies: &mut Anomalies) -> Result<End, ZipError> {
    let size = source.size();
    let searched = size.min(SEARCHED);
    let tail_start = size - searched;
    let tail = read(source, tail_start, searched, "read the end of the archive")?;
    let missing = ZipError::NoEnd { searched, size };
    // The last signature with room for a record counts, as it does for torch and Python.
    let mut places =
        (0..tail.len().saturating_sub(END_LENGTH as usize - 1)).rev().filter(|at| begins(&tail[*at..], END));
    let Some(at) = places.next() else { return Err(missing) };
    let Some((classic, comment_length)) = classic(&tail[at..]) else { return Err(missing) };
    let offset = tail_start + at as u64;
    let comment = offset + END_LENGTH..offset + END_LENGTH + comment_length;
    if comment.end > size {
        return Err(ZipError::CommentTruncated {
            offset,
            needed: comment_length,
            left: size - comment.start,
        });
    }
    for other in places {
        let Some((_, length)) = self::classic(&tail[other..]) else { continue };
        let end = other as u64 + END_LENGTH + length;
        if end > at as u64 && end <= searched {
            anomalies.push(tail_start + other as u64, None, AnomalyKind::SecondEnd);
        }
    }
    if comment_length > 0 {
        anomalies.push(comment.start, None, AnomalyKind::ArchiveComment { length: comment_length });
    }

    let zip64 = zip64(source, offset)?;
    let start = zip64.as_ref().map_or(offset, |zip64| zip64.start);
    let counts = match &zip64 {
        Some(zip64) => agree(&classic, &zip64.counts, offset)?,
        None => classic,
    };
    let other_disks = counts.disk != 0 || counts.directory_disk != 0 || counts.members_here != counts.members;
    if other_disks || zip64.as_ref().is_some_and(|zip64| zip64.disks > 1) {
        anomalies.push(offset, None, AnomalyKind::MultiDisk);
    }
    let (directory, shift) = place(source, &counts, start, anomalies)?;
    if let Some(zip64) = zip64
        && zip64.declared.checked_add(shift) != Some(zip64.start)
    {
        let locator = offset - LOCATOR_LENGTH;
        return Err(ZipError::NoZip64End { offset: locator, declared: zip64.declared });
    }
    Ok(End { directory, members: counts.members, shift, records: start..comment.end, comment })
}

/// The directory and the shift of all offsets, where `end` is the start of the end records.
fn place(
    source: &dyn ReadAt,
    counts: &Counts,
    end: u64,
    anomalies: &mut Anomalies,
) -> Result<(Range<u64>, u64), ZipError> {
    let (declared, length) = (counts.offset, counts.length);
    let outside = ZipError::DirectoryOutOfRange { start: declared, length, limit: end };
    let Some(before_end) = end.checked_sub(length) else { return Err(outside) };
    let Some(shift) = before_end.checked_sub(declared) else { return Err(outside) };
    if shift > 0 && counts.members > 0 {
        // Something lies before the archive, or between directory and end. Python always takes the directory before
        // the end, torch always the declared place.
        let entry_at = |offset| Ok(begins(&read(source, offset, 4, "look for the directory")?, ENTRY));
        match (entry_at(declared)?, entry_at(before_end)?) {
            (true, false) => return Ok((declared..declared + length, 0)),
            (true, true) => anomalies.push(declared, None, AnomalyKind::SecondDirectory),
            (false, _) => {}
        }
    }
    Ok((before_end..end, shift))
}

fn begins(bytes: &[u8], signature: u32) -> bool {
    bytes.first_chunk().is_some_and(|first| u32::from_le_bytes(*first) == signature)
}

/// The end record and the length of its comment.
fn classic(record: &[u8]) -> Option<(Counts, u64)> {
    let mut fields = Fields(record);
    fields.u32()?;
    let counts = Counts {
        disk: fields.u16()?.into(),
        directory_disk: fields.u16()?.into(),
        members_here: fields.u16()?.into(),
        members: fields.u16()?.into(),
        length: fields.u32()?.into(),
        offset: fields.u32()?.into(),
    };
    Some((counts, fields.u16()?.into()))
}

/// What the zip64 records say.
struct Zip64 {
    start: u64,
    declared: u64,
    disks: u32,
    counts: Counts,
}

/// The zip64 records before the end record at `end`, where there are any.
fn zip64(source: &dyn ReadAt, end: u64) -> Result<Option<Zip64>, ZipError> {
    let Some(offset) = end.checked_sub(LOCATOR_LENGTH) else { return Ok(None) };
    let locator = read(source, offset, LOCATOR_LENGTH, "read the zip64 locator")?;
    let mut fields = Fields(&locator);
    if fields.u32() != Some(LOCATOR) {
        return Ok(None);
    }
    let (Some(_), Some(declared), Some(disks)) = (fields.u32(), fields.u64(), fields.u32()) else {
        return Ok(None);
    };
    // Where something lies before the archive, the declared place is wrong and the record still before its locator.
    for start in [Some(declared), offset.checked_sub(ZIP64_END_LENGTH)].into_iter().flatten() {
        if start.checked_add(ZIP64_END_LENGTH).is_none_or(|end| end > offset) {
            continue;
        }
        let record = read(source, start, ZIP64_END_LENGTH, "read the zip64 end record")?;
        if let Some((counts, length)) = zip64_counts(&record)
            && start.checked_add(length) == Some(offset)
        {
            return Ok(Some(Zip64 { start, declared, disks, counts }));
        }
    }
    Err(ZipError::NoZip64End { offset, declared })
}

/// The zip64 end record and its length.
fn zip64_counts(record: &[u8]) -> Option<(Counts, u64)> {
    let mut fields = Fields(record);
    if fields.u32()? != ZIP64_END {
        return None;
    }
    // Its size field does not count itself and the signature.
    let length = fields.u64()?.checked_add(12)?;
    fields.u32()?;
    let counts = Counts {
        disk: fields.u32()?.into(),
        directory_disk: fields.u32()?.into(),
        members_here: fields.u64()?,
        members: fields.u64()?,
        length: fields.u64()?,
        offset: fields.u64()?,
    };
    Some((counts, length))
}

/// The counts of the end record, with those of the zip64 end record where it has no room. Where it has room the two
/// must agree: torch writes both in every file, and readers differ in which one they believe.
fn agree(classic: &Counts, zip64: &Counts, offset: u64) -> Result<Counts, ZipError> {
    let field = |field, classic: u64, zip64: u64, full: u64| {
        if classic == full || classic == zip64 {
            Ok(zip64)
        } else {
            Err(ZipError::EndsDisagree { offset, field, classic, zip64 })
        }
    };
    let (short, long) = (u64::from(u16::MAX), u64::from(u32::MAX));
    Ok(Counts {
        disk: field("number of this file", classic.disk, zip64.disk, short)?,
        directory_disk: field("file of the directory", classic.directory_disk, zip64.directory_disk, short)?,
        members_here: field("members in this file", classic.members_here, zip64.members_here, short)?,
        members: field("members", classic.members, zip64.members, short)?,
        length: field("size of the directory", classic.length, zip64.length, long)?,
        offset: field("start of the directory", classic.offset, zip64.offset, long)?,
    })
}

/// The caller has checked that the source is long enough.
fn read(source: &dyn ReadAt, offset: u64, length: u64, action: &'static str) -> Result<Vec<u8>, ZipError> {
    source.read_range(offset, length as usize).map_err(|source| ZipError::Io { action, offset, source })
}
