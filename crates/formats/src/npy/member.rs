//! The members of an archive of arrays: checked before anything of them is believed.

use reproof_digest::ReadAt;

use super::NpyError;
use crate::section::Section;
use crate::zip::{AnomalyKind, Archive, Member, ZipError};

/// The most members of an archive.
const MEMBERS: usize = 65_536;

/// Refuses an archive of which two readers would see different arrays.
pub(super) fn check(archive: &Archive) -> Result<(), NpyError> {
    if archive.members.len() > MEMBERS {
        return Err(NpyError::TooManyMembers { limit: MEMBERS, actual: archive.members.len() });
    }
    match archive.anomalies.fatal() {
        None => Ok(()),
        Some(anomaly) => Err(match anomaly.kind {
            AnomalyKind::DuplicateName { .. } => NpyError::DuplicateMember,
            AnomalyKind::Overlap { .. } => NpyError::OverlappingMembers,
            _ => NpyError::Contradiction { offset: anomaly.offset, what: anomaly.kind.as_str() },
        }),
    }
}

/// The bytes of a member, expanded; exactly as many as declared, and with the declared checksum.
///
/// `refuse` makes the error of a member of more than `limit` bytes.
pub(super) fn expand(
    member: &Member,
    source: &dyn ReadAt,
    limit: u64,
    refuse: impl Fn(String) -> NpyError,
) -> Result<Vec<u8>, NpyError> {
    let name = || member.name.clone();
    let bytes = member.bytes(source, limit).map_err(|error| match error {
        ZipError::Encrypted { member, .. } => NpyError::Encrypted { member },
        ZipError::TooLarge { member, .. } => refuse(member),
        ZipError::Size { member, expected, actual, .. } => NpyError::MemberSize { member, expected, actual },
        ZipError::Method { member, method, .. } => NpyError::Method { member, method },
        ZipError::Expand { member, source, .. } => NpyError::Expand { member, source },
        other => NpyError::Zip(other),
    })?;
    match member.check_crc(&bytes) {
        // A checksum of zero means that none was computed.
        Err(mismatch) if mismatch.stored != 0 => {
            let (expected, actual) = (mismatch.stored, mismatch.computed);
            Err(NpyError::Checksum { member: name(), expected, actual })
        }
        _ => Ok(bytes),
    }
}

/// The stored bytes of a member that is not compressed.
pub(super) fn stored<'a>(member: &Member, source: &'a dyn ReadAt) -> Result<Section<'a>, NpyError> {
    let left = source.size().saturating_sub(member.data.start);
    let needed = member.data.end - member.data.start;
    Section::new(source, member.data.clone()).ok_or(NpyError::Truncated { what: "member", needed, left })
}
