//! Zip archives: each member as what it is, each gap for what hides in it.

use std::collections::HashSet;
use std::io::{BufReader, Read as _};

use flate2::bufread::DeflateDecoder;
use reproof_digest::ReadAt;

use super::finding::Tally;
use super::place::{DEPTH, Place};
use super::session::{Report, Session};
use super::sniff;
use super::storages::Storages;
use crate::Severity;
use crate::compress::{self, Compression};
use crate::section::Section;
use crate::zip::{self, Archive, DEFLATE, Member, STORED, ZipError};

/// Bytes of texts that are too short for settings.
const SHORT: u64 = 64;
/// bzip2 as a method of zip.
const BZIP2: u16 = 12;
/// Bytes that a compressed member is expanded to at most to see what it is.
const PEEKED: u64 = 4096;

/// A member's bytes.
enum Content<'a> {
    Stored(Section<'a>),
    Expanded(Vec<u8>),
    Refused(String),
}

impl Session {
    /// Inspects an archive, and the archives before it in a file of several.
    pub(super) fn archive(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let (mut end, mut tally) = (source.size(), Tally::default());
        loop {
            let Some(section) = Section::new(source, 0..end) else { return tally };
            let archive = match zip::open(&section) {
                Ok(archive) => archive,
                Err(error) => return tally.plus(self.malformed(&section, place, &error)),
            };
            // Distributed checkpoints are archives one after the other, each with offsets of its own.
            let earlier = archive.anomalies.iter().find_map(|anomaly| match anomaly.kind {
                zip::AnomalyKind::Prefix { length, archive: true } => Some(length),
                _ => None,
            });
            let start = earlier.filter(|start| *start < end && ends_as_archive(&section, *start));
            let Some(start) = start else { return tally.plus(self.members(&section, place, &archive)) };
            let own = Section::new(source, start..end);
            let opened = own.and_then(|own| Some((own, zip::open(&own).ok()?)));
            let Some((own, archive)) = opened else {
                return tally.plus(self.members(&section, place, &archive));
            };
            let beside = Place { depth: place.depth, ..place.inside(&format!("byte {start}")) };
            tally = tally.plus(self.members(&own, &beside, &archive));
            end = start;
        }
    }

    /// An archive that readers understand differently or not at all: its members are looked for one by one.
    fn malformed(&mut self, source: &dyn ReadAt, place: &Place, error: &ZipError) -> Tally {
        let message = format!("the zip archive is not sound, and lenient readers may open it: {error}");
        let report = Report::new("zip.malformed", Severity::Warning, message);
        self.report(place, Report { offset: error.offset(), ..report });
        self.carve(source, 0..source.size(), place);
        self.unread(place, source.size(), "a zip archive that is not sound")
    }

    fn members(&mut self, source: &dyn ReadAt, place: &Place, archive: &Archive) -> Tally {
        let mut storages = Storages::of(archive);
        self.exported(source, archive, &mut storages);
        let place = Place { scripted: storages.scripted, ..place.clone() };
        if storages.scripted {
            let message = "TorchScript: its code is compiled and run by torch when the model is called";
            self.report(&place, Report::new("torchscript.code", Severity::Info, message));
        }
        let mut tally = Tally::default();
        // Pickles first: they say which members are storages. Names only decide the order.
        let members = archive.members.iter().enumerate();
        let is_pickle = |(_, member): &(usize, &Member)| member.name.to_ascii_lowercase().ends_with(".pkl");
        let (pickles, rest): (Vec<_>, Vec<_>) = members.partition(is_pickle);
        let (mut inert, mut seen) = (HashSet::new(), HashSet::new());
        for (index, member) in pickles.into_iter().chain(rest) {
            // Bytes that several members share are expanded once.
            let again = !seen.insert((member.data.start, member.data.end, member.method));
            if again || member.is_directory && member.compressed_size == 0 {
                inert.insert(index);
                continue;
            }
            let inner = place.inside(&member.name);
            let pickles = self.pickles;
            let told = if let Some(length) = storages.length(&member.name) {
                self.storage(source, &inner, member, length)
            } else {
                self.references.clear();
                let told = self.member(source, &inner, member);
                storages.add(archive, &member.name, &std::mem::take(&mut self.references));
                told
            };
            // Numbers, and texts as short as a version.
            if self.pickles == pickles && (told.inspected == 0 || member.size < SHORT) {
                inert.insert(index);
            }
            tally = tally.plus(told);
        }
        self.anomalies(&place, archive, &inert);
        for gap in &archive.gaps {
            self.carve(source, gap.clone(), &place);
        }
        if !archive.comment.is_empty() {
            let worst = place.hidden();
            self.carve(source, archive.comment.clone(), &worst);
            let length = (archive.comment.end - archive.comment.start) as usize;
            if let Ok(comment) = source.read_range(archive.comment.start, length) {
                self.secrets(&place, &comment, archive.comment.start);
            }
        }
        // Headers, directory, padding and what gaps were searched.
        Tally { inspected: tally.inspected + source.size().saturating_sub(tally.total()), ..tally }
    }

