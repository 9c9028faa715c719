//! What an error of the runtime says of the model and what it says of the runtime.

use ort::{Error, ErrorCode};

use crate::engine::Failure;

/// Texts by which the runtime says that it lacks something, in lower case. Its error codes do not tell: most of these
/// come with the code of any other failure.
const LACKS: [&str; 9] = [
    "not_implemented",
    "not implemented",
    "not supported",
    "unsupported",
    "not currently registered or supported",
    // A model of a later operator set than the runtime knows.
    "only *guarantees* support",
    "is not a registered function/op",
    "could not find an implementation for",
    // Text operators need a locale of the system.
    "failed to construct locale",
];

/// Texts by which the runtime says that the system refused it memory, in lower case.
const OUT_OF_MEMORY: [&str; 4] =
    ["failed to allocate memory", "bad_alloc", "cannot allocate memory", "available memory of"];

/// What to do about a gap of the runtime.
const HINT: &str = "another version or build of ONNX Runtime may have it";

/// Sorts the runtime's errors: what it lacks is not the model's fault.
pub(super) fn failure(error: impl Into<Error>) -> Failure {
    let error = error.into();
    sorted(error.code() == ErrorCode::NotImplemented, error.message())
}

/// Something that the runtime lacks, with the way out.
pub(super) fn unsupported(what: &str, hint: &str) -> Failure {
    Failure::Unsupported { what: format!("ONNX Runtime lacks {what}"), hint: hint.to_owned() }
}

fn sorted(not_implemented: bool, message: &str) -> Failure {
    let message = without_path(&message.replace('\n', " ")).to_owned();
    let lower = message.to_lowercase();
    if let Some(operator) = operator(&message) {
        return unsupported(&operator, HINT);
    }
    if OUT_OF_MEMORY.iter().any(|text| lower.contains(text)) {
        let hint = "give it more with --memory-limit, on a machine that has it".to_owned();
        return Failure::Unsupported { what: format!("the run was refused memory: {message}"), hint };
    }
    if not_implemented || LACKS.iter().any(|text| lower.contains(text)) {
        return unsupported(&format!("something that this model needs: {message}"), HINT);
    }
    Failure::Refused(message)
}

/// The message without the model's path: the same failure reads the same wherever the file lies.
fn without_path(message: &str) -> &str {
    let inside = message.strip_prefix("Load model from ").and_then(|rest| rest.split_once(" failed:"));
    inside.map_or(message, |(_, cause)| cause.trim_start())
}

/// The operator that a message calls missing: `operator Max of opset 13`.
fn operator(message: &str) -> Option<String> {
    // "Could not find an implementation for Max(13) node with name ''"
    if let Some((_, rest)) = message.split_once("Could not find an implementation for ") {
        let (name, rest) = rest.split_once('(')?;
        let (version, _) = rest.split_once(')')?;
        return Some(format!("operator {name} of opset {version}"));
    }
    // "Error No Op registered for Max with domain_version of 21"
    if let Some((_, rest)) = message.split_once("No Op registered for ") {
        let (name, rest) = rest.split_once(" with domain_version of ")?;
        let version: String = rest.chars().take_while(char::is_ascii_digit).collect();
        return Some(format!("operator {name} of opset {version}"));
    }
    // "Fatal error: com.example:Max(-1) is not a registered function/op"
    let (before, _) = message.split_once(" is not a registered function/op")?;
    let named = before.rsplit_once(' ').map_or(before, |(_, last)| last);
    let (name, _) = named.split_once('(')?;
    Some(format!("operator {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(message: &str) -> String {
        match sorted(false, message) {
            Failure::Unsupported { what, .. } => what,
            Failure::Refused(message) => format!("refused: {message}"),
        }
    }

    #[test]
    fn a_missing_operator_is_named() {
        let message = "Could not find an implementation for Max(13) node with name ''";
        assert_eq!(what(message), "ONNX Runtime lacks operator Max of opset 13");
        let message =
            "Error No Op registered for Teleport with domain_version of 21  ==> Context: Bad node spec";
        assert_eq!(what(message), "ONNX Runtime lacks operator Teleport of opset 21");
        let message = "Load model from /a b/model.onnx failed:Fatal error: com.example:Foo(-1) is not a registered \
                       function/op";
        assert_eq!(what(message), "ONNX Runtime lacks operator com.example:Foo");
    }

    #[test]
    fn a_gap_of_the_runtime_is_no_fault_of_the_model() {
        for message in [
            "Exception during initialization: Batchwise recurrent operations (layout == 1) are not supported.",
            "Failed to construct locale with name:en_US.UTF-8:locale::facet",
            "Unsupported model IR version: 99, max supported IR version: 13",
        ] {
            assert!(what(message).starts_with("ONNX Runtime lacks something"), "{message}");
        }
    }

    #[test]
    fn a_fault_of_the_model_is_told_without_its_path() {
        let message = "Load model from /home/somebody/model.onnx failed:Protobuf parsing failed.";
        assert_eq!(what(message), "refused: Protobuf parsing failed.");
    }
}
