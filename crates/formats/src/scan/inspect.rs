//! Choosing the reader.

use reproof_digest::ReadAt;

use super::carve;
use super::finding::Tally;
use super::place::{DEPTH, Place};
use super::session::{Report, Session};
use super::sniff::{self, Kind};
use crate::Severity;

impl Session {
    /// Inspects a source as what it is, and says how much of it.
    pub(super) fn inspect(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let size = source.size();
        if place.depth > DEPTH {
            let message = format!("more than {DEPTH} files in each other; what is inside was not read");
            self.report(place, Report::new("scan.depth", Severity::Warning, message));
            return self.unread(place, size, "too many files in each other");
        }
        if !self.may_look(0) {
            return self.too_much(place, size);
        }
        let head = match sniff::head(source) {
            Ok(head) => head,
            Err(error) => return self.unread(place, size, format!("could not be read: {error}")),
        };
        let kind = sniff::kind(source, &head);
        let tally = match kind {
            Kind::Empty => Tally::default(),
            Kind::Zip => return self.archive(source, place),
            Kind::Pickle => self.pickles(source, place),
            Kind::Npy => self.array(source, place),
            Kind::Safetensors | Kind::Gguf => self.weights(source, place),
            Kind::Tar => self.tar(source, place),
            Kind::Compressed(compression) => self.compressed(source, place, compression),
            Kind::Executable(what) => {
                self.executable(place, what);
                Tally::inspected(size)
            }
            Kind::Protobuf => self.protobuf(source, place),
            Kind::Media(what) => {
                let report =
                    Report::new("file.media", Severity::Info, format!("{what}, which models do not load"));
                self.report(place, report);
                Tally::inspected(size)
            }
            Kind::Unread(what) => self.opaque(source, place, Some(what)),
            Kind::Other => self.other(source, place),
        };
        // Some loaders look for an archive at the end of a file, whatever it begins with.
        if sniff::ends_as_archive(source) && !matches!(kind, Kind::Safetensors | Kind::Gguf) {
            let message = "a zip archive follows something else: loaders disagree about what the file is";
            self.report(place, Report::new("zip.hidden", Severity::Warning, message));
            return self.archive(source, place);
        }
        tally
    }

    /// Inspects what has no signature: a pickle of text opcodes, or a text.
    pub(super) fn other(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        if carve::begins(source) { self.pickles(source, place) } else { self.text(source, place) }
    }
}
