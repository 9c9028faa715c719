//! The state of a scan of one file.

use super::finding::{Finding, Findings, Tally, Unread};
use super::place::Place;
use super::{FileScan, ScanOptions};
use crate::Severity;
use crate::checkpoint::from_pickle::Reference;

/// Bytes that are expanded from one file in all: what is above stays unread.
const EXPANDED: u64 = 512 << 20;
/// Bytes that one member is expanded to in memory.
const AT_ONCE: u64 = 128 << 20;
/// Bytes that are looked at in one file, those that several members share counted for each: an honest file is looked at
/// once or twice.
const WORK: u64 = 2 << 30;
/// What looking at anything costs besides its bytes.
const LOOK: u64 = 4096;
/// Entries that were not read, at most.
const UNREAD: usize = 1000;

/// Findings and what is left of the budget.
pub(super) struct Session {
    pub(super) options: ScanOptions,
    findings: Findings,
    unread: Vec<Unread>,
    budget: u64,
    work: u64,
    /// Files beside this one that hold tensors.
    pub(super) tensor_files: Vec<String>,
    /// How many pickles were judged.
    pub(super) pickles: u64,
    /// The storages that pickles referred to since somebody took them.
    pub(super) references: Vec<Reference>,
}

impl Session {
    pub(super) fn new(options: ScanOptions) -> Self {
        Self {
            options,
            findings: Findings::default(),
            unread: Vec::new(),
            budget: EXPANDED,
            work: WORK,
            tensor_files: Vec::new(),
            pickles: 0,
            references: Vec::new(),
        }
    }

    pub(super) fn finish(self, tally: Tally) -> FileScan {
        FileScan {
            findings: self.findings.sorted(),
            tally,
            unread: self.unread,
            tensor_files: self.tensor_files,
        }
    }

    /// Reports something at a place.
    pub(super) fn report(&mut self, place: &Place, report: Report) {
        let Report { id, severity, offset, would, message } = report;
        self.findings.push(Finding {
            id,
            severity: severity.min(place.worst),
            member: place.member.clone(),
            offset,
            would,
            message,
            count: 1,
        });
    }

    /// Notes bytes that were not inspected.
    pub(super) fn unread(&mut self, place: &Place, bytes: u64, reason: impl Into<String>) -> Tally {
        if bytes > 0 && self.unread.len() < UNREAD {
            self.unread.push(Unread { member: place.member.clone(), bytes, reason: reason.into() });
        }
        Tally::unread(bytes)
    }

    /// Takes the cost of looking at so many bytes; whether they may be looked at.
    pub(super) fn may_look(&mut self, bytes: u64) -> bool {
        let cost = bytes.saturating_add(LOOK);
        let may = cost <= self.work;
        self.work = self.work.saturating_sub(cost);
        may
    }

    /// Reports that a file asks for more work than it is worth.
    pub(super) fn too_much(&mut self, place: &Place, bytes: u64) -> Tally {
        let message = "asks for more work than any file is worth; the rest of it was not read";
        // Told for the whole file: there may be millions of such places.
        let file = Place::file(place.member.split(':').next().unwrap_or_default());
        self.report(&file, Report::new("scan.limit", Severity::Warning, message));
        self.unread(place, bytes, message)
    }

    /// How many bytes may be expanded now.
    pub(super) fn room(&self) -> u64 {
        self.budget.min(AT_ONCE)
    }

    /// Takes expanded bytes from the budget.
    pub(super) fn charge(&mut self, bytes: u64) {
        self.budget = self.budget.saturating_sub(bytes);
    }
}

/// What [`Session::report`] is told.
pub(super) struct Report {
    pub(super) id: &'static str,
    pub(super) severity: Severity,
    pub(super) offset: Option<u64>,
    pub(super) would: String,
    pub(super) message: String,
}

impl Report {
    /// Something that would do nothing by itself.
    pub(super) fn new(id: &'static str, severity: Severity, message: impl Into<String>) -> Self {
        Self { id, severity, offset: None, would: String::new(), message: message.into() }
    }

    /// The same with what it would do.
    pub(super) fn would(self, would: impl Into<String>) -> Self {
        Self { would: would.into(), ..self }
    }

    /// The same with where it is.
    pub(super) fn at(self, offset: u64) -> Self {
        Self { offset: Some(offset), ..self }
    }
}
