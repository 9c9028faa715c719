//! What an archive says that no ordinary writer says.

use std::collections::BTreeMap;

use super::name::NameProblem;

/// How many anomalies of one kind are kept. An archive of a million odd members needs no million findings.
const KEPT_OF_A_KIND: u64 = 100;

/// Something odd about an archive of which it is still known what is where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Anomaly {
    /// Where in the source.
    pub(crate) offset: u64,
    /// The member that it is about, by its place in the directory.
    pub(crate) member: Option<usize>,
    /// What it is.
    pub(crate) kind: AnomalyKind,
}

/// What is odd.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum AnomalyKind {
    /// An end record lies in the comment of another one: readers disagree about which one counts.
    SecondEnd,
    /// A directory lies at the declared place, and another one before the end record.
    SecondDirectory,
    /// Bytes before the first record; `archive` when they begin like an archive themselves.
    Prefix { length: u64, archive: bool },
    /// Bytes after the end record and its comment.
    Trailing { length: u64 },
    /// Bytes that belong to no record and are no padding.
    Gap { length: u64 },
    /// An archive comment.
    ArchiveComment { length: u64 },
    /// A comment of a member.
    MemberComment { length: u64 },
    /// The archive says that it is spread over several files.
    MultiDisk,
    /// Two records share bytes: another member, or without one the directory or the end records.
    Overlap { other: Option<usize> },
    /// A name that another member has too.
    DuplicateName { other: usize },
    /// A name that another member has too when case is ignored, as torch does.
    SameIgnoringCase { other: usize },
    /// A name that must not become a path.
    UnsafeName(NameProblem),
    /// A name that is not UTF-8.
    NameNotUtf8,
    /// An extra field that gives the member another name.
    SecondName,
    /// A local header with another name than the directory has.
    LocalName { local: String },
    /// A local header with other flags than the directory has.
    LocalFlags { directory: u16, local: u16 },
    /// A local header with another method than the directory has.
    LocalMethod { directory: u16, local: u16 },
    /// A local header with another size, expanded or compressed, than the directory has.
    LocalSize { directory: u64, local: u64 },
    /// A local header with another checksum than the directory has.
    LocalCrc { directory: u32, local: u32 },
    /// No data descriptor with the directory's values follows the data, although one is announced.
    Descriptor,
    /// A member that only a password opens, as the directory, the local header or both say.
    Encrypted { directory: bool, local: bool },
    /// A compression that this version does not read.
    UnsupportedMethod { method: u16 },
    /// A stored member whose compressed size is not its size.
    StoredSizes { compressed: u64, size: u64 },
    /// A member with data and a checksum of zero: none was computed.
    NoCrc,
    /// A name that ends like a folder's, with data.
    FolderWithData { size: u64 },
    /// A symbolic link.
    SymbolicLink,
    /// A device, pipe or socket.
    SpecialFile { mode: u32 },
    /// An extra field that nothing here knows.
    UnknownExtra { id: u16 },
    /// Extra fields that do not tile their space or lack a value.
    MalformedExtra,
    /// A zip64 extra field, although no field of the entry is full: some readers believe it nevertheless.
    UnneededZip64,
}

impl AnomalyKind {
    /// A fixed word.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::SecondEnd => "second-end",
            Self::SecondDirectory => "second-directory",
            Self::Prefix { .. } => "prefix",
            Self::Trailing { .. } => "trailing",
            Self::Gap { .. } => "gap",
            Self::ArchiveComment { .. } => "archive-comment",
            Self::MemberComment { .. } => "member-comment",
            Self::MultiDisk => "multi-disk",
            Self::Overlap { .. } => "overlap",
            Self::DuplicateName { .. } => "duplicate-name",
            Self::SameIgnoringCase { .. } => "same-ignoring-case",
            Self::UnsafeName(_) => "unsafe-name",
            Self::NameNotUtf8 => "name-not-utf8",
            Self::SecondName => "second-name",
            Self::LocalName { .. } => "local-name",
            Self::LocalFlags { .. } => "local-flags",
            Self::LocalMethod { .. } => "local-method",
            Self::LocalSize { .. } => "local-size",
            Self::LocalCrc { .. } => "local-crc",
            Self::Descriptor => "descriptor",
            Self::Encrypted { .. } => "encrypted",
            Self::UnsupportedMethod { .. } => "unsupported-method",
            Self::StoredSizes { .. } => "stored-sizes",
            Self::NoCrc => "no-crc",
            Self::FolderWithData { .. } => "folder-with-data",
            Self::SymbolicLink => "symbolic-link",
            Self::SpecialFile { .. } => "special-file",
            Self::UnknownExtra { .. } => "unknown-extra",
            Self::MalformedExtra => "malformed-extra",
            Self::UnneededZip64 => "unneeded-zip64",
        }
    }

    /// Whether two sound readers would see different members or different bytes, so that the archive must not be
    /// loaded. Equal names but for case are not among them: torch confuses them, NumPy keeps them apart.
    pub(crate) const fn is_fatal(&self) -> bool {
        matches!(
            self,
            Self::SecondEnd
                | Self::SecondDirectory
                | Self::Overlap { .. }
                | Self::DuplicateName { .. }
                | Self::SecondName
                | Self::StoredSizes { .. }
        )
    }
}

/// The anomalies of an archive, the first ones of each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Anomalies {
    kept: Vec<Anomaly>,
    counts: BTreeMap<&'static str, u64>,
}

impl Anomalies {
    pub(super) fn push(&mut self, offset: u64, member: Option<usize>, kind: AnomalyKind) {
        let count = self.counts.entry(kind.as_str()).or_default();
        *count += 1;
        if *count <= KEPT_OF_A_KIND {
            self.kept.push(Anomaly { offset, member, kind });
        }
    }

    /// Those that are kept, in the order in which they were noticed.
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Anomaly> {
        self.kept.iter()
    }

    /// How many there are of each kind, those that are not kept included.
    #[cfg(test)]
    pub(crate) const fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// The first one for which the archive must not be loaded.
    pub(crate) fn fatal(&self) -> Option<&Anomaly> {
        self.kept.iter().find(|anomaly| anomaly.kind.is_fatal())
    }
}
