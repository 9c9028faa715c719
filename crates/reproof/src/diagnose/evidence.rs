//! What the verification saw by itself: a damaged contract, preprocessing, code, a model that did not load.

use reproof_contract::Verdict;
use reproof_contract::diagnosis::Cause;
use reproof_contract::report::{Check, CheckStatus, Confidence, Grade};

use super::conclude::listed;
use super::{Case, Found};
use crate::verify::{ModelBehind, stage_finding};

/// Reads the report.
pub(super) fn read(case: &Case<'_>, found: &mut Found) {
    found.causes.extend(unloadable(case));
    if let Some((cause, model)) = preprocessing(case) {
        found.causes.push(cause);
        // Behind the recorded preprocessing the model is the recorded one: nothing is left to explain.
        found.settled |= model == ModelBehind::Same;
    }
    found.causes.extend(code(case));
}

/// Whether the contract itself is not as it was recorded: then nothing can be compared with it.
pub(super) fn damaged_contract(case: &Case<'_>) -> Option<Cause> {
    let files: Vec<&Check> = failed(case, "load.integrity.contract")
        .into_iter()
        .filter(|check| check.verdict == Verdict::Corrupt)
        .collect();
    let first = files.first()?;
    let telling = |check: &&Check| {
        let expected = check.expected.as_deref().unwrap_or_default();
        format!("{}: expected {expected}, is {}", check.title, check.actual.as_deref().unwrap_or("missing"))
    };
    Some(Cause {
        id: "contract.damaged".to_owned(),
        confidence: Confidence::Confirmed,
        statement: format!(
            "the contract is not as it was recorded ({}): nothing can be compared with it",
            first.title
        ),
        evidence: files.iter().take(6).map(telling).collect(),
        fix: "restore the contract's folder from where it was recorded".to_owned(),
    })
}

/// Checks of an id that did not pass.
pub(super) fn failed<'a>(case: &Case<'a>, id: &str) -> Vec<&'a Check> {
    let checks = case.report.phases.iter().flat_map(|phase| &phase.checks);
    checks.filter(|check| check.id == id && check.status != CheckStatus::Pass).collect()
}

fn unloadable(case: &Case<'_>) -> Option<Cause> {
    let check = failed(case, "load.restore").into_iter().next()?;
    let why = check.actual.clone().unwrap_or_default();
    Some(Cause {
        id: "load.failed".to_owned(),
        confidence: Confidence::Confirmed,
        statement: format!("the model does not load here: {why}"),
        evidence: vec![check.title.clone()],
        fix: check.hint.clone().filter(|hint| !hint.is_empty()).unwrap_or_else(|| {
            "load it where it was recorded: reproof verify PATH --env recorded".to_owned()
        }),
    })
}

/// A stage before the model gives something else; with what the model does behind the recorded one.
fn preprocessing(case: &Case<'_>) -> Option<(Cause, ModelBehind)> {
    let finding = stage_finding(&case.report.cases)?;
    let mut evidence = vec![case.report.summary.clone()];
    evidence.extend(packages(case));
    let cause = Cause {
        id: "preprocessing.changed".to_owned(),
        confidence: Confidence::Confirmed,
        statement: format!("what comes before the model changed: {} of {}", finding.stage, finding.case),
        evidence,
        fix: "use the recorded files of tokenizer or processor, and the recorded versions of their packages: reproof verify \
              PATH --env recorded"
            .to_owned(),
    };
    Some((cause, finding.model))
}

/// Whether anything but the model's own code is other than recorded and may change results: a package, a setting, the machine.
pub(super) fn surroundings_differ(case: &Case<'_>) -> bool {
    let differences = case.execution.map(|execution| execution.differences.as_slice()).unwrap_or_default();
    differences
        .iter()
        .any(|found| found.grade > Grade::Harmless && !found.item.starts_with("settings.loader"))
}

/// What operators show that were asked by themselves, without the model.
pub(super) fn operators(case: &Case<'_>) -> Option<String> {
    let found = case.report.environment.fingerprint.as_ref()?;
    let moved = found.moved.iter().map(String::as_str).collect::<Vec<_>>();
    Some(match moved.as_slice() {
        [] => format!("of {} operators that were asked by themselves none moved", found.compared),
        moved => format!(
            "of {} operators that were asked by themselves {} moved ({}), which {}",
            found.compared,
            moved.len(),
            listed(moved),
            found.reading
        ),
    })
}

/// Packages that are others than recorded and may change results.
pub(super) fn packages(case: &Case<'_>) -> Option<String> {
    let differences = case.execution.map(|execution| execution.differences.as_slice()).unwrap_or_default();
    let mut told: Vec<String> = differences
        .iter()
        .filter_map(|found| {
            let name = found.item.strip_prefix("distribution.").filter(|name| !name.contains('.'))?;
            Some(format!("{name} {} -> {}", found.recorded, found.current))
        })
        .collect();
    let more = told.len().saturating_sub(6);
    told.truncate(6);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!told.is_empty()).then(|| format!("other packages: {}{more}", told.join(", ")))
}

/// The user's own code is not the recorded code.
fn code(case: &Case<'_>) -> Option<Cause> {
    let recorded = &case.stored.contract.context.sources;
    let current = &case.execution?.sources;
    let changed =
        current.iter().filter(|source| !recorded.contains(source)).map(|source| source.file.as_str());
    let gone = recorded.iter().filter(|source| current.iter().all(|other| other.file != source.file));
    let mut files: Vec<&str> = changed.chain(gone.map(|source| source.file.as_str())).collect();
    files.dedup();
    if files.is_empty() || recorded.is_empty() {
        return None;
    }
    Some(Cause {
        id: "code.changed".to_owned(),
        confidence: Confidence::Likely,
        statement: format!("code that takes part is not the recorded code: {}", files.join(", ")),
        evidence: vec!["the digest of the file is not the recorded one".to_owned()],
        fix: "compare the file with the recorded revision".to_owned(),
    })
}
