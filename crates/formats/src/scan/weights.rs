//! Files of typed tensors: safetensors, GGUF, ONNX.

use std::path::Path;

use reproof_digest::ReadAt;
use reproof_digest::layout::SegmentKind;

use super::finding::Tally;
use super::place::Place;
use super::session::{Report, Session};
use super::{opaque, template};
use crate::{FormatError, Severity, gguf, onnx, safetensors};

/// Bytes of a header that are searched at once.
const SEARCHED: u64 = 64 << 20;

/// The key of a template of conversations in GGUF, which language model runtimes execute as Jinja.
const TEMPLATE: &[u8] = b"tokenizer.chat_template";

impl Session {
    /// Inspects a file whose header says where each tensor is: everything else is searched as text.
    pub(super) fn weights(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let size = source.size();
        let path = Path::new(&place.member);
        let is_gguf = source.read_range(0, 4.min(size) as usize).is_ok_and(|head| head == gguf::MAGIC);
        let described =
            if is_gguf { gguf::describe(source, path) } else { safetensors::describe(source, path) };
        let description = match described {
            Ok(description) => description,
            Err(error) => return self.unsound(source, place, &error),
        };
        let mut tally = Tally::default();
        for segment in description.files.iter().flat_map(|file| file.layout.segments()) {
            if segment.kind == SegmentKind::Blob {
                tally = tally.plus(Tally::tensors(segment.length));
                continue;
            }
            tally = tally.plus(self.header(source, place, segment.offset, segment.length, is_gguf));
        }
        tally
    }

    fn header(
        &mut self,
        source: &dyn ReadAt,
        place: &Place,
        offset: u64,
        length: u64,
        is_gguf: bool,
    ) -> Tally {
        let searched = length.min(SEARCHED);
        if !self.may_look(searched) {
            return self.too_much(place, length);
        }
        let Ok(bytes) = source.read_range(offset, searched as usize) else {
            return self.unread(place, length, "could not be read");
        };
        self.secrets(place, &bytes, offset);
        // Some files have several templates, each under a longer key.
        let mut from = 0;
        while is_gguf && let Some(at) = opaque::find(&bytes[from..], TEMPLATE) {
            from += at + TEMPLATE.len();
            if let Some(text) = gguf_text(&bytes[from..]) {
                self.template(place, &text, offset + from as u64);
            }
        }
        let unread = length - searched;
        Tally::inspected(searched).plus(self.unread(
            place,
            unread,
            "only the beginning of the header was searched",
        ))
    }

    fn unsound(&mut self, source: &dyn ReadAt, place: &Place, error: &FormatError) -> Tally {
        let message = format!("the file is not sound: {}", error.problem());
        let report = Report::new("file.malformed", Severity::Warning, message);
        self.report(place, Report { offset: error.offset(), ..report });
        self.carve(source, 0..source.size().min(SEARCHED), place);
        self.unread(place, source.size(), "a file that is not sound")
    }

    /// Inspects what may be an ONNX model.
    pub(super) fn protobuf(&mut self, source: &dyn ReadAt, place: &Place) -> Tally {
        let Ok(inspection) = onnx::inspect(source, Path::new(&place.member)) else {
            return self.opaque(source, place, None);
        };
        for finding in inspection.findings {
            let report = Report::new("onnx.operator", finding.severity, finding.message);
            let would = if finding.severity > Severity::Info { "load a library of operators" } else { "" };
            self.report(place, Report { offset: finding.offset, ..report }.would(would));
        }
        for (tensor, location, problem) in inspection.external {
            let report = if let Some(problem) = problem {
                let message = format!("tensor `{tensor}` lies in another file: {problem}");
                let report = Report::new("onnx.external-path", Severity::Warning, message);
                report.would(format!("read {location}"))
            } else {
                if place.depth == 0 {
                    self.tensor_files.push(location.clone());
                }
                let message = format!("tensors lie in the file `{location}`");
                Report::new("onnx.external", Severity::Info, message)
            };
            self.report(place, report);
        }
        let mut tally = Tally::default();
        let mut at = 0;
        let size = source.size();
        for range in inspection.tensors.into_iter().chain(std::iter::once(size..size)) {
            if range.start > at {
                tally = tally.plus(self.header(source, place, at, range.start - at, false));
            }
            let start = range.start.max(at);
            tally = tally.plus(Tally::tensors(range.end.saturating_sub(start)));
            at = at.max(range.end);
        }
        tally
    }

    /// A template that a runtime executes.
    pub(super) fn template(&mut self, place: &Place, text: &str, offset: u64) {
        if let Some(what) = template::suspicion(text) {
            let message = format!("a chat template uses `{what}`, which leads out of the template");
            let report = Report::new("template.escape", Severity::Dangerous, message);
            self.report(place, report.would("run code through a template").at(offset));
        }
    }
}

/// A text of GGUF: its type, its length, its bytes; keys may go on before that.
fn gguf_text(bytes: &[u8]) -> Option<String> {
    const TEXT: u32 = 8;
    // Longer keys, such as `tokenizer.chat_template.tool_use`.
    let skipped = bytes.iter().take(64).take_while(|byte| byte.is_ascii_graphic()).count();
    let rest = bytes.get(skipped..)?;
    let kind = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
    let length = u64::from_le_bytes(rest.get(4..12)?.try_into().ok()?);
    let text = rest.get(12..)?.get(..usize::try_from(length).ok()?)?;
    (kind == TEXT).then(|| String::from_utf8_lossy(text).into_owned())
}
