//! Resuming as part of a verification: its checks in the phases, and what is said when it could not be tried.

use std::path::Path;

use reproof_contract::Verdict;
use reproof_contract::report::{Check, CheckStatus, Phase, PhaseName, ResumeReport, StreamReport};
use reproof_contract::run::LimitKind;
use reproof_contract::trajectory::{MomentKind, Trajectory};
use reproof_progress::Unit;

use super::checks::{Details as _, check};
use super::load::changed_file;
use super::{Subject, VerifyError};
use crate::artifact::Artifact;
use crate::resume::{Answer, Attempts, End, ResumeCommand, StoredError, compared, judge, stored};

/// The trajectory beside the contract, with the check of the load phase; no check where there is none and none is needed.
pub(super) fn trajectory(subject: &Subject<'_>) -> (Option<Trajectory>, Option<Check>) {
    let id = "load.trajectory";
    let folder = &subject.stored.folder;
    match stored(folder, subject.stored.contract.artifact.artifact_digest) {
        Ok(Some(trajectory)) => {
            let steps = trajectory.moments.iter().filter(|moment| moment.kind == MomentKind::Step).count();
            let title = format!("the trajectory of {steps} steps after step {} is whole", trajectory.step);
            (Some(trajectory), Some(check(id, title, Verdict::Identical)))
        }
        Ok(None) => {
            let missing = subject.options.resume.as_ref().map(|_| {
                check(id, "no trajectory was recorded after this checkpoint", Verdict::Undecided)
                    .actual("the training ended or was interrupted before a step was done, or no recorder was used")
                    .hint("train with reproof.torch.Trajectory or the callback of the trainer: docs/guides/resume.md")
            });
            (None, missing)
        }
        Err(error @ StoredError::Corrupt { .. }) => {
            let found = check(id, "the trajectory is not what was recorded", Verdict::Corrupt)
                .actual(crate::chain(&error))
                .hint("restore the folder `trajectory` from where it was recorded");
            (None, Some(found))
        }
        Err(error) => (
            None,
            Some(
                check(id, "the trajectory could not be read", Verdict::Undecided)
                    .actual(crate::chain(&error)),
            ),
        ),
    }
}

/// What a checkpoint of training lacks for a resume on the identical path, by what its trainer saves and without running
/// anything; no check for what is no such checkpoint.
pub(super) fn state(subject: &Subject<'_>) -> Option<Check> {
    const OPTIMIZER: &str = "optimizer";
    // Which environment it needs is the contract's own business.
    const ENVIRONMENT: &str = "environment";
    let parts = &subject.stored.contract.artifact.parts;
    if !parts.contains_key(OPTIMIZER) {
        return None;
    }
    let artifact = Artifact::open(subject.path).ok()?;
    let missing: Vec<&str> =
        artifact.description.state.missing.iter().map(|missing| missing.what.as_str()).collect();
    let missing: Vec<&str> = missing.into_iter().filter(|what| *what != ENVIRONMENT).collect();
    let id = "load.state";
    Some(match missing.as_slice() {
        [] => check(id, "it holds what a resume on the identical path needs", Verdict::Identical),
        _ => check(id, "a resume on the identical path may need what is not here", Verdict::Identical)
            .status(CheckStatus::Warn)
            .actual(missing.join(", "))
            .hint("`reproof inspect` says what each does and how to save it"),
    })
}

