//! Bytes that no reader here understands.

use reproof_digest::ReadAt;

use super::finding::Tally;
use super::place::Place;
use super::session::{Report, Session};
use crate::Severity;

/// Bytes of an unknown file that are searched for operators and texts.
const SEARCHED: u64 = 16 << 20;

/// Operators of TensorFlow graphs that run Python or touch files, as a node of a graph spells them: field 2, length,
/// name.
const OPERATORS: &[(&[u8], Severity)] = &[
    (b"\x12\x06PyFunc", Severity::Dangerous),
    (b"\x12\x0bEagerPyFunc", Severity::Dangerous),
    (b"\x12\x0fPyFuncStateless", Severity::Dangerous),
    (b"\x12\x08ReadFile", Severity::Dangerous),
    (b"\x12\x09WriteFile", Severity::Dangerous),
    (b"\x12\x0dMatchingFiles", Severity::Warning),
    (b"\x12\x10DebugIdentityV2", Severity::Warning),
    (b"\x12\x0aPrintV2", Severity::Info),
];

/// What tells of code in a Keras model that is stored as HDF5.
const LAMBDA: &[&[u8]] = &[b"\"class_name\": \"Lambda\"", b"\"class_name\":\"Lambda\""];

impl Session {
    /// Searches bytes for pickles, archives, operators and secrets, and counts them as not read.
    pub(super) fn opaque(&mut self, source: &dyn ReadAt, place: &Place, what: Option<&'static str>) -> Tally {
        let size = source.size();
        if !self.may_look(size.min(SEARCHED)) {
            return self.too_much(place, size);
        }
        self.carve(source, 0..size.min(SEARCHED), place);
        if let Ok(bytes) = source.read_range(0, size.min(SEARCHED) as usize) {
            for (operator, severity) in OPERATORS {
                if let Some(at) = find(&bytes, operator) {
                    let name = String::from_utf8_lossy(&operator[2..]).into_owned();
                    let message = format!("the TensorFlow operator `{name}` reaches outside of the graph");
                    let report = Report::new("tensorflow.operator", *severity, message);
                    self.report(place, report.would(format!("run {name}")).at(at as u64));
                }
            }
            if let Some(at) = LAMBDA.iter().find_map(|text| find(&bytes, text)) {
                let message = "a Lambda layer of Keras holds compiled Python code";
                let report = Report::new("keras.lambda", Severity::Dangerous, message);
                self.report(place, report.would("run the code of a Lambda layer").at(at as u64));
            }
            self.secrets(place, &bytes, 0);
        }
        let reason = match what {
            Some(what) => format!("{what} is not read by this version"),
            None => "its format is not known".to_owned(),
        };
        self.unread(place, size, reason)
    }
}

/// Where a text stands in bytes.
pub(super) fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    let (first, _) = text.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes.get(from..)?.iter().position(|byte| byte == first) {
        if bytes[from + at..].starts_with(text) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}
