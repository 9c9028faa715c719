//! NumPy arrays.

use reproof_digest::ReadAt;

use super::finding::Tally;
use super::place::Place;
use super::session::{Report, Session};
use crate::Severity;
use crate::npy;
use crate::section::Section;

impl Session {
    /// Inspects an array: its header, and the pickle that an array of objects is.
    pub(super) fn array(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let size = source.size();
        let content = npy::content(source, "");
        let start = npy::data_offset(source).unwrap_or(size).min(size);
        match content {
            Ok(npy::Content::Tensor(tensor)) => {
                let length = match &tensor.storage {
                    crate::Storage::Range { length, .. } => *length,
                    _ => reproof_tensor::byte_length(tensor.dtype, &tensor.shape).unwrap_or(size),
                };
                let end = start.saturating_add(length).min(size);
                let tally = Tally { inspected: start, tensors: end - start, unread: 0 };
                if end < size {
                    let message = format!("{} bytes follow the array", size - end);
                    self.report(place, Report::new("npy.trailing", Severity::Warning, message).at(end));
                    return tally.plus(self.carve(source, end..size, place));
                }
                tally
            }
            Ok(npy::Content::Objects(start)) => {
                let message = "an array of Python objects, which NumPy unpickles if it is allowed to";
                self.report(place, Report::new("npy.objects", Severity::Info, message).at(start));
                let Some(section) = Section::new(source, start.min(size)..size) else {
                    return Tally::default();
                };
                Tally::inspected(start.min(size)).plus(self.pickles(&section, &place.inside("objects")))
            }
            Err(error) => {
                let message = format!("the array is not sound: {error}");
                self.report(place, Report::new("npy.malformed", Severity::Warning, message));
                self.carve(source, 0..size, place);
                self.unread(place, size, "an array that is not sound")
            }
        }
    }
}
