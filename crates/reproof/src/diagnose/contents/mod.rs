//! Weights and architecture that are not the recorded ones: what was done to them.
//!
//! A contract holds no weights, only their digests. A change that can be undone is proved all the same: undone, a tensor has
//! the recorded digest.

mod narrow;
mod undone;

use std::collections::BTreeMap;

use reproof_contract::contract::TensorRecord;
use reproof_contract::diagnosis::Cause;
use reproof_contract::report::{CheckStatus, Confidence};
use reproof_digest::{Digest, ReadAt as _};
use reproof_formats::{Sources, TensorDescription};

use super::{Case, Found};
use crate::artifact::{Artifact, MODEL_PART, digests};

/// Tensors that are looked into: where more changed, the first tell why.
const LOOKED_INTO: usize = 64;

/// The largest tensor that is read into memory, in bytes.
const LARGEST: u64 = 256 << 20;

/// A tensor of the model that is there and has other values than recorded.
pub(super) struct Changed<'a> {
    record: &'a TensorRecord,
    now: &'a TensorDescription,
    digest: Digest,
}

/// Reads the artifact where its weights or its architecture differ.
pub(super) fn read(case: &Case<'_>, found: &mut Found) {
    let failed = |id: &str| {
        let checks = case.report.phases.iter().flat_map(|phase| &phase.checks);
        let mut failed = checks.filter(|check| check.id == id && check.status != CheckStatus::Pass);
        failed.next().and_then(|check| check.actual.clone())
    };
    if let Some(actual) = failed("load.integrity.weights") {
        let exact = explained(case);
        if exact.is_empty() {
            found.causes.push(general("weights.changed", "weights are not the recorded ones", actual));
        }
        found.causes.extend(exact);
        // No alteration of a model brings back what is no longer in its file.
        found.settled = true;
    } else if let Some(actual) = failed("load.architecture") {
        let statement =
            "the architecture (an operator, attribute, name, dtype or shape) is not the recorded one";
        found.causes.push(general("architecture.changed", statement, format!("its digest is {actual}")));
        found.settled = case.execution.is_none_or(|execution| execution.runner != crate::execution::PYTHON);
    }
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

/// What was done to the weights, where it can be told.
fn explained(case: &Case<'_>) -> Vec<Cause> {
    let Ok(artifact) = Artifact::open(case.path) else { return Vec::new() };
    let Ok(digests) = digests(&artifact, case.progress) else { return Vec::new() };
    let records = case.stored.contract.artifact.tensors.iter().filter(|record| record.part == MODEL_PART);
    let records: BTreeMap<&str, &TensorRecord> =
        records.map(|record| (record.name.as_str(), record)).collect();
    let described = artifact.description.tensors.iter().zip(&digests.tensors);
    let changed: Vec<Changed<'_>> = described
        .filter(|(now, _)| now.part == MODEL_PART)
        .filter_map(|(now, digest)| {
            let record = records.get(now.name.as_str())?;
            (record.digest != *digest).then_some(Changed { record, now, digest: *digest })
        })
        .collect();
    let exchanged = undone::exchanged(&changed, &records);
    if !exchanged.is_empty() || changed.is_empty() {
        return exchanged;
    }
    let Ok(sources) = Sources::open(&artifact.description) else { return Vec::new() };
    let mut read = Vec::new();
    for one in changed.iter().take(LOOKED_INTO) {
        if let Some(bytes) = values(&sources, one.now) {
            read.push((one, bytes));
        }
    }
    if read.len() < changed.len().min(LOOKED_INTO) {
        return Vec::new();
    }
    let undone: Vec<Cause> =
        read.iter().filter_map(|(one, bytes)| undone::cause(one, bytes, case.deadline)).collect();
    if undone.len() == changed.len() {
        return undone;
    }
    narrow::cause(&read, changed.len()).into_iter().collect()
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
