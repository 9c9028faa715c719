//! From a resumed training to an answer.

use std::collections::BTreeSet;

use reproof_contract::Verdict;
use reproof_contract::report::{ResumeFinding, ResumeReport, SettingDifference, StreamReport};
use reproof_contract::run::{LimitKind, Status};
use reproof_contract::trajectory::{MomentKind, Stream, Trajectory};

use super::attempt::{Attempt, Attempts, Change};
use super::cause::{self, Evidence};
use super::compare::{compare, idle, same, without};
use super::{ResumeError, experiments};

/// What resuming showed.
pub(crate) struct Answer {
    pub(crate) end: End,
    pub(crate) seconds: f64,
    pub(crate) peak_memory_bytes: Option<u64>,
    /// The end of what the training printed.
    pub(crate) printed: String,
    /// The comparison, where there was something to compare.
    pub(crate) report: Option<ResumeReport>,
}

/// How a resumed training ended, as a question of its own.
pub(crate) enum End {
    /// Its recorder saw all steps, or as many as the training has.
    Resumed,
    /// The command failed: how, and whether a recorder had been made by then.
    Failed { how: String, recorder: bool },
    /// It did not end in time, or took too much memory.
    Limit(LimitKind, u64),
    /// It ended by itself and no recorder was made.
    Unrecorded,
    /// It ended by itself before a step was done.
    Idle,
    /// It began with no step done: the checkpoint was ignored.
    Ignored,
    /// It began with this number of steps done.
    Elsewhere(u64),
    /// Its weights have other names or shapes.
    OtherModel(String),
}

/// Resumes, compares, and experiments where only numbers differ.
pub(crate) fn judge(attempts: &Attempts<'_>) -> Result<Answer, ResumeError> {
    let first = attempts.run("first", &Change::default())?;
    let end = end(attempts.golden, &first);
    let Attempt { trained, observed, .. } = first;
    let (seconds, peak_memory_bytes, printed) = (trained.seconds, trained.peak_memory_bytes, trained.printed);
    let mut answer = Answer { end, seconds, peak_memory_bytes, printed, report: None };
    let Some(observed) = observed.filter(|_| matches!(answer.end, End::Resumed)) else { return Ok(answer) };
    let mut report = explain(attempts.golden, &observed);
    report.command = attempts.command.to_string();
    let differs = report.streams.iter().any(|stream| stream.first.is_some());
    if differs && report.findings.is_empty() {
        let found = experiments::numbers(attempts, &observed, &mut report.streams)?;
        report.findings = found.findings;
        report.experiments = found.made;
    }
    answer.report = Some(report);
    Ok(answer)
}

/// What a resumed training did, against what was recorded, and the causes that can be named without running anything
/// more. Streams that differ at all are `drifted`: how far harmless changes move them is not known here.
pub fn explain(golden: &Trajectory, observed: &Trajectory) -> ResumeReport {
    let idle = idle(golden, observed);
    let differs = differing_states(golden, observed, &idle);
    let (golden, observed) = (&without(golden, &idle), &without(observed, &idle));
    let streams = compare(golden, observed);
    let mut findings = Vec::new();
    if streams.iter().any(|stream| stream.first.is_some()) {
        let evidence = Evidence { golden, observed, streams: &streams };
        findings = cause::name(&evidence);
        let signature = cause::signature(&evidence);
        for finding in &mut findings {
            if !finding.evidence.contains(&signature) {
                finding.evidence.push(signature.clone());
            }
        }
    }
    let steps = |trajectory: &Trajectory| {
        trajectory.moments.iter().filter(|moment| moment.kind == MomentKind::Step).count() as u64
    };
    ResumeReport {
        command: String::new(),
        step: golden.step,
        recorded: steps(golden),
        compared: steps(golden).min(steps(observed)),
        streams,
        settings: settings(golden, observed),
        idle: differs,
        findings,
        experiments: Vec::new(),
    }
}

