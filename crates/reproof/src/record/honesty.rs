//! Whether a model deserves a golden.

use reproof_contract::CaseClass;
use reproof_contract::contract::{HonestyCheck, Statistics};

use super::{Allow, Completed, RecordError, RecordOptions};
use crate::cases::Case;
use crate::judge::{Values, all_identical, distances};

const FRESH_LOADS: &str = "fresh-loads";
const REPEATED_FORWARDS: &str = "repeated-forwards";
const FINITE_OUTPUTS: &str = "finite-outputs";
const VARIED_OUTPUTS: &str = "varied-outputs";
const INFERENCE_MODE: &str = "inference-mode";
const KEPT_STATE: &str = "kept-state";

/// How many names are listed at most.
const LISTED: usize = 3;

/// Runs every check; a failed one that is not allowed is an error with its fix.
pub(super) fn check(
    kept: &[&Case],
    first: &Completed,
    second: &Completed,
    options: &RecordOptions,
) -> Result<Vec<HonestyCheck>, RecordError> {
    let loads = (Some(fresh_loads(kept, first, second)), Allow::Nondeterministic);
    let forwards = (Some(repeated_forwards(kept, first)), Allow::Nondeterministic);
    // A random head makes outputs differ from load to load, and tensors name it; outputs that differ from call to call
    // differ from load to load as well, and calls name it.
    let [earlier, later] =
        if made_up(first, second).is_some() { [loads, forwards] } else { [forwards, loads] };
    let checks = [
        (inference_mode(first), Allow::Nondeterministic),
        (kept_state(first), Allow::Nondeterministic),
        earlier,
        later,
        (Some(finite_outputs(kept, first)), Allow::Nan),
        (Some(varied_outputs(kept, first)), Allow::InputBlind),
    ];
    checks
        .into_iter()
        .filter_map(|(check, allow)| Some((check?, allow)))
        .map(|(check, allow)| {
            if check.passed || options.allows(allow) {
                return Ok(check);
            }
            let word = Allow::ALL.iter().find(|(known, _)| *known == allow).map_or("", |(_, word)| word);
            let fix = match check.id.as_str() {
                INFERENCE_MODE => format!(
                    "call `model.eval()` before the model is saved, or in the loader; or record its distribution with \
                     --allow {word}"
                ),
                KEPT_STATE => format!(
                    "call `model.eval()`, or reset the state at the start of each call; or record its distribution \
                     with --allow {word}"
                ),
                FRESH_LOADS if made_up(first, second).is_some() => format!(
                    "save the whole model, or load it with the class that was saved; or record its distribution with \
                     --allow {word}"
                ),
                REPEATED_FORWARDS | FRESH_LOADS => format!(
                    "export the model in inference mode (dropout off, no sampling, no random operators); or record its \
                     distribution with --allow {word}"
                ),
                FINITE_OUTPUTS => format!(
                    "check the weights and give inputs in the model's own range with --cases; or --allow {word}"
                ),
                _ => format!("check that the inputs reach the outputs, or give real inputs with --cases; or --allow {word}"),
            };
            Err(RecordError::Dishonest { check: check.id, seen: check.seen, fix })
        })
        .collect()
}

/// Whether outputs are the same from run to run.
pub(super) fn is_deterministic(checks: &[HonestyCheck]) -> bool {
    let words = [REPEATED_FORWARDS, FRESH_LOADS, INFERENCE_MODE, KEPT_STATE];
    let about_runs = |check: &&HonestyCheck| words.contains(&check.id.as_str());
    checks.iter().filter(about_runs).all(|check| check.passed)
}

fn result(id: &str, passed: bool, seen: String) -> HonestyCheck {
    HonestyCheck { id: id.to_owned(), passed, seen }
}

fn repeated_forwards(kept: &[&Case], first: &Completed) -> HonestyCheck {
    let differing = kept.iter().find(|case| {
        let repeats = first.cases.get(&case.name).map(|(_, repeats)| repeats.as_slice()).unwrap_or_default();
        repeats.windows(2).any(|pair| !all_identical(&pair[0], &pair[1]))
    });
    match differing {
        None => {
            result(REPEATED_FORWARDS, true, "repeated forwards of one process agree in every bit".to_owned())
        }
        Some(case) => result(
            REPEATED_FORWARDS,
            false,
            format!(
                "two forwards of one process differ for the case {}: the model keeps state or draws random numbers",
                case.name
            ),
        ),
    }
}

/// Whether nothing behaves as in training; nothing to say where the runner does not see it.
fn inference_mode(first: &Completed) -> Option<HonestyCheck> {
    let state = first.state.as_ref()?;
    Some(if state.training.is_empty() {
        result(INFERENCE_MODE, true, "no module behaves as in training".to_owned())
    } else {
        result(INFERENCE_MODE, false, format!("in training mode: {}", list(&state.training)))
    })
}

