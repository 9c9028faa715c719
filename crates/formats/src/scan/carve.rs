//! Searching bytes that no reader understands for pickles and archives.

use std::ops::Range;

use reproof_digest::ReadAt;

use super::finding::Tally;
use super::place::{DEPTH, Place};
use super::policy::{self, Standing};
use super::session::{Report, Session};
use crate::Severity;
use crate::pickle::{self, Pickle, Value};
use crate::section::Section;

/// Bytes that are searched at one place.
const SEARCHED: u64 = 64 << 20;
/// Bytes that a pickle is tried with: a payload is short, and random bytes must not cost much.
const TRIED: u64 = 1 << 14;
/// Bytes that are searched at once.
const PIECE: u64 = 1 << 20;
/// Bytes that a payload is followed through, where it hides behind padding.
const PADDED: u64 = 16 << 20;
/// What a try costs of the work that one file is worth.
const COST: u64 = 1 << 16;
/// The longest module or name that text opcodes are looked for with.
const LONGEST: usize = 64;
/// An opcode with two lines.
const LINES: u64 = 2 * (LONGEST as u64 + 1);
/// Bytes that two pieces share, so that nothing hides between them.
const SHARED: u64 = 256;

impl Session {
    /// Searches a range in which nothing should be; what is found is reported as if it were loaded.
    pub(super) fn carve(&mut self, source: &dyn ReadAt, range: Range<u64>, place: &Place) -> Tally {
        self.search(source, range, place, true)
    }

    /// Searches a range; pickles are judged, and where they are `unexpected` that is a finding too.
    pub(super) fn search(
        &mut self,
        source: &dyn ReadAt,
        range: Range<u64>,
        place: &Place,
        unexpected: bool,
    ) -> Tally {
        if place.searched {
            return Tally::inspected(range.end.saturating_sub(range.start));
        }
        let end = range.end.min(range.start.saturating_add(SEARCHED));
        let mut start = range.start;
        // What was found already, so that nothing is found twice.
        let mut done = range.start;
        while start < end {
            let length = PIECE.min(end - start);
            if !self.may_look(length) {
                return self.too_much(place, range.end - start);
            }
            let Ok(bytes) = source.read_range(start, length as usize) else {
                return self.unread(place, range.end - start, "could not be read");
            };
            for at in candidates(&bytes) {
                let at = start + at as u64;
                if at >= done {
                    done = self.candidate(source, at..range.end, place, unexpected).unwrap_or(done);
                }
            }
            if start + length >= end {
                break;
            }
            start += length - SHARED.min(length / 2);
        }
        let searched = Tally::inspected(end.saturating_sub(range.start));
        if end < range.end {
            return searched.plus(self.unread(place, range.end - end, "only its beginning was searched"));
        }
        searched
    }

    /// Looks at one place; returns where what is found there ends.
    fn candidate(
        &mut self,
        source: &dyn ReadAt,
        range: Range<u64>,
        place: &Place,
        unexpected: bool,
    ) -> Option<u64> {
        let length = range.end - range.start;
        if !self.may_look(0) {
            self.too_much(place, length);
            return Some(range.end);
        }
        let section = Section::new(source, range.clone())?;
        let head = section.read_range(0, LINES.min(length) as usize).ok()?;
        if head.starts_with(b"PK\x03\x04") {
            return self
                .record(&section, &place.found().inside(&format!("byte {}", range.start)))
                .map(|end| range.start + end);
        }
        if head.first() != Some(&0x80) && !names_a_global(&head[1..]) {
            return None;
        }
        // A try reads through a window and may run many opcodes, however little comes of it.
        let runs = match self.may_look(COST).then(|| trial(&section, 0)) {
            Some(Trial::Runs) => true,
            // Running costs more than reading.
            Some(Trial::Longer) if self.may_look(8 * length.min(PADDED)) => {
                Section::new(source, range.start..range.start + length.min(PADDED))
                    .is_some_and(|longer| whole_runs(&longer, 0))
            }
            _ => false,
        };
        if !runs {
            return None;
        }
        let run = pickle::run(source, range.clone());
        if unexpected {
            let message = "a pickle where none should be";
            self.report(place, Report::new("pickle.hidden", Severity::Warning, message).at(range.start));
        }
        self.judge(place, &run.pickle);
        if place.depth < DEPTH {
            self.nested(source, place, &run.pickle);
        }
        Some(run.pickle.range().end)
    }
}

/// What comes of running the first bytes of what may be a pickle.
enum Trial {
    /// It would call something, or is whole and would import something.
    Runs,
    /// It goes on beyond what was tried.
    Longer,
    /// It only begins like a pickle.
    Nothing,
}

/// Whether bytes are a pickle that would call something, or a whole one that would import something: what only begins
/// like one does neither.
pub(super) fn runs_at(source: &dyn ReadAt, at: u64) -> bool {
    match trial(source, at) {
        Trial::Runs => true,
        Trial::Longer => whole_runs(source, at),
        Trial::Nothing => false,
    }
}