/// The names among these whose states differ.
fn differing_states(golden: &Trajectory, observed: &Trajectory, names: &BTreeSet<String>) -> Vec<String> {
    let state = |trajectory: &Trajectory, name: &str| {
        let begin = trajectory.moments.first()?;
        begin.streams.get(&Stream::Random)?.get(name).cloned()
    };
    let differs = |name: &&String| match (state(golden, name), state(observed, name)) {
        (Some(a), Some(b)) => !same(&a, &b),
        _ => false,
    };
    names.iter().filter(differs).cloned().collect()
}

fn end(golden: &Trajectory, attempt: &Attempt) -> End {
    // A training that failed in its first step says nothing of where it began.
    let moved =
        |observed: &&Trajectory| observed.moments.iter().any(|moment| moment.kind == MomentKind::Step);
    let Some(observed) = attempt.observed.as_ref().filter(moved) else {
        return match &attempt.trained.status {
            Status::Limit { limit, value } => End::Limit(*limit, *value),
            Status::Done if attempt.seen => End::Idle,
            Status::Done => End::Unrecorded,
            Status::Died { how, .. } => End::Failed { how: how.clone(), recorder: attempt.seen },
            other => End::Failed { how: format!("{other:?}"), recorder: attempt.seen },
        };
    };
    if let Some(problem) = other_model(golden, observed) {
        return End::OtherModel(problem);
    }
    match observed.step {
        step if step == golden.step => End::Resumed,
        0 => End::Ignored,
        step => End::Elsewhere(step),
    }
}

/// Why the weights cannot be those of the same model.
fn other_model(golden: &Trajectory, observed: &Trajectory) -> Option<String> {
    use reproof_contract::trajectory::Fact;

    let parameters = |trajectory: &Trajectory| {
        let begin = trajectory.moments.iter().find(|moment| moment.kind == MomentKind::Begin)?;
        begin.streams.get(&Stream::Parameters).cloned()
    };
    let (expected, actual) = (parameters(golden)?, parameters(observed)?);
    if let Some(missing) = expected.keys().find(|name| !actual.contains_key(*name)) {
        return Some(format!("it has no weight {missing}"));
    }
    if let Some(added) = actual.keys().find(|name| !expected.contains_key(*name)) {
        return Some(format!("it has a weight {added}, which the recorded one lacks"));
    }
    expected.iter().find_map(|(name, fact)| {
        let (Fact::Tensor { shape: a, .. }, Some(Fact::Tensor { shape: b, .. })) = (fact, actual.get(name))
        else {
            return None;
        };
        (a != b).then(|| format!("its weight {name} has the shape {b:?}, expected {a:?}"))
    })
}

fn settings(golden: &Trajectory, observed: &Trajectory) -> Vec<SettingDifference> {
    let names = golden
        .setting
        .keys()
        .chain(observed.setting.keys().filter(|name| !golden.setting.contains_key(*name)));
    let shown = |value: Option<&String>| value.map_or_else(|| "none".to_owned(), Clone::clone);
    let differing = names.filter(|name| golden.setting.get(*name) != observed.setting.get(*name));
    differing
        .map(|name| SettingDifference {
            name: name.clone(),
            recorded: shown(golden.setting.get(name)),
            current: shown(observed.setting.get(name)),
        })
        .collect()
}

impl Answer {
    /// The worst of all streams, or what the end of the training means.
    pub(crate) fn verdict(&self) -> Verdict {
        match &self.end {
            End::Resumed => {
                let streams = self.report.iter().flat_map(|report| &report.streams);
                // A stream that one of the two lacks was recorded with another recorder and says nothing.
                Verdict::worst(streams.filter(|stream| compared(stream)).map(|stream| stream.verdict))
            }
            End::Failed { recorder: true, .. } => Verdict::Unloadable,
            End::Failed { .. } | End::Limit(..) | End::Unrecorded | End::Idle => Verdict::Undecided,
            End::Ignored => Verdict::Drifted,
            End::Elsewhere(_) | End::OtherModel(_) => Verdict::Incomparable,
        }
    }

    pub(crate) fn findings(&self) -> &[ResumeFinding] {
        self.report.as_ref().map_or(&[], |report| &report.findings)
    }
}

/// Whether a stream was seen by both.
pub(crate) fn compared(stream: &StreamReport) -> bool {
    stream.verdict != Verdict::Undecided
}
