//! What a diagnosis makes of a planted fault, and what a suite lacks.

use std::time::Duration;

use reproof_contract::diagnosis::{Cause, Diagnosis};
use reproof_contract::drill::{Answer, FaultOutcome, NamedFault, PlantedFault};
use reproof_contract::report::Confidence;

/// The causes that are right for a fault. An operator that was not recorded is right, if less exact, wherever a fault puts
/// one into the model's code.
fn right(fault: &str) -> &'static [&'static str] {
    let (name, value) = fault.split_once('=').unwrap_or((fault, ""));
    match name {
        "epsilon" => &["constant.epsilon"],
        "activation" => &["code.activation", "code.operator"],
        "mode" => &["mode.training", "code.operator"],
        "mask" => &["code.mask", "code.operator"],
        "scale" => &["code.attention", "code.operator"],
        "inputs" if value.starts_with("float") => &["precision.inputs", "code.operator"],
        "inputs" if value.starts_with("reversed") || value == "flipped" => &["inputs.order", "code.operator"],
        "inputs" if value.starts_with("missing") => &["inputs.missing", "code.operator"],
        "inputs" => &["inputs.scale", "code.operator"],
        "output" => &["code.operator"],
        "autocast" | "compute" => &["precision.compute", "code.operator"],
        "parameter" => &["constant.parameter", "weights.loaded"],
        "step" => &["code.step", "weights.loaded"],
        "classes" => &["outputs.order", "weights.loaded"],
        "thresholds" => &["precision.weights", "weights.loaded"],
        "file" if ["resample", "mean", "deviation"].iter().any(|kind| value.starts_with(kind)) => {
            &["preprocessing.changed"]
        }
        "file" if value.starts_with("bit") => &["weights.bit-flip"],
        "file" if value.starts_with("negated") => &["weights.negated"],
        "file" if value.starts_with("reversed") => &["weights.reversed"],
        "file" if value.starts_with("narrowed") => &["weights.narrowed"],
        "file" => &["weights.changed"],
        // Whatever else is planted changes what the loaded model remembers.
        _ => &["weights.loaded", "precision.weights"],
    }
}

/// Holds an answer against what was planted.
pub(super) fn named(fault: &str, diagnosis: Diagnosis, took: Duration) -> NamedFault {
    let first = diagnosis.causes.first();
    let answer = match first {
        None => Answer::Unresolved,
        Some(cause) if !right(fault).contains(&cause.id.as_str()) && !is_stage(fault, cause) => Answer::Wrong,
        Some(cause) if cause.confidence == Confidence::Confirmed => Answer::Right,
        Some(_) => Answer::Likely,
    };
    NamedFault {
        answer,
        cause: first.map(|cause| cause.id.clone()),
        confidence: first.map(|cause| cause.confidence),
        summary: diagnosis.summary,
        start: diagnosis.start.map(|start| start.step.name),
        milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    }
}

/// Whether a cause names the stage of a pipeline that a fault was planted in, or before.
fn is_stage(fault: &str, cause: &Cause) -> bool {
    let stage = cause.statement.split("preprocessing.").nth(1).and_then(|rest| rest.split(' ').next());
    cause.id == "preprocessing.changed"
        && stage.is_some_and(|stage| {
            let everywhere = ["inputs=", "weights="].iter().any(|whole| fault.starts_with(whole));
            everywhere || fault.contains(stage)
        })
}

/// Cases that would catch what slipped through.
pub(super) fn advice(faults: &[PlantedFault]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let slipped =
        |fault: &&PlantedFault| matches!(fault.outcome, FaultOutcome::Unseen | FaultOutcome::Accepted);
    for fault in faults.iter().filter(slipped) {
        let Some(case) = case_for(&fault.fault, fault.outcome) else { continue };
        if !told.iter().any(|told| told == case) {
            told.push(case.to_owned());
        }
    }
    told
}

fn case_for(fault: &str, outcome: FaultOutcome) -> Option<&'static str> {
    let (name, value) = fault.split_once('=').unwrap_or((fault, ""));
    Some(match (name, outcome) {
        ("epsilon", _) => {
            "add a case whose inputs hardly vary: a constant of a normalisation weighs most where the variance is small"
        }
        ("mask", _) => {
            "add a batch of texts of different lengths: only padding and later tokens show a lost mask"
        }
        ("rows" | "position", _) => "add a case that reads more rows of the embedding, and a longer one",
        ("inputs", _) if value.contains("channel") || value == "flipped" => {
            "add a case that is not the same when reversed: grey or symmetric pictures show no order"
        }
        ("inputs", _) if value.starts_with("missing") => "add a case with missing values",
        ("inputs", FaultOutcome::Unseen) => {
            "add a case whose values need all of their digits, such as 0.1 and 1/3"
        }
        ("threshold" | "leaf" | "leaves", _) => {
            "add rows that end in other leaves, and rows whose values lie at thresholds"
        }
        ("mode", _) => "add a larger batch: dropout and norms of batches show in some elements alone",
        ("weight" | "file" | "weights", FaultOutcome::Unseen) => {
            "no output shows some changes of single bits: digests of weights do, so verify the artifact itself wherever it goes"
        }
        (_, FaultOutcome::Accepted) => {
            "tolerances accept some of these: see what the contract allows with reproof verify --verbose, and give tighter rules \
             or a float64 referee"
        }
        _ => return None,
    })
}
