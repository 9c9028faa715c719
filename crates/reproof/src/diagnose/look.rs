//! One run that is looked into: what the model remembers once it is loaded, and what it computes step by step.

use std::collections::BTreeMap;

use reproof_contract::diagnosis::Cause;
use reproof_contract::report::Confidence;
use reproof_contract::run::Taps;

use super::bench::Bench;
use super::conclude::listed;
use super::start::{self, Begun};
use super::{Case, DiagnoseError};
use crate::folder::case_input;

/// What was seen.
#[derive(Default)]
pub(super) struct Seen {
    /// Where the difference starts.
    pub(super) start: Option<Begun>,
    /// That the loaded tensors are not the recorded ones.
    pub(super) loaded: Option<Cause>,
}

/// Looks into a run, where the contract tells what was there when it was recorded.
pub(super) fn look(case: &Case<'_>, bench: &Bench<'_>) -> Result<Seen, DiagnoseError> {
    let (loaded, recorded) = (case.stored.loaded(), start::recorded(case, bench));
    if !case.has_time() || (loaded.is_none() && recorded.is_none()) {
        return Ok(Seen::default());
    }
    case.progress.begin("looking where it starts", None, reproof_progress::Unit::Items);
    let ran = bench.run("where it starts", |spec| {
        spec.loading.state = true;
        match &recorded {
            Some((name, _)) => {
                spec.cases = vec![case_input(&case.stored.values, name)];
                spec.taps = Taps::Cases(vec![name.clone()]);
            }
            None => spec.cases.truncate(1),
        }
    })?;
    case.progress.end();
    let tensors = ran.outcome.state.as_ref().map(|state| &state.tensors);
    let outcome = ran.outcome.cases.first();
    Ok(Seen {
        start: recorded.zip(outcome).and_then(|(recorded, outcome)| start::find(&recorded, outcome)),
        loaded: loaded.zip(tensors).and_then(|(recorded, current)| other_tensors(&recorded, current)),
    })
}

/// Tensors of the loaded model that are not those of the recorded one.
fn other_tensors(recorded: &BTreeMap<String, String>, current: &BTreeMap<String, String>) -> Option<Cause> {
    let changed =
        recorded.iter().filter(|(name, digest)| current.get(*name).is_some_and(|now| now != *digest));
    let changed: Vec<&str> = changed.map(|(name, _)| name.as_str()).collect();
    let absent = |from: &BTreeMap<String, String>, name: &&String| !from.contains_key(*name);
    let gone: Vec<&str> = recorded.keys().filter(|name| absent(current, name)).map(String::as_str).collect();
    let new: Vec<&str> = current.keys().filter(|name| absent(recorded, name)).map(String::as_str).collect();
    let told = [("other values", &changed), ("gone", &gone), ("new", &new)]
        .into_iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what}: {}", listed(names)));
    let told: Vec<String> = told.collect();
    let count = changed.len() + gone.len() + new.len();
    (count > 0).then(|| Cause {
        id: "weights.loaded".to_owned(),
        confidence: Confidence::Confirmed,
        statement: format!(
            "the loaded model does not hold what it held when it was recorded, in {count} of {} tensors ({})",
            recorded.len().max(current.len()),
            told.join("; ")
        ),
        evidence: vec!["their digests once loaded are not the recorded ones".to_owned()],
        fix: "load every tensor as it is in the file: look for what the loader casts, merges, ties, resets or makes up".to_owned(),
    })
}
