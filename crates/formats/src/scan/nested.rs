//! Pickles and archives in the byte strings of pickles.

use std::collections::HashSet;

use reproof_digest::ReadAt;

use super::carve;
use super::place::{DEPTH, Place};
use super::policy;
use super::record::{self, Bytes};
use super::session::{Report, Session};
use super::sniff;
use crate::Severity;
use crate::pickle::{Id, Pickle, Value};
use crate::section::Section;

impl Session {
    /// Looks into every byte string of a pickle.
    pub(super) fn nested(&mut self, source: &dyn ReadAt, place: &Place, pickle: &Pickle) {
        // What is unpickled is looked at there, once: twice at each level would be exponential.
        let unpickled = |value: &Value| match value {
            Value::Object(object) => {
                let (module, name) = pickle.global(object.callable)?;
                policy::unpickles(module, name).then(|| pickle.arguments(object)?.first().copied())?
            }
            _ => None,
        };
        let arguments: HashSet<Id> = pickle.iter().filter_map(|(_, value)| unpickled(value)).collect();
        for (id, value) in pickle.iter() {
            let (bytes, unpickled) = match value {
                _ if arguments.contains(&id) => continue,
                Value::Bytes(_) => (record::bytes_of(pickle, id), false),
                Value::Object(object) => match pickle.global(object.callable) {
                    Some(("_codecs", "encode")) => (record::bytes_of(pickle, id), false),
                    Some((module, name)) if policy::unpickles(module, name) => {
                        let argument =
                            pickle.arguments(object).and_then(|arguments| arguments.first().copied());
                        (argument.and_then(|argument| record::bytes_of(pickle, argument)), true)
                    }
                    _ => continue,
                },
                _ => continue,
            };
            let inner = place.inside(&format!("byte {}", pickle.offset(id)));
            match bytes.and_then(|bytes| bytes.decoded(source)) {
                Some(Bytes::Here(bytes)) => self.nested_bytes(&bytes, &inner, unpickled),
                Some(Bytes::Stored(range)) => {
                    if let Some(section) = Section::new(source, range) {
                        self.nested_bytes(&section, &inner, unpickled);
                    }
                }
                None if unpickled => {
                    let report = Report::new(
                        "pickle.nested",
                        Severity::Dangerous,
                        "unpickles bytes that only loading would show",
                    );
                    let report = report.would("unpickle bytes").at(pickle.offset(id));
                    self.report(place, report);
                }
                Some(Bytes::Latin(_)) | None => {}
            }
        }
    }

    fn nested_bytes(&mut self, bytes: &dyn ReadAt, place: &Place, unpickled: bool) {
        if place.depth > DEPTH {
            let message = format!("more than {DEPTH} files in each other; what is inside was not read");
            self.report(place, Report::new("scan.depth", Severity::Warning, message));
            self.unread(place, bytes.size(), "too many files in each other");
        } else if unpickled || sniff::is_nested(bytes) {
            self.inspect(bytes, place);
        } else if carve::is_pickle(bytes) {
            self.pickles(bytes, place);
        }
    }
}
