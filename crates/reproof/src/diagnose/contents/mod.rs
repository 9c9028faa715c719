//! Weights and architecture that are not the recorded ones: what was done to them.
//!
//! A contract holds no weights, only their digests. A change that can be undone is proved all the same: undone, a tensor has
//! the recorded digest.

mod graph;
mod narrow;
mod undone;

use std::collections::{BTreeMap, BTreeSet};

use reproof_contract::contract::TensorRecord;
use reproof_contract::diagnosis::Cause;
use reproof_contract::report::{Check, Confidence};
use reproof_digest::{Digest, ReadAt as _};
use reproof_formats::{Sources, TensorDescription};

use super::conclude::listed;
use super::evidence::failed;
use super::{Case, Found};
use crate::artifact::{Artifact, Digests, MODEL_PART, digests};

/// Tensors that are looked into: where more changed, the first tell why.
const LOOKED_INTO: usize = 64;

/// Where more tensors than this changed, no single bits are looked for: damage of that kind is rare, and the search is not free.
const FLIPPED: usize = 4;

/// Files that are listed.
const LISTED: usize = 6;

/// The largest tensor that is looked into, in bytes; one is in memory at a time.
const LARGEST: u64 = 64 << 20;

/// A tensor of the model that is there and has other values than recorded.
pub(super) struct Changed<'a> {
    record: &'a TensorRecord,
    now: &'a TensorDescription,
    digest: Digest,
}

/// Reads the artifact where its weights, its architecture or its files are not the recorded ones. What was not promised to
/// be the same, as the weights of a converted model, is nothing to explain.
pub(super) fn read(case: &Case<'_>, found: &mut Found) {
    let broken = |id: &str| {
        let failed = failed(case, id).into_iter();
        // A check that expects nothing could not be made.
        failed.filter(|check| check.verdict.is_negative() && check.expected.is_some()).collect::<Vec<_>>()
    };
    let (weights, architecture) = (broken("load.integrity.weights"), broken("load.architecture"));
    if let Some(check) = weights.first() {
        found.causes.extend(of_weights(case, check, !architecture.is_empty()));
        // No alteration of a model brings back what is no longer in its file.
        found.settled = true;
    } else if let Some(cause) = architecture.first().and_then(|_| graph::cause(case)) {
        found.causes.push(cause);
        found.settled = true;
    } else if let Some(check) = architecture.first() {
        let statement =
            "the architecture (an operator, attribute, name, dtype or shape) is not the recorded one";
        let digest = check.actual.as_deref().unwrap_or_default();
        let mut cause = general("architecture.changed", statement, format!("its digest is {digest}"));
        cause.evidence.extend(broken("load.integrity.files").into_iter().map(told));
        found.causes.push(cause);
        found.settled = case.execution.is_none_or(|execution| execution.runner != crate::execution::PYTHON);
    } else {
        found.causes.extend(files(&broken("load.integrity.files")));
        // What a loader makes of a file that cannot be read is no model of the contract's.
        found.settled =
            failed(case, "load.integrity.weights").iter().any(|check| check.verdict.is_negative());
    }
}

/// What a check of a file expected and saw.
fn told(check: &Check) -> String {
    let (expected, actual) = (check.expected.as_deref(), check.actual.as_deref());
    format!("{}: {}, recorded {}", check.title, actual.unwrap_or("other bytes"), expected.unwrap_or("none"))
}

/// Files that are not the recorded ones, in what is neither a weight nor architecture or cannot be read as such.
fn files(broken: &[&Check]) -> Option<Cause> {
    let first = broken.first()?;
    let more = if broken.len() > 1 { format!(" and {} more", broken.len() - 1) } else { String::new() };
    Some(Cause {
        evidence: broken.iter().copied().take(LISTED).map(told).collect(),
        ..general("files.changed", &format!("{}{more} is not as recorded", first.title), String::new())
    })
}

fn general(id: &str, statement: &str, seen: String) -> Cause {
    Cause {
        id: id.to_owned(),
        confidence: Confidence::Confirmed,
        statement: statement.to_owned(),
        evidence: vec![seen],
        fix: "restore the recorded artifact; with it at hand, reproof diff shows what changed".to_owned(),
    }
}

fn opened(case: &Case<'_>) -> Option<(Artifact, Digests)> {
    let artifact = Artifact::open(case.path).ok()?;
    let digests = digests(&artifact, case.progress).ok()?;
    Some((artifact, digests))
}

