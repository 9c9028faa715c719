//! Files that are compressed as a whole.

use reproof_digest::ReadAt;

use super::finding::Tally;
use super::place::Place;
use super::session::{Report, Session};
use crate::Severity;
use crate::compress::{self, CompressError, Compression};

impl Session {
    /// Expands a source and inspects what comes out, also of one that is damaged: some loaders check nothing.
    pub(super) fn compressed(
        &mut self,
        source: &dyn ReadAt,
        place: &Place,
        compression: Compression,
    ) -> Tally {
        let size = source.size();
        let mut bytes = Vec::new();
        let result = compress::expand_into(compression, source, self.room(), &mut bytes);
        self.charge(bytes.len() as u64);
        let guess = matches!(compression, Compression::Zlib | Compression::Lzma);
        if guess && result.is_err() && bytes.is_empty() {
            // Two bytes say little: it was something else.
            return self.other(source, place);
        }
        let inner = place.inside(compression.as_str());
        let tally = self.inspect(&bytes, &inner).scaled(size);
        match result {
            Ok(0) => tally,
            Ok(trailing) => {
                let message = format!("{trailing} bytes follow the compressed data");
                let at = size.saturating_sub(trailing);
                self.report(place, Report::new("compressed.trailing", Severity::Warning, message).at(at));
                self.carve(source, at..size, &place.hidden());
                tally
            }
            Err(error @ CompressError::Unsupported { .. }) => self.unread(place, size, error.to_string()),
            Err(error @ CompressError::TooLarge { .. }) => {
                self.report(place, Report::new("compressed.large", Severity::Warning, error.to_string()));
                self.unread(place, size, error.to_string())
            }
            Err(error) => {
                let message = format!("the compressed data is not sound: {error}");
                self.report(place, Report::new("compressed.malformed", Severity::Warning, message));
                // What came out was inspected, and more a loader does not get.
                if bytes.is_empty() { self.unread(place, size, "could not be expanded") } else { tally }
            }
        }
    }
}
