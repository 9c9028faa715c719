//! From a resumed training to an answer.

use std::collections::BTreeSet;

use reproof_contract::Verdict;
use reproof_contract::report::{Confidence, ResumeFinding, ResumeReport, SettingDifference, StreamReport};
use reproof_contract::run::{LimitKind, Status};
use reproof_contract::trajectory::{Fact, MomentKind, Stream, Trajectory};
use reproof_digest::Digest;

use super::attempt::{Attempt, Attempts, Change};
use super::cause::{self, Evidence};
use super::compare::{comparable, compare, idle, steps};
use super::distance::same;
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
    /// Its recorder saw as many steps as were recorded.
    Resumed,
    /// It did so many of the recorded steps; where it failed then, how.
    Short { done: u64, failed: Option<String> },
    /// The command failed: how, and whether a recorder had been made by then.
    Failed { how: String, recorder: bool },
    /// It did not end in time, or took too much memory.
    Limit(LimitKind, u64),
    /// It ended by itself and no recorder was made.
    Unrecorded,
    /// It ended by itself before a step was done.
    Idle,
    /// What its recorder wrote is no trajectory.
    Garbled(String),
    /// It began with no step done and other weights: the checkpoint was ignored.
    Ignored,
    /// It began with this number of steps done, and with other weights.
    Elsewhere(u64),
    /// Its weights have other names or shapes.
    OtherModel(String),
}

impl End {
    /// Whether there is something to compare.
    pub(super) fn compares(&self) -> bool {
        matches!(self, Self::Resumed | Self::Short { .. })
    }
}

/// Resumes, compares, and experiments where only numbers differ.
pub(crate) fn judge(attempts: &Attempts<'_>) -> Result<Answer, ResumeError> {
    let first = attempts.run("first", &Change::default())?;
    let end = end(attempts.golden, &first);
    let Attempt { trained, observed, .. } = first;
    let (seconds, peak_memory_bytes, printed) = (trained.seconds, trained.peak_memory_bytes, trained.printed);
    let mut answer = Answer { end, seconds, peak_memory_bytes, printed, report: None };
    let Some(observed) = observed.filter(|_| answer.end.compares()) else { return Ok(answer) };
    let mut report = explain(attempts.golden, &observed);
    report.command = attempts.command.to_string();
    let seen = |finding: &ResumeFinding| finding.confidence == Confidence::Confirmed;
    let differs = report.streams.iter().any(|stream| stream.first.is_some());
    // What was only guessed from steps may be rounding.
    if differs && !report.findings.iter().any(seen) {
        let found = experiments::numbers(attempts, &observed, &mut report.streams)?;
        report.experiments = found.made;
        let excused = report.streams.iter().all(|stream| stream.verdict != Verdict::Drifted);
        if excused || !found.findings.is_empty() {
            report.findings = found.findings;
        }
    }
    answer.report = Some(report);
    Ok(answer)
}

/// What a resumed training did, against what was recorded, and the causes that can be named without running anything
/// more. Streams that differ at all are `drifted`: how far harmless changes move them is not known here.
pub fn explain(golden: &Trajectory, observed: &Trajectory) -> ResumeReport {
    let idle = idle(golden, observed);
    let differs = differing_states(golden, observed, &idle);
    let (golden, observed) = (&comparable(golden, &idle), &comparable(observed, &idle));
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

/// What became of an attempt.
pub(super) fn end(golden: &Trajectory, attempt: &Attempt) -> End {
    if let Some(problem) = &attempt.garbled {
        return End::Garbled(problem.clone());
    }
    // A training that failed in its first step says nothing of where it began.
    let Some(observed) = attempt.observed.as_ref().filter(|observed| steps(observed) > 0) else {
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
    // Steps can be counted from anywhere; where training began is told by its weights.
    if observed.step != golden.step && parameters(golden) != parameters(observed) {
        return if observed.step == 0 { End::Ignored } else { End::Elsewhere(observed.step) };
    }
    let done = steps(observed);
    if done >= steps(golden) {
        return End::Resumed;
    }
    let failed = match &attempt.trained.status {
        Status::Done => None,
        Status::Died { how, .. } => Some(how.clone()),
        Status::Limit { .. } => Some("it reached a limit".to_owned()),
        other => Some(format!("{other:?}")),
    };
    End::Short { done, failed }
}

/// The digests of the weights when training began.
fn parameters(trajectory: &Trajectory) -> Vec<(&String, Option<Digest>)> {
    let begin = trajectory.moments.iter().find(|moment| moment.kind == MomentKind::Begin);
    let facts = begin.and_then(|begin| begin.streams.get(&Stream::Parameters));
    let digest = |fact: &Fact| match fact {
        Fact::Tensor { digest, .. } => Some(*digest),
        Fact::Text(_) => None,
    };
    facts.into_iter().flatten().map(|(name, fact)| (name, digest(fact))).collect()
}

/// Why the weights cannot be those of the same model.
fn other_model(golden: &Trajectory, observed: &Trajectory) -> Option<String> {
    let shapes = |trajectory: &Trajectory| {
        let begin = trajectory.moments.iter().find(|moment| moment.kind == MomentKind::Begin)?;
        begin.streams.get(&Stream::Parameters).cloned()
    };
    let (expected, actual) = (shapes(golden)?, shapes(observed)?);
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
    /// The worst of all streams, and what the end of the training means.
    pub(crate) fn verdict(&self) -> Verdict {
        let streams = self.report.iter().flat_map(|report| &report.streams).map(|stream| stream.verdict);
        Verdict::worst(streams.chain([self.end_verdict()]))
    }

    /// What the end of the training means by itself.
    pub(crate) fn end_verdict(&self) -> Verdict {
        match &self.end {
            End::Resumed if self.report.as_ref().is_some_and(|report| report.streams.is_empty()) => {
                Verdict::Undecided
            }
            End::Resumed => Verdict::Identical,
            End::Failed { recorder: true, .. } | End::Short { failed: Some(_), .. } => Verdict::Unloadable,
            End::Failed { .. }
            | End::Short { .. }
            | End::Limit(..)
            | End::Unrecorded
            | End::Idle
            | End::Garbled(_) => Verdict::Undecided,
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