/// Whether bytes are a pickle that would run, or one that ends with them: what it holds may run.
pub(super) fn is_pickle(source: &dyn ReadAt) -> bool {
    let head = source.read_range(0, 2.min(source.size()) as usize).unwrap_or_default();
    runs_at(source, 0)
        || matches!(head[..], [0x80, 2..=5]) && {
            let run = pickle::run(source, 0..source.size());
            run.error.is_none() && run.pickle.range().end == source.size()
        }
}

/// Random bytes fail at once, so that a short try comes first.
fn trial(source: &dyn ReadAt, at: u64) -> Trial {
    const OPCODES: &[u8] = b"(cIFLNSTUVX]})lJKMGiPC";
    let Ok(head) = source.read_range(at, 2.min(source.size().saturating_sub(at)) as usize) else {
        return Trial::Nothing;
    };
    let declared = matches!(head[..], [0x80, 0..=5]);
    if !declared && !head.first().is_some_and(|first| OPCODES.contains(first)) {
        return Trial::Nothing;
    }
    let run = pickle::run(source, at..source.size().min(at + TRIED));
    if calls(&run.pickle) {
        return Trial::Runs;
    }
    let is_whole = run.pickle.range().end == source.size();
    let runs = match run.error {
        None if declared => imports(&run.pickle),
        None => (imports(&run.pickle) || is_whole) && !is_prose(&run.pickle),
        Some(pickle::PickleError::Truncated { .. }) if at + TRIED < source.size() => return Trial::Longer,
        Some(_) => false,
    };
    if runs { Trial::Runs } else { Trial::Nothing }
}

/// The same for all of the bytes.
fn whole_runs(source: &dyn ReadAt, at: u64) -> bool {
    let run = pickle::run(source, at..source.size());
    calls(&run.pickle) || run.error.is_none() && imports(&run.pickle)
}

/// Whether a source without a signature begins with pickles, of which some run something or the last one ends with it.
pub(super) fn begins(source: &dyn ReadAt) -> bool {
    const FIRST: usize = 16;
    let mut at = 0;
    for _ in 0..FIRST {
        if runs_at(source, at) {
            return true;
        }
        let run = pickle::run(source, at..source.size().min(at + TRIED));
        let end = run.pickle.range().end;
        // Short ones are words and numbers of a text.
        if run.error.is_some() || end < at + 4 || end == source.size() {
            return false;
        }
        at = end;
    }
    false
}

/// Whether something with the name of a Python object would be called.
fn calls(pickle: &Pickle) -> bool {
    pickle.iter().any(|(_, value)| match value {
        Value::Object(object) => pickle.global(object.callable).is_some_and(|(module, name)| {
            let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
            plain(module) && plain(name) && module.len() < 200 && name.len() < 200
        }),
        _ => false,
    })
}

fn imports(pickle: &Pickle) -> bool {
    pickle.iter().any(|(_, value)| matches!(value, Value::Global { .. }))
}

/// Whether a pickle of text opcodes is too little to be one: a number on a line, a dot after a word.
fn is_prose(pickle: &Pickle) -> bool {
    let known = |module: &str, name: &str| !matches!(policy::standing(module, name), Standing::Unlisted);
    let globals = pickle.iter().filter_map(|(id, _)| pickle.global(id));
    let mut any = false;
    for (module, name) in globals {
        any = true;
        if known(module, name) {
            return false;
        }
    }
    any || pickle.range().end - pickle.range().start < 4
}

/// Places at which a pickle or an archive may begin.
fn candidates(bytes: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    for (at, pair) in bytes.windows(2).enumerate() {
        match pair {
            [0x80, 2..=5] => places.push(at),
            [b'P', b'K'] if bytes[at..].starts_with(b"PK\x03\x04") => places.push(at),
            _ => {}
        }
    }
    // Text opcodes have lines: a name, and before that a module with its opcode.
    for line in bytes.windows(2).enumerate().filter(|(_, pair)| pair[0] == b'\n' && is_name(pair[1])) {
        let end = line.0;
        let length = bytes[..end].iter().rev().take(LONGEST).take_while(|byte| is_name(**byte)).count();
        let run = &bytes[end - length..end];
        let opcodes = run.iter().enumerate().filter(|(_, byte)| matches!(byte, b'c' | b'i'));
        places.extend(opcodes.map(|(index, _)| end - length + index));
    }
    places.sort_unstable();
    places
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.')
}

/// Whether two lines follow that name something of a module worth a try.
fn names_a_global(bytes: &[u8]) -> bool {
    let line = |bytes: &[u8]| {
        let end = bytes.iter().take(LONGEST).position(|byte| !is_name(*byte))?;
        (end > 0 && bytes[end] == b'\n').then_some(end)
    };
    let Some(module) = line(bytes) else { return false };
    let Some(name) = line(&bytes[module + 1..]) else { return false };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (module, name) = (text(&bytes[..module]), text(&bytes[module + 1..][..name]));
    matches!(policy::standing(&module, &name), Standing::Dangerous(_))
}
