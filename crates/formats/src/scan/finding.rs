//! What a scan reports.

use std::collections::HashMap;

use crate::Severity;

/// Something that would happen, or leak, if the artifact were loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A fixed dotted word, such as `pickle.call`.
    pub id: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// Where: the file, then what lies in it, separated by colons, such as `model.pt:archive/data.pkl`.
    pub member: String,
    /// The byte in that member, expanded, where there is one.
    pub offset: Option<u64>,
    /// What would happen, such as `call os.system`; empty where nothing would.
    pub would: String,
    /// One sentence.
    pub message: String,
    /// How often the same was found in the same member.
    pub count: u64,
}

/// Bytes that were not inspected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Where, as in [`Finding::member`].
    pub member: String,
    /// How many, in the file.
    pub bytes: u64,
    /// Why not.
    pub reason: String,
}

/// Bytes of a file by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Read and understood.
    pub inspected: u64,
    /// Typed storage of tensors and arrays: inert, and read only where its checksum was asked for.
    pub tensors: u64,
    /// Not read, or not understood.
    pub unread: u64,
}

impl Tally {
    pub(super) const fn inspected(bytes: u64) -> Self {
        Self { inspected: bytes, tensors: 0, unread: 0 }
    }

    pub(super) const fn tensors(bytes: u64) -> Self {
        Self { inspected: 0, tensors: bytes, unread: 0 }
    }

    pub(super) const fn unread(bytes: u64) -> Self {
        Self { inspected: 0, tensors: 0, unread: bytes }
    }

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            inspected: self.inspected.saturating_add(other.inspected),
            tensors: self.tensors.saturating_add(other.tensors),
            unread: self.unread.saturating_add(other.unread),
        }
    }

    /// All bytes.
    pub const fn total(self) -> u64 {
        self.inspected.saturating_add(self.tensors).saturating_add(self.unread)
    }

    /// The same shares of another number of bytes: what an expanded member was, said of its compressed bytes.
    pub(super) fn scaled(self, bytes: u64) -> Self {
        if self.unread > 0 {
            return Self::unread(bytes);
        }
        let total = u128::from(self.total().max(1));
        let tensors = (u128::from(self.tensors) * u128::from(bytes) / total) as u64;
        Self { inspected: bytes - tensors, tensors, unread: 0 }
    }
}

/// The most different findings of one file; a hostile file may hold millions.
const FINDINGS: usize = 10_000;

/// Findings without repetitions.
#[derive(Debug, Default)]
pub(super) struct Findings {
    list: Vec<Finding>,
    places: HashMap<(&'static str, Severity, String, String, String), usize>,
}

impl Findings {
    pub(super) fn push(&mut self, finding: Finding) {
        // The message tells findings apart that would do nothing.
        let told = if finding.would.is_empty() { finding.message.clone() } else { String::new() };
        let key = (finding.id, finding.severity, finding.member.clone(), finding.would.clone(), told);
        if let Some(place) = self.places.get(&key) {
            self.list[*place].count += 1;
            return;
        }
        // The worst ones are never dropped for the sake of harmless ones.
        if self.list.len() < FINDINGS
            || finding.severity == Severity::Dangerous && self.list.len() < 2 * FINDINGS
        {
            self.places.insert(key, self.list.len());
            self.list.push(finding);
        }
    }

    /// The worst first, and in the order of the file.
    pub(super) fn sorted(mut self) -> Vec<Finding> {
        self.list.sort_by(|left, right| {
            let place = |finding: &Finding| (finding.member.clone(), finding.offset);
            right.severity.cmp(&left.severity).then_with(|| place(left).cmp(&place(right)))
        });
        self.list
    }
}