    /// A member that is not known to be a storage.
    fn member(&mut self, source: &dyn ReadAt, place: &Place, member: &Member) -> Tally {
        if place.depth > DEPTH {
            let message = format!("more than {DEPTH} files in each other; what is inside was not read");
            self.report(place, Report::new("scan.depth", Severity::Warning, message));
            return self.unread(place, member.compressed_size, "too many files in each other");
        }
        match self.content(source, member) {
            Content::Stored(section) => {
                let tally = self.inspect(&section, place);
                self.checksum(
                    place,
                    member,
                    &section,
                    self.options.deep || tally.tensors + tally.unread == 0,
                );
                self.password(place, member, tally)
            }
            Content::Expanded(bytes) => {
                // These bytes are new, so they may be searched.
                let new = Place { searched: false, ..place.clone() };
                let tally = self.inspect(&bytes, &new).scaled(member.compressed_size);
                self.checksum(place, member, &bytes, true);
                self.password(place, member, tally)
            }
            Content::Refused(reason) => self.unread(place, member.compressed_size, reason),
        }
    }

    /// A member that is really encrypted looks like nothing that is known.
    fn password(&mut self, place: &Place, member: &Member, tally: Tally) -> Tally {
        if member.encrypted && tally.unread == 0 && tally.total() > 0 {
            let message = "its flag says that a password is needed, and it can be read without one";
            self.report(
                place,
                Report::new("zip.encrypted", Severity::Warning, message).at(member.local_offset),
            );
        }
        tally
    }

    /// A member that a pickle refers to as the storage of tensors.
    fn storage(&mut self, source: &dyn ReadAt, place: &Place, member: &Member, length: Option<u64>) -> Tally {
        // torch itself leaves the storages of traced inputs empty.
        if length.is_some_and(|length| length != member.size) && member.size > 0 {
            let message = "holds another number of bytes than the pickle says";
            self.report(place, Report::new("torch.storage", Severity::Info, message).at(member.data.start));
        }
        let head = peek(source, member);
        // Numbers may begin like anything; only what would really open or run is more than a storage.
        let suspicious = match head[..] {
            [b'P', b'K', 3, 4, ..] => true,
            [0x80, 2..=5, ..] => super::carve::runs_at(&head, 0),
            _ => false,
        };
        if suspicious {
            let message = "the storage of a tensor begins like a file of its own";
            self.report(
                place,
                Report::new("torch.storage", Severity::Warning, message).at(member.data.start),
            );
            return self.member(source, place, member);
        }
        if self.options.deep
            && let Content::Stored(section) = self.content(source, member)
        {
            self.checksum(place, member, &section, true);
        }
        Tally::tensors(member.compressed_size)
    }

    /// Compares the bytes with the directory's checksum, where there is one.
    fn checksum(&mut self, place: &Place, member: &Member, bytes: &dyn ReadAt, wanted: bool) {
        if !wanted || member.crc == 0 {
            return;
        }
        if zip::crc32(bytes, 0..bytes.size()).is_ok_and(|crc| crc != member.crc) {
            let message = "its bytes do not have the checksum that the directory has for them";
            self.report(
                place,
                Report::new("zip.checksum", Severity::Warning, message).at(member.local_offset),
            );
        }
    }

