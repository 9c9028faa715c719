//! Tar archives.

use reproof_digest::ReadAt;

use super::finding::Tally;
use super::place::Place;
use super::session::{Report, Session};
use crate::Severity;
use crate::section::Section;
use crate::tar;

impl Session {
    /// Inspects the members of a tar archive, as files and as the tables of the first versions of torch.
    pub(super) fn tar(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let size = source.size();
        let members = match tar::members(source) {
            Ok(members) => members,
            Err(error) => {
                let message = format!("the tar archive is not sound: {error}");
                self.report(place, Report::new("tar.malformed", Severity::Warning, message));
                self.carve(source, 0..size, place);
                return self.unread(place, size, "a tar archive that is not sound");
            }
        };
        let mut tally = Tally::default();
        for member in &members {
            let inner = place.inside(&member.name);
            if matches!(member.kind, b'1' | b'2') {
                let message = "a link in a tar archive may lead anywhere when it is unpacked";
                self.report(&inner, Report::new("tar.link", Severity::Warning, message));
            }
            if member.name.starts_with('/') || member.name.split(['/', '\\']).any(|part| part == "..") {
                let message = "its name leads out of the folder that the archive is unpacked to";
                self.report(&inner, Report::new("tar.path", Severity::Warning, message));
            }
            if let Some(section) = Section::new(source, member.data.clone()) {
                // Tables of the first versions: pickles with raw numbers in between, all of which are searched.
                let table = matches!(member.name.trim_start_matches("./"), "storages" | "tensors");
                let told = if table {
                    self.search(&section, 0..section.size(), &inner, false)
                } else {
                    self.inspect(&section, &inner)
                };
                tally = tally.plus(told);
            }
        }
        Tally { inspected: tally.inspected + size.saturating_sub(tally.total()), ..tally }
    }
}
