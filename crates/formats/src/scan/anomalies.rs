//! What is odd about a zip archive, in words.

use std::collections::HashSet;

use super::place::Place;
use super::session::{Report, Session};
use crate::Severity;
use crate::zip::{AnomalyKind, Archive};

impl Session {
    /// Reports what no ordinary writer writes. What torch, NumPy and Keras write is no anomaly to begin with.
    /// Members that only hold numbers, `inert`, are at worst loaded with other ones.
    pub(super) fn anomalies(&mut self, place: &Place, archive: &Archive, inert: &HashSet<usize>) {
        for anomaly in archive.anomalies.iter() {
            let Some((mut severity, message)) = judged(&anomaly.kind) else { continue };
            let other = match anomaly.kind {
                AnomalyKind::Overlap { other } => other,
                AnomalyKind::DuplicateName { other } => Some(other),
                _ => anomaly.member,
            };
            if anomaly
                .member
                .zip(other)
                .is_some_and(|(one, two)| inert.contains(&one) && inert.contains(&two))
            {
                severity = severity.min(Severity::Warning);
            }
            let member = anomaly.member.and_then(|member| archive.members.get(member));
            let place = member.map_or_else(|| place.clone(), |member| place.inside(&member.name));
            let id = match anomaly.kind {
                AnomalyKind::Encrypted { .. } => "zip.encrypted",
                AnomalyKind::UnsafeName(_) => "zip.path",
                AnomalyKind::SymbolicLink | AnomalyKind::SpecialFile { .. } => "zip.link",
                AnomalyKind::Trailing { .. } | AnomalyKind::Prefix { .. } | AnomalyKind::Gap { .. } => {
                    "zip.gap"
                }
                AnomalyKind::ArchiveComment { .. } | AnomalyKind::MemberComment { .. } => "zip.comment",
                _ => "zip.contradiction",
            };
            self.report(&place, Report::new(id, severity, message).at(anomaly.offset));
        }
    }
}

/// How serious an anomaly is; `None` where it is none of a scan.
fn judged(kind: &AnomalyKind) -> Option<(Severity, String)> {
    use AnomalyKind as Kind;
    let (severity, message) = match kind {
        Kind::SecondEnd => {
            (Severity::Dangerous, "a second end: readers disagree about which archive this is".to_owned())
        }
        Kind::SecondDirectory => {
            (Severity::Dangerous, "a second directory: readers disagree about the members".to_owned())
        }
        Kind::Overlap { .. } => (Severity::Dangerous, "shares bytes with another record".to_owned()),
        Kind::DuplicateName { .. } => (
            Severity::Dangerous,
            "a name that another member has too: readers disagree about which counts".to_owned(),
        ),
        Kind::SecondName => (Severity::Dangerous, "an extra field gives it another name".to_owned()),
        Kind::StoredSizes { compressed, size } => {
            (Severity::Dangerous, format!("stored without compression, with {compressed} bytes for {size}"))
        }
        Kind::LocalName { local } => {
            (Severity::Warning, format!("its own header calls it `{local}`: readers disagree about its name"))
        }
        Kind::LocalMethod { directory, local } => (
            Severity::Warning,
            format!("compressed with method {directory} by the directory, and {local} by its own header"),
        ),
        Kind::LocalSize { directory, local } => {
            (Severity::Warning, format!("{directory} bytes by the directory, and {local} by its own header"))
        }
        Kind::LocalCrc { .. } | Kind::Descriptor => {
            (Severity::Warning, "its own header has another checksum than the directory".to_owned())
        }
        Kind::LocalFlags { directory, local } => (
            Severity::Warning,
            format!("flags {directory:#06x} by the directory, and {local:#06x} by its own header"),
        ),
        Kind::Prefix { length, archive: false } => {
            (Severity::Warning, format!("{length} bytes before the first member"))
        }
        Kind::Trailing { length } => (Severity::Warning, format!("{length} bytes after the archive")),
        Kind::Gap { length } => (Severity::Warning, format!("{length} bytes between members")),
        Kind::ArchiveComment { length } => (Severity::Info, format!("a comment of {length} bytes")),
        Kind::MemberComment { length } => {
            (Severity::Info, format!("a comment of {length} bytes on a member"))
        }
        Kind::MultiDisk => (Severity::Warning, "says that it is spread over several files".to_owned()),
        Kind::SameIgnoringCase { .. } => {
            (Severity::Warning, "a name that another member has but for case, which torch ignores".to_owned())
        }
        Kind::UnsafeName(_) => (
            Severity::Warning,
            "a name that leads out of the folder that the archive is unpacked to".to_owned(),
        ),
        Kind::NameNotUtf8 => (Severity::Info, "a name that is not UTF-8".to_owned()),
        Kind::Encrypted { .. } => (Severity::Warning, "says that only a password opens it".to_owned()),
        Kind::FolderWithData { size } => (Severity::Warning, format!("a folder with {size} bytes of data")),
        Kind::SymbolicLink => (Severity::Warning, "a symbolic link, which may lead anywhere".to_owned()),
        Kind::SpecialFile { .. } => (Severity::Warning, "a device, pipe or socket".to_owned()),
        Kind::MalformedExtra | Kind::UnneededZip64 => {
            (Severity::Warning, "extra fields that readers understand differently".to_owned())
        }
        // Archives one after the other, and what is judged elsewhere.
        Kind::Prefix { archive: true, .. }
        | Kind::UnsupportedMethod { .. }
        | Kind::NoCrc
        | Kind::UnknownExtra { .. } => return None,
    };
    Some((severity, message))
}
