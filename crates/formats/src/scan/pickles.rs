//! Pickles, one after the other, and what follows them.

use reproof_digest::ReadAt;

use super::carve;
use super::finding::Tally;
use super::place::Place;
use super::secrets;
use super::session::{Report, Session};
use crate::Severity;
use crate::checkpoint::from_pickle::Reference;
use crate::pickle::{self, Pickle, PickleError, Text, Value};
use crate::section::Section;

/// Bytes that are read at once from a pickle.
const WINDOW: u64 = 64 << 10;
/// Bytes of a long text that are searched for secrets.
const LONG_TEXT: u64 = 1 << 20;

impl Session {
    /// Inspects a source that begins with a pickle.
    pub(super) fn pickles(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let size = source.size();
        let (mut at, mut count, mut tally) = (0, 0_u64, Tally::default());
        let mut legacy = false;
        loop {
            // Each pickle is read through a window of its own.
            if !self.may_look((size - at).min(WINDOW)) {
                return tally.plus(self.too_much(place, size - at));
            }
            let run = pickle::run(source, at..size);
            let end = run.pickle.range().end.max(at);
            tally = tally.plus(self.pickle(source, place, &run.pickle));
            if let Some(error) = run.error {
                return tally.plus(self.broken(source, place, &error, end));
            }
            legacy |= count == 0 && super::legacy::is_magic(&run.pickle);
            (at, count) = (end, count + 1);
            if at == size {
                return tally;
            }
            if legacy && count == super::legacy::PICKLES {
                return tally.plus(self.legacy_storages(source, place, at, &run.pickle));
            }
            if !follows(source, at) {
                return tally.plus(self.trailing(source, place, at));
            }
            if count == 1 && !legacy {
                let message = "several pickles follow each other; some loaders read more than the first";
                self.report(place, Report::new("pickle.several", Severity::Info, message).at(at));
            }
        }
    }

    /// Judges one pickle, and counts its bytes.
    fn pickle(&mut self, source: &dyn ReadAt, place: &Place, pickle: &Pickle) -> Tally {
        let length = pickle.range().end.saturating_sub(pickle.range().start);
        self.judge(place, pickle);
        self.nested(source, place, pickle);
        let mut arrays = 0_u64;
        for (id, value) in pickle.iter() {
            match value {
                Value::Text(Text::Inline(text)) => self.text_of(place, text.as_bytes(), pickle.offset(id)),
                Value::Text(Text::Stored(range)) => {
                    let length = (range.end - range.start).min(LONG_TEXT) as usize;
                    if let Ok(text) = source.read_range(range.start, length) {
                        self.text_of(place, &text, range.start);
                    }
                }
                Value::Array(array) => arrays = arrays.saturating_add(array.data.end - array.data.start),
                Value::Persistent(name) => self.references.extend(Reference::of(pickle, *name)),
                _ => {}
            }
        }
        Tally { inspected: length.saturating_sub(arrays), tensors: arrays.min(length), unread: 0 }
    }

    /// A pickle that ends before its end: a loader has run what came before.
    fn broken(&mut self, source: &dyn ReadAt, place: &Place, error: &PickleError, at: u64) -> Tally {
        let rest = source.size() - at;
        let message = format!("the pickle is not sound, and a loader runs it up to there: {error}");
        let report = Report::new("pickle.malformed", Severity::Warning, message);
        self.report(place, report.at(error.offset().unwrap_or(at)));
        let at_limit = matches!(error, PickleError::Limit { .. } | PickleError::Io(_));
        let carved = self.carve(source, at..source.size(), &place.hidden());
        if at_limit { self.unread(place, rest, "the pickle is larger than any that is read") } else { carved }
    }

    /// Bytes after the last pickle.
    fn trailing(&mut self, source: &dyn ReadAt, place: &Place, at: u64) -> Tally {
        let length = source.size() - at;
        if is_zero(source, at) {
            return Tally::inspected(length);
        }
        let message = format!("{length} bytes follow the pickle");
        self.report(place, Report::new("pickle.trailing", Severity::Warning, message).at(at));
        self.carve(source, at..source.size(), place)
    }

    /// Looks at a text of a pickle.
    fn text_of(&mut self, place: &Place, text: &[u8], offset: u64) {
        self.secrets(place, text, offset);
        self.encoded(place, text, offset);
    }

    /// Searches a text for secrets and personal data.
    pub(super) fn secrets(&mut self, place: &Place, text: &[u8], offset: u64) {
        for hit in secrets::find(text) {
            let severity = if hit.kind.is_secret() { Severity::Warning } else { Severity::Info };
            let report = Report::new(hit.kind.id(), severity, hit.message());
            self.report(place, report.at(offset + hit.offset as u64));
        }
    }
}

/// Whether another pickle starts at this byte.
fn follows(source: &dyn ReadAt, at: u64) -> bool {
    let head = source.read_range(at, 2.min(source.size() - at) as usize).unwrap_or_default();
    if matches!(head[..], [0x80, 0..=5]) {
        return true;
    }
    Section::new(source, at..source.size()).is_some_and(|rest| carve::runs_at(&rest, 0))
}

/// Whether nothing but zeros follows.
fn is_zero(source: &dyn ReadAt, from: u64) -> bool {
    const PIECE: u64 = 1 << 18;
    let mut at = from;
    while at < source.size() {
        let length = PIECE.min(source.size() - at);
        match source.read_range(at, length as usize) {
            Ok(bytes) if bytes.iter().all(|byte| *byte == 0) => at += length,
            _ => return false,
        }
    }
    true
}