    /// The bytes of a member, whatever flags, sizes and checksums say about them: lenient loaders ignore those.
    fn content<'a>(&mut self, source: &'a dyn ReadAt, member: &Member) -> Content<'a> {
        let outside = || Content::Refused("lies outside of the file".to_owned());
        let Some(section) = Section::new(source, member.data.clone()) else { return outside() };
        match member.method {
            STORED => Content::Stored(section),
            DEFLATE => self.inflate(section),
            BZIP2 => {
                let mut bytes = Vec::new();
                let result = compress::expand_into(Compression::Bzip2, &section, self.room(), &mut bytes);
                self.charge(bytes.len() as u64);
                if bytes.is_empty() && result.is_err() {
                    return Content::Refused("could not be expanded".to_owned());
                }
                Content::Expanded(bytes)
            }
            // WinZip's encryption hides the method.
            _ if member.encrypted => Content::Refused("is encrypted".to_owned()),
            method => Content::Refused(format!("is compressed with method {method}, which is not read")),
        }
    }

    fn inflate<'a>(&mut self, section: Section<'a>) -> Content<'a> {
        let mut bytes = Vec::new();
        let room = self.room();
        let mut decoder = DeflateDecoder::new(BufReader::new(section.reader()));
        let result = (&mut decoder).take(room.saturating_add(1)).read_to_end(&mut bytes);
        self.charge(bytes.len() as u64);
        if bytes.len() as u64 > room {
            return Content::Refused(format!("expands to more than {room} bytes"));
        }
        // What came out before an error is what a loader gets.
        match result {
            Err(error) if bytes.is_empty() => Content::Refused(format!("could not be expanded: {error}")),
            _ => Content::Expanded(bytes),
        }
    }

    /// A member without a directory: its local header stands at the start of `source`. Returns where it ends.
    pub(super) fn record(&mut self, source: &dyn ReadAt, place: &Place) -> Option<u64> {
        const HEADER: u64 = 30;
        if place.depth > DEPTH {
            return None;
        }
        let header = source.read_range(0, HEADER as usize).ok()?;
        let number = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
        let size = u32::from_le_bytes(header[18..22].try_into().ok()?);
        let start = HEADER + number(26) + number(28);
        // Writers that stream have the size after the data: the data ends where the next record begins, or later.
        let end = match u64::from(size) {
            0 | 0xffff_ffff => source.size(),
            size => start.checked_add(size)?.min(source.size()),
        };
        let section = Section::new(source, start..end)?;
        let inside = |source: &dyn ReadAt| {
            let head = sniff::head(source).unwrap_or_default();
            !matches!(sniff::kind(source, &head), sniff::Kind::Other | sniff::Kind::Empty)
        };
        match number(8) as u16 {
            DEFLATE => {
                if let Content::Expanded(bytes) = self.inflate(section) {
                    self.inspect(&bytes, &Place { searched: false, ..place.clone() });
                }
            }
            _ if inside(&section) => {
                // Without a size, what follows the member is no trailing data of it.
                let place = if end == source.size() { place.clone() } else { place.inside("data") };
                self.inspect_beginning(&section, &place);
            }
            _ => {}
        }
        Some(start)
    }

    /// Inspects what begins here and may end anywhere.
    fn inspect_beginning(&mut self, source: &dyn ReadAt, place: &Place) {
        if source.read_range(0, 1).is_ok_and(|head| head[0] == 0x80) {
            let run = crate::pickle::run(source, 0..source.size());
            self.judge(place, &run.pickle);
            self.nested(source, place, &run.pickle);
        } else {
            self.inspect(source, place);
        }
    }
}

/// Whether an archive ends at this byte: nothing but its end record stands before it.
fn ends_as_archive(source: &dyn ReadAt, end: u64) -> bool {
    Section::new(source, 0..end).is_some_and(|section| sniff::ends_as_archive(&section))
}

/// The first bytes of a member.
fn peek(source: &dyn ReadAt, member: &Member) -> Vec<u8> {
    let Some(section) = Section::new(source, member.data.clone()) else { return Vec::new() };
    if member.method != DEFLATE {
        return section.read_range(0, section.size().min(PEEKED) as usize).unwrap_or_default();
    }
    let mut head = Vec::new();
    // What came out before an error is enough to see what it is.
    let _ = DeflateDecoder::new(BufReader::new(section.reader())).take(PEEKED).read_to_end(&mut head);
    head
}