/// Resumes and adds to the phases what that showed.
pub(super) fn resume(
    subject: &Subject<'_>,
    command: &ResumeCommand,
    golden: &Trajectory,
    untouched: bool,
    scratch: &Path,
    phases: &mut Vec<Phase>,
) -> Result<Option<ResumeReport>, VerifyError> {
    subject.progress.begin("resuming the training", None, Unit::Items);
    let (limits, supervisor) = (subject.options.limits, subject.options.supervisor.as_ref());
    let attempts = Attempts { checkpoint: subject.path, golden, command, limits, supervisor, scratch };
    let answer = judge(&attempts)?;
    subject.progress.end();
    let mut executed = vec![ended(golden, &answer)];
    if untouched {
        executed.extend(original(subject));
    }
    let phase = add(phases, PhaseName::Execute, executed);
    phase.seconds += answer.seconds;
    phase.peak_memory_bytes = phase.peak_memory_bytes.max(answer.peak_memory_bytes);
    if let Some(report) = &answer.report {
        let mut checks: Vec<Check> = causes(&answer, report);
        checks.extend(report.streams.iter().map(|stream| stream_check(stream, report)));
        if !report.idle.is_empty() {
            let title = "random states differ from which no step drew";
            let line = check("validate.resume.idle", title, Verdict::Identical).status(CheckStatus::Warn);
            checks.push(line.actual(report.idle.join(", ")).hint(
                "they matter if a later step draws from them: save and restore them, or draw from none",
            ));
        }
        add(phases, PhaseName::Validate, checks);
    }
    Ok(answer.report)
}

/// What a report says of resuming in a sentence.
pub(super) fn summary(verdict: Verdict, report: &ResumeReport) -> Option<String> {
    let streams = report.streams.iter().filter(|stream| compared(stream));
    let (same, other): (Vec<_>, Vec<_>) = streams.partition(|stream| stream.first.is_none());
    let steps = format!("{} steps after step {}", report.compared, report.step);
    Some(match verdict {
        Verdict::Identical => {
            format!("training goes on as recorded: {steps}, every bit of {} streams", same.len())
        }
        Verdict::Equivalent => format!(
            "training goes on as recorded up to rounding: {steps}, {} streams identical, {} within what harmless \
             changes move",
            same.len(),
            other.len()
        ),
        Verdict::Tolerated => {
            format!(
                "training does not repeat, and goes on within that: {steps}, {} streams identical",
                same.len()
            )
        }
        Verdict::Drifted => match report.findings.first() {
            Some(finding) => format!("training goes another way: {}", finding.statement),
            None => "training goes another way, although it began as recorded".to_owned(),
        },
        Verdict::Undecided => format!("no answer: {steps}, and not all of what was recorded was seen"),
        _ => return None,
    })
}

/// Adds checks to a phase, which is made if it did not run.
fn add(phases: &mut Vec<Phase>, name: PhaseName, checks: Vec<Check>) -> &mut Phase {
    let index = phases.iter().position(|phase| phase.name == name).unwrap_or_else(|| {
        let verdict = Verdict::Identical;
        phases.push(Phase { name, verdict, seconds: 0.0, peak_memory_bytes: None, checks: Vec::new() });
        phases.len() - 1
    });
    let phase = &mut phases[index];
    phase.verdict = Verdict::worst(checks.iter().map(|check| check.verdict).chain([phase.verdict]));
    phase.checks.extend(checks);
    phase
}

