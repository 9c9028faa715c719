//! Files of `torch.save` before version 1.6: five pickles, then the storages.

use std::collections::HashMap;

use reproof_digest::ReadAt;

use super::carve;
use super::finding::Tally;
use super::place::Place;
use super::session::{Report, Session};
use crate::Severity;
use crate::pickle::{Pickle, Value};
use crate::section::Section;

/// Pickles before the storages.
pub(super) const PICKLES: u64 = 5;

/// The number that the first pickle is.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Whether a pickle is the magic number.
pub(super) fn is_magic(pickle: &Pickle) -> bool {
    pickle.root().is_some_and(|root| matches!(pickle.get(root), Value::Long(bytes) if bytes[..] == MAGIC))
}

impl Session {
    /// Walks over the storages from byte `at` on, in the order in which the last pickle, `keys`, names them.
    pub(super) fn legacy_storages(
        &mut self,
        source: &dyn ReadAt,
        place: &Place,
        mut at: u64,
        keys: &Pickle,
    ) -> Tally {
        let size = source.size();
        let lengths: HashMap<String, u64> =
            self.references.iter().map(|reference| (reference.key.clone(), reference.length)).collect();
        let mut tally = Tally::default();
        for key in keys.root().and_then(|root| keys.sequence(root)).unwrap_or_default() {
            let length = keys.text(*key).and_then(|key| lengths.get(key).copied());
            let end = length.and_then(|length| at.checked_add(8)?.checked_add(length));
            let (Some(length), Some(end)) = (length, end.filter(|end| *end <= size)) else {
                let message = "a storage is not where the pickles say";
                self.report(place, Report::new("torch.storage", Severity::Warning, message).at(at));
                return tally.plus(self.carve(source, at..size, place));
            };
            if let Some(storage) = Section::new(source, at + 8..end)
                && carve::runs_at(&storage, 0)
            {
                self.pickles(&storage, &place.inside(&format!("byte {}", at + 8)).hidden());
            }
            tally = tally.plus(Tally { inspected: 8, tensors: length, unread: 0 });
            at = end;
        }
        if at < size {
            let message = format!("{} bytes follow the last storage", size - at);
            self.report(place, Report::new("pickle.trailing", Severity::Warning, message).at(at));
            tally = tally.plus(self.carve(source, at..size, place));
        }
        tally
    }
}
