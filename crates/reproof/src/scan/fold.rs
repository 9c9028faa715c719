//! From what was found in each file to one document.

use std::collections::BTreeSet;

use reproof_contract::Scan;
use reproof_contract::scan::{Coverage, ScanFinding, ScanSchema, ScanVerdict, Severity, UnreadPart};
use reproof_formats::scan::{FileScan, Finding, Tally, Unread};

use super::ScanOptions;
use super::files::{Entry, Notes};

/// Everything that was found so far.
#[derive(Debug, Default)]
pub(super) struct Folder {
    findings: Vec<ScanFinding>,
    coverage: Coverage,
}

/// A file that the system does not let us read.
pub(super) fn unreadable(path: &str, error: &std::io::Error) -> FileScan {
    let unread =
        Unread { member: path.to_owned(), bytes: 0, reason: format!("could not be opened: {error}") };
    FileScan { unread: vec![unread], ..FileScan::default() }
}

impl Folder {
    pub(super) fn notes(&mut self, notes: Notes) {
        self.findings.extend(notes.findings);
        self.coverage.unread.extend(notes.unread);
    }

    pub(super) fn files(&mut self, scanned: Vec<(&Entry, FileScan)>) {
        let tensors = declared(&scanned);
        for (entry, scan) in scanned {
            self.coverage.files += 1;
            // A file of raw tensors has no form of its own; the model beside it says what it is.
            if tensors.contains(&entry.path) && scan.findings.is_empty() {
                self.count(Tally { inspected: 0, tensors: scan.tally.total(), unread: 0 });
                continue;
            }
            self.count(scan.tally);
            self.findings.extend(scan.findings.into_iter().map(finding));
            self.coverage.unread.extend(scan.unread.into_iter().map(|unread| UnreadPart {
                path: unread.member,
                bytes: unread.bytes,
                reason: unread.reason,
            }));
        }
    }

    /// Adds that the readers refuse the artifact, unless something else was found: then that is why.
    pub(super) fn refused(&mut self, finding: Option<ScanFinding>) {
        if self.findings.iter().all(|known| known.severity < Severity::Warning) {
            self.findings.extend(finding);
        }
    }

    fn count(&mut self, tally: Tally) {
        let coverage = &mut self.coverage;
        for (sum, more) in [
            (&mut coverage.inspected_bytes, tally.inspected),
            (&mut coverage.tensor_bytes, tally.tensors),
            (&mut coverage.unread_bytes, tally.unread),
        ] {
            *sum = sum.saturating_add(more);
        }
    }

    pub(super) fn document(mut self, options: &ScanOptions) -> Scan {
        // Stable, so that the order inside a file stays.
        self.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        self.coverage.deep = options.deep;
        let verdict = if self.findings.iter().any(|finding| finding.severity >= options.fail_on) {
            ScanVerdict::Findings
        } else if self.coverage.unread.is_empty() && self.coverage.unread_bytes == 0 {
            ScanVerdict::Clean
        } else {
            ScanVerdict::Incomplete
        };
        Scan {
            schema: ScanSchema::V0,
            verdict,
            fail_on: options.fail_on,
            path: options.shown.clone(),
            artifact_digest: options.artifact,
            findings: self.findings,
            coverage: self.coverage,
            scanned_by: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

/// Paths of the files that models beside them declare to be tensors.
fn declared(scanned: &[(&Entry, FileScan)]) -> BTreeSet<String> {
    let of = |(entry, scan): &(&Entry, FileScan)| {
        let folder = entry.path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        scan.tensor_files.iter().map(move |file| format!("{folder}{file}")).collect::<Vec<_>>()
    };
    scanned.iter().flat_map(of).collect()
}

fn finding(finding: Finding) -> ScanFinding {
    ScanFinding {
        id: finding.id.to_owned(),
        severity: match finding.severity {
            reproof_formats::Severity::Info => Severity::Info,
            reproof_formats::Severity::Warning => Severity::Warning,
            reproof_formats::Severity::Dangerous => Severity::Dangerous,
        },
        member: finding.member,
        offset: finding.offset,
        would: (!finding.would.is_empty()).then_some(finding.would),
        message: finding.message,
        count: finding.count,
    }
}