/// Whether running leaves the model as it was.
fn kept_state(first: &Completed) -> Option<HonestyCheck> {
    let changed = first.state.as_ref()?.changed.as_ref()?;
    Some(if changed.is_empty() {
        result(KEPT_STATE, true, "running changes nothing that the model remembers".to_owned())
    } else {
        result(KEPT_STATE, false, format!("running the cases changed {}", list(changed)))
    })
}

/// What was initialised and not loaded: the framework says so, or two loads differ.
fn made_up(first: &Completed, second: &Completed) -> Option<String> {
    let (one, two) = (first.state.as_ref()?, second.state.as_ref()?);
    if !one.initialised.is_empty() {
        return Some(format!(
            "not in the artifact, so made up when it was loaded: {}",
            list(&one.initialised)
        ));
    }
    let differing = one.tensors.iter().filter(|(name, digest)| two.tensors.get(*name) != Some(digest));
    let names: Vec<String> = differing.map(|(name, _)| name.clone()).collect();
    (!names.is_empty()).then(|| format!("two fresh loads differ, so these were made up: {}", list(&names)))
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

fn fresh_loads(kept: &[&Case], first: &Completed, second: &Completed) -> HonestyCheck {
    if let Some(seen) = made_up(first, second) {
        return result(FRESH_LOADS, false, seen);
    }
    let differing = kept.iter().find(|case| match (first.outputs(&case.name), second.outputs(&case.name)) {
        (Some(one), Some(two)) => !all_identical(one, two),
        (one, two) => one.is_some() != two.is_some(),
    });
    match differing {
        None => result(FRESH_LOADS, true, "two fresh processes agree in every bit".to_owned()),
        Some(case) => result(
            FRESH_LOADS,
            false,
            format!(
                "two fresh processes differ for the case {}: something is initialised at random, not loaded",
                case.name
            ),
        ),
    }
}

fn finite_outputs(kept: &[&Case], first: &Completed) -> HonestyCheck {
    let typical = kept.iter().filter(|case| case.class == CaseClass::Typical);
    for case in typical {
        for (name, value) in first.outputs(&case.name).into_iter().flatten() {
            let nan = |tensor: &&reproof_tensor::Tensor| {
                tensor.dtype().is_float()
                    && tensor.view().elements().is_some_and(|mut elements| elements_hold_nan(&mut elements))
            };
            if value.tensors().iter().any(nan) {
                let seen = format!("the output {name} holds NaN for the typical case {}", case.name);
                return result(FINITE_OUTPUTS, false, seen);
            }
        }
    }
    result(FINITE_OUTPUTS, true, "no NaN for typical inputs".to_owned())
}

fn elements_hold_nan(elements: &mut reproof_tensor::Elements<'_>) -> bool {
    elements.iter().any(f64::is_nan)
}

fn varied_outputs(kept: &[&Case], first: &Completed) -> HonestyCheck {
    let ordinary: Vec<(&Values, &Values)> = kept
        .iter()
        .filter(|case| super::is_ordinary(case))
        .filter_map(|case| Some((&case.inputs, first.outputs(&case.name)?)))
        .collect();
    // A longer input alone makes a longer output: only inputs of one shape tell whether their values matter.
    let alike = |one: &Values, two: &Values| {
        one.iter().zip(two).all(|((_, one), (_, two))| one.signature() == two.signature())
    };
    let (mut pairs, mut varied) = (0, false);
    for (index, (inputs, outputs)) in ordinary.iter().enumerate() {
        let others = ordinary[index + 1..].iter();
        for (_, other) in others.filter(|(other, _)| alike(inputs, other) && !all_identical(inputs, other)) {
            pairs += 1;
            varied |= !all_identical(outputs, other);
        }
    }
    if pairs > 0 && !varied {
        let seen =
            format!("different inputs of one shape give the same outputs, in {pairs} of {pairs} pairs");
        return result(VARIED_OUTPUTS, false, seen);
    }
    result(VARIED_OUTPUTS, true, "different inputs give different outputs".to_owned())
}

/// The spread of a nondeterministic model over its samples.
pub(super) fn statistics(kept: &[&Case], first: &Completed) -> Result<Statistics, RecordError> {
    let mut statistics = Statistics { samples: 0, distances: std::collections::BTreeMap::new() };
    for case in kept {
        let Some((_, samples)) = first.cases.get(&case.name).filter(|(status, _)| status.is_done()) else {
            continue;
        };
        let spread = distances(samples).ok_or_else(|| RecordError::Dishonest {
            check: REPEATED_FORWARDS.to_owned(),
            seen: format!(
                "outputs of the case {} change their shape or are not floats from run to run",
                case.name
            ),
            fix: "only float outputs of constant shape can be recorded as a distribution".to_owned(),
        })?;
        statistics.samples = samples.len() as u32;
        for (path, distances) in spread {
            statistics.distances.insert(format!("{}/{path}", case.name), distances);
        }
    }
    Ok(statistics)
}