/// How the training ended.
fn ended(golden: &Trajectory, answer: &Answer) -> Check {
    let id = "execute.resume";
    let printed = |check: Check| {
        if answer.printed.is_empty() { check } else { check.actual(answer.printed.clone()) }
    };
    let expected = format!("{} steps done", golden.step);
    match &answer.end {
        End::Resumed => {
            let count = answer.report.as_ref().map_or(0, |report| report.compared);
            check(
                id,
                format!("training resumed at step {} and did {count} steps", golden.step),
                Verdict::Identical,
            )
        }
        End::Failed { how, recorder } => {
            let title = format!("the training failed: {how}");
            let hint = if *recorder {
                "the model was made and could not go on from this checkpoint"
            } else {
                "it failed before a recorder was made: check the command; `{checkpoint}` stands for the path to resume from"
            };
            printed(check(id, title, if *recorder { Verdict::Unloadable } else { Verdict::Undecided }))
                .hint(hint)
        }
        End::Short { done, failed } => {
            let of = golden.moments.iter().filter(|moment| moment.kind == MomentKind::Step).count();
            let title = match failed {
                Some(how) => format!("the training failed after {done} of {of} steps: {how}"),
                None => format!("the training ended after {done} of {of} recorded steps"),
            };
            printed(check(id, title, answer.end_verdict())).hint("what it did until then is compared")
        }
        End::Garbled(problem) => {
            check(id, "the training's recorder wrote what is no trajectory", Verdict::Undecided)
                .actual(problem.clone())
                .hint("use a recorder of the same version as this program")
        }
        End::Limit(kind, value) => {
            let what = match kind {
                LimitKind::Time => format!("the training did not end within {} s", *value as f64 / 1000.0),
                LimitKind::Memory => format!("the training took more than {value} bytes of memory"),
            };
            printed(check(id, what, Verdict::Undecided)).hint("give more with --timeout or --memory-limit")
        }
        End::Unrecorded => printed(check(id, "the training ended and used no recorder", Verdict::Undecided))
            .hint(
                "the command must train with the recorder that it was recorded with: docs/guides/resume.md",
            ),
        End::Idle => printed(check(id, "the training ended before a step was done", Verdict::Undecided))
            .hint("let it go on for some steps after the checkpoint: it may have been told to stop there"),
        End::Ignored => check(id, "the training began anew: it ignored the checkpoint", Verdict::Drifted)
            .expected(expected)
            .actual("0 steps done")
            .hint("pass the checkpoint to the training: `{checkpoint}` in the command stands for its path"),
        End::Elsewhere(step) => check(id, "the training resumed from another step", Verdict::Incomparable)
            .expected(expected)
            .actual(format!("{step} steps done"))
            .hint("resume from the checkpoint that is verified, and count the same steps"),
        End::OtherModel(problem) => check(id, "the training trains another model", Verdict::Incomparable)
            .actual(problem.clone())
            .hint("resume with the configuration that the checkpoint was saved with"),
    }
}

/// Whether the training left the checkpoint alone.
fn original(subject: &Subject<'_>) -> Option<Check> {
    let changed = changed_file(subject)?;
    Some(changed.hint("the training writes to the checkpoint that it resumes from; restore it, and let it write to `{output}`"))
}

/// The causes, as lines of the checklist before everything that follows from them.
fn causes(answer: &Answer, report: &ResumeReport) -> Vec<Check> {
    let worst = answer.verdict();
    let line = |finding: &reproof_contract::report::ResumeFinding| {
        let title = format!("{} ({}, {})", finding.statement, finding.cause, finding.confidence.as_str());
        check("validate.resume.cause", title, worst)
            .actual(finding.evidence.join("; "))
            .hint(finding.fix.clone())
    };
    let mut lines: Vec<Check> = answer.findings().iter().map(line).collect();
    if lines.is_empty() && worst == Verdict::Drifted {
        let settings = report.settings.iter().map(|setting| {
            format!("{}: recorded {}, now {}", setting.name, setting.recorded, setting.current)
        });
        let settings = settings.collect::<Vec<_>>().join("; ");
        lines.push(
            check("validate.resume.cause", "training began as recorded and then went another way", worst)
                .actual(if settings.is_empty() { "no known cause".to_owned() } else { settings })
                .hint("look at the first stream that differs; another version of a package can do this"),
        );
    }
    lines
}

fn stream_check(stream: &StreamReport, report: &ResumeReport) -> Check {
    let name = stream.stream.words();
    let line =
        |title: String, verdict| check("validate.resume", title, verdict).output(stream.stream.as_str());
    let Some(first) = &stream.first else {
        let unseen = stream.verdict == Verdict::Undecided;
        let title = if unseen { "not seen in all of the recorded steps" } else { "as recorded" };
        let made = line(format!("{name}: {title}"), stream.verdict);
        return if unseen { made.actual("the resumed training's recorder did not see them") } else { made };
    };
    let place = match first.moment {
        MomentKind::Begin => "when training begins".to_owned(),
        MomentKind::Step => format!("from step {} on", first.step),
        MomentKind::End => format!("after step {}", report.step.saturating_add(report.compared)),
    };
    let of = if first.total > 1 { format!(", {} of {}", first.count, first.total) } else { String::new() };
    let shown = |text: &str| match first.names.first() {
        Some(name) => format!("{name} = {text}"),
        None => text.to_owned(),
    };
    line(format!("{name}: not as recorded {place}"), stream.verdict)
        .expected(shown(&first.expected))
        .actual(format!("{}, {place}{of}", shown(&first.actual)))
}