fn records<'a>(case: &Case<'a>) -> BTreeMap<&'a str, &'a TensorRecord> {
    let records = case.stored.contract.artifact.tensors.iter().filter(|record| record.part == MODEL_PART);
    records.map(|record| (record.name.as_str(), record)).collect()
}

fn changed<'a>(
    artifact: &'a Artifact,
    digests: &Digests,
    records: &BTreeMap<&str, &'a TensorRecord>,
) -> Vec<Changed<'a>> {
    let described = artifact.description.tensors.iter().zip(&digests.tensors);
    let of_model = described.filter(|(now, _)| now.part == MODEL_PART);
    let changed = of_model.filter_map(|(now, digest)| {
        let record = records.get(now.name.as_str())?;
        (record.digest != *digest).then_some(Changed { record, now, digest: *digest })
    });
    changed.collect()
}

/// Why weights are not the recorded ones: what was done to them where it can be told, else that they are others.
fn of_weights(case: &Case<'_>, check: &Check, other_names: bool) -> Vec<Cause> {
    let seen = || check.actual.clone().unwrap_or_default();
    let Some((artifact, digests)) = opened(case) else {
        return vec![general("weights.changed", "weights are not the recorded ones", seen())];
    };
    let records = records(case);
    let changed = changed(&artifact, &digests, &records);
    if changed.is_empty() && other_names {
        return vec![general("architecture.changed", &other_tensors(&artifact, &records), seen())];
    }
    let (mut causes, all) = explained(case, &artifact, &changed, &records);
    if !all {
        let names: Vec<&str> = changed.iter().map(|one| one.now.name.as_str()).collect();
        let statement = if names.is_empty() {
            "weights are not the recorded ones".to_owned()
        } else {
            let (count, of) = (names.len(), records.len());
            format!("{count} of {of} tensors are not the recorded ones: {}", listed(&names))
        };
        causes.push(general("weights.changed", &statement, seen()));
    }
    causes
}

/// Which tensors an artifact has, and which it lacks: a graph that is spelled in another way has other constants, a file that
/// was cut down has fewer.
fn other_tensors(artifact: &Artifact, records: &BTreeMap<&str, &TensorRecord>) -> String {
    let tensors = artifact.description.tensors.iter().filter(|tensor| tensor.part == MODEL_PART);
    let now: BTreeSet<&str> = tensors.map(|tensor| tensor.name.as_str()).collect();
    let gone: Vec<&str> = records.keys().copied().filter(|name| !now.contains(name)).collect();
    let new: Vec<&str> = now.iter().copied().filter(|name| !records.contains_key(name)).collect();
    let told = [("gone", gone), ("new", new)].into_iter().filter(|(_, names)| !names.is_empty());
    let told: Vec<String> = told.map(|(what, names)| format!("{what}: {}", listed(&names))).collect();
    let told = if told.is_empty() { "the same names".to_owned() } else { told.join("; ") };
    format!(
        "names or shapes of tensors are not the recorded ones ({told}); values of those that it shares are"
    )
}

/// What was done to tensors that changed, where it can be told, and whether that is all that was done to them.
fn explained(
    case: &Case<'_>,
    artifact: &Artifact,
    changed: &[Changed<'_>],
    records: &BTreeMap<&str, &TensorRecord>,
) -> (Vec<Cause>, bool) {
    if let Some(cause) = undone::exchanged(changed, records) {
        return (vec![cause], true);
    }
    let Ok(sources) = Sources::open(&artifact.description) else { return (Vec::new(), false) };
    let mut narrow = narrow::Narrow::default();
    let mut causes = Vec::new();
    for one in changed.iter().take(LOOKED_INTO) {
        let Some(bytes) = values(&sources, one.now) else { continue };
        let flips = (changed.len() <= FLIPPED).then_some(case.deadline);
        causes.extend(undone::cause(one, &bytes, flips));
        narrow.see(one, &bytes);
    }
    let all = causes.len() == changed.len() && !changed.is_empty();
    match narrow.cause(changed.len().min(LOOKED_INTO)).filter(|_| causes.is_empty()) {
        Some(cause) => (vec![cause], true),
        None => (causes, all),
    }
}

fn values(sources: &Sources<'_>, tensor: &TensorDescription) -> Option<Vec<u8>> {
    let bytes = sources.bytes(tensor).ok()?;
    if bytes.size() > LARGEST {
        return None;
    }
    let mut buffer = vec![0; usize::try_from(bytes.size()).ok()?];
    bytes.read_exact_at(&mut buffer, 0).ok()?;
    Some(buffer)
}
