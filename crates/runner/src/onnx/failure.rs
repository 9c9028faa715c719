//! What an error of tract says of the model and what it says of tract.

use tract_onnx::prelude::TractError;

use super::TRACT_VERSION;
use crate::engine::Failure;

/// The longest message that is passed on, in bytes.
const LONGEST: usize = 600;

/// Texts by which tract says, while it runs, that it lacks something; anything else is the input's fault.
const LACKS: [&str; 8] = [
    "not supported",
    "unsupported",
    "not implemented",
    "unimplemented",
    "Unknown DatumType",
    "is not a number",
    "SymbolScope",
    "Undetermined symbol",
];

/// An error before the first execution. tract refuses here what it cannot type or plan, which says nothing of the
/// model; what a model itself can have wrong is looked for before, by name.
pub(super) fn cannot_prepare(error: &TractError) -> Failure {
    unsupported(&format!("a way to prepare this graph: {}", chain(error)))
}

/// An error of an execution.
pub(super) fn cannot_run(error: &TractError) -> Failure {
    let message = chain(error);
    if LACKS.iter().any(|text| message.contains(text)) {
        return unsupported(&format!("a way to run this graph: {message}"));
    }
    Failure::Refused(message)
}

/// Something that tract lacks, with the way out.
pub(super) fn unsupported(what: &str) -> Failure {
    Failure::Unsupported {
        what: format!("tract {TRACT_VERSION} lacks {what}"),
        hint: "ONNX Runtime has it: pass --runner onnxruntime".to_owned(),
    }
}

/// The message of a tract error with its causes, on one line.
pub(super) fn chain(error: &TractError) -> String {
    let mut text = format!("{error:#}").replace('\n', " ");
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
