//! Texts: settings, notes, scripts.

use reproof_digest::ReadAt;

use super::finding::Tally;
use super::place::Place;
use super::session::{Report, Session};
use super::{json, source_code, template};
use crate::Severity;

/// Bytes of a text that is read.
const LONGEST: u64 = 64 << 20;
/// Bytes of settings that are read as JSON; longer ones are vocabularies.
const JSON: usize = 16 << 20;

impl Session {
    /// Inspects a text, or finds that it is none.
    pub(super) fn text(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let size = source.size();
        if size > LONGEST {
            return self.opaque(source, place, None);
        }
        if !self.may_look(size) {
            return self.too_much(place, size);
        }
        let Ok(bytes) = source.read_range(0, size as usize) else {
            return self.unread(place, size, "could not be read");
        };
        let Some(text) = decoded(&bytes) else { return self.opaque(source, place, None) };
        self.secrets(place, text.as_bytes(), 0);
        if text.starts_with("version https://git-lfs.github.com/") {
            let message = "a pointer of Git LFS; the file itself is not here";
            self.report(place, Report::new("file.pointer", Severity::Info, message));
            return self.unread(place, size, message);
        }
        let first = text.trim_start().chars().next();
        if matches!(first, Some('{' | '[')) && text.len() <= JSON {
            let notes = json::inspect(&text);
            for report in notes {
                self.report(place, report);
            }
        }
        if let Some(what) = template::suspicion(&text)
            && (place.extension() == "jinja" || text.trim_start().starts_with("{%"))
        {
            let message = format!("a template uses `{what}`, which leads out of the template");
            let report = Report::new("template.escape", Severity::Dangerous, message);
            self.report(place, report.would("run code through a template"));
        }
        if let Some(at) = text.find("!!python/") {
            let message = "a YAML tag makes Python objects when it is loaded without care";
            let report = Report::new("yaml.python", Severity::Dangerous, message);
            self.report(place, report.would("make a Python object from YAML").at(at as u64));
        }
        for report in source_code::inspect(&text, &place.file_name(), place.scripted) {
            self.report(place, report);
        }
        Tally::inspected(size)
    }
}

/// The text that bytes are, without much that is not text.
fn decoded(bytes: &[u8]) -> Option<String> {
    let wide = match bytes {
        [0xff, 0xfe, rest @ ..] => Some((rest, false)),
        [0xfe, 0xff, rest @ ..] => Some((rest, true)),
        _ => None,
    };
    if let Some((rest, big_endian)) = wide {
        let units: Vec<u16> = rest
            .chunks_exact(2)
            .map(|pair| {
                if big_endian {
                    u16::from_be_bytes([pair[0], pair[1]])
                } else {
                    u16::from_le_bytes([pair[0], pair[1]])
                }
            })
            .collect();
        return String::from_utf16(&units).ok();
    }
    let text = if let Ok(text) = std::str::from_utf8(bytes) {
        text.to_owned()
    } else {
        // Old notes may be in another encoding; a byte in twenty is no binary file.
        let odd = bytes.iter().filter(|byte| !byte.is_ascii()).count();
        if odd * 20 > bytes.len() {
            return None;
        }
        bytes.iter().map(|byte| char::from(*byte)).collect()
    };
    let control = text.bytes().filter(|byte| *byte < 32 && !b"\t\n\r\x0c\x1b".contains(byte)).count();
    (control == 0).then_some(text)
}
