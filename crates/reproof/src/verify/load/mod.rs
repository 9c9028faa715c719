//! Phase 1: integrity of contract, files and weights, the architecture, the environment, the restored model.

mod changes;
mod files;

use std::path::PathBuf;
use std::time::Instant;

use reproof_contract::contract::ArtifactKind;
use reproof_contract::report::{Check, CheckStatus, EnvironmentReport, Grade, Phase, PhaseName};
use reproof_contract::{Relation, Verdict};
use reproof_formats::Format;
use reproof_progress::Unit;

use self::changes::{LISTED, changed_tensors, list};
use self::files::{bytes, compare_file, locate, strays};
use super::checks::{Details as _, check};
use super::execute::Execution;
use super::{Subject, VerifyError, changed, recorded_digests};
use crate::artifact::{Artifact, Digests, OpenError, digests};
use crate::execution::REFEREE;

/// The load phase while it is going on.
pub(super) struct Load {
    checks: Vec<Check>,
    seconds: f64,
    peak_memory_bytes: Option<u64>,
    /// The current digests, where they could be computed.
    pub(super) digests: Option<Digests>,
    /// Whether every byte is proved to be the recorded one.
    pub(super) untouched: bool,
    /// The file that a runner loads.
    pub(super) model: Option<PathBuf>,
    /// Whether the artifact has the recorded format, so that it is loaded as was recorded.
    pub(super) same_format: bool,
}

/// Everything that can be checked before the model is loaded.
pub(super) fn begin(subject: &Subject<'_>) -> Result<Load, VerifyError> {
    let started = Instant::now();
    let mut load = Load {
        checks: Vec::new(),
        seconds: 0.0,
        peak_memory_bytes: None,
        digests: None,
        untouched: false,
        model: None,
        same_format: true,
    };
    load.contract(subject)?;
    load.untouched = subject.relation == Relation::Same && load.files(subject);
    if load.untouched {
        // The bytes are the recorded ones, and so is everything that was read from them.
        load.digests = Some(recorded_digests(subject.stored));
        load.model = model_of(subject);
        load.push(check_pass("load.integrity.weights", "weights are the recorded ones"));
        load.push(check_pass("load.architecture", "architecture is the recorded one"));
    } else {
        load.reread(subject);
    }
    load.seconds = started.elapsed().as_secs_f64();
    Ok(load)
}

fn check_pass(id: &str, title: &str) -> Check {
    check(id, title, Verdict::Identical)
}

/// The model file of an untouched artifact; a folder's is found as when recording.
fn model_of(subject: &Subject<'_>) -> Option<PathBuf> {
    match subject.stored.contract.artifact.kind {
        ArtifactKind::File => Some(subject.path.to_owned()),
        ArtifactKind::Folder => open(subject).ok().map(|artifact| artifact.model),
    }
}

/// The first recorded file that is not as recorded, if there is one.
pub(super) fn changed_file(subject: &Subject<'_>) -> Option<Check> {
    let recorded = &subject.stored.contract.artifact;
    recorded.files.iter().find_map(|file| {
        let location = locate(subject.path, recorded.kind, &file.path);
        compare_file(subject, file, &location)
    })
}

/// Reads the artifact; what was recorded as bytes is bytes still, and what was converted may be of any format.
fn open(subject: &Subject<'_>) -> Result<Artifact, OpenError> {
    let unread = subject.stored.contract.artifact.format == Format::Unread.as_str();
    if unread || subject.relation == Relation::Converted {
        Artifact::open_any(subject.path)
    } else {
        Artifact::open(subject.path)
    }
}

/// Whether an artifact has the recorded format. Of what no reader knows, a file stays a file and a folder a folder.
fn same_format(subject: &Subject<'_>, artifact: &Artifact) -> bool {
    let recorded = &subject.stored.contract.artifact;
    let read = artifact.description.format != Format::Unread;
    artifact.description.format.as_str() == recorded.format
        && (read || (artifact.kind == recorded.kind && changed::own_graph(subject).is_none()))
}

impl Load {
    fn push(&mut self, check: Check) {
        self.checks.push(check);
    }

    /// The files beside the contract.
    fn contract(&mut self, subject: &Subject<'_>) -> Result<(), VerifyError> {
        let id = "load.integrity.contract";
        let tampering = subject.stored.tampering()?;
        if tampering.is_empty() {
            self.push(check_pass(id, "contract and its files are whole"));
            return Ok(());
        }
        for file in tampering {
            self.push(
                check(id, format!("contract file {}", file.path), Verdict::Corrupt)
                    .expected(file.expected)
                    .actual(file.actual)
                    .hint("restore the contract's folder from where it was recorded"),
            );
        }
        Ok(())
    }

    /// Private values that are somewhere else.
    pub(super) fn withheld(&mut self, stored: &crate::folder::StoredContract) {
        self.push(
            check("load.integrity.contract", "inputs and goldens are private and not here", Verdict::Undecided)
                .expected(format!("a folder {}", stored.values.display()))
                .actual("none")
                .hint("ask whoever recorded it for that folder, or set REPROOF_PRIVATE to the one that holds it; --bytes-only asks no more than the bytes"),
        );
    }

    /// Every file against its recorded segments, without a parser; returns whether nothing was touched.
    fn files(&mut self, subject: &Subject<'_>) -> bool {
        let id = "load.integrity.files";
        let recorded = &subject.stored.contract.artifact;
        let total = recorded.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        subject.progress.begin(&format!("hashing {}", subject.path.display()), Some(total), Unit::Bytes);
        let mut problems = Vec::new();
        for file in &recorded.files {
            let location = locate(subject.path, recorded.kind, &file.path);
            if let Some(problem) = compare_file(subject, file, &location) {
                problems.push(problem);
            }
        }
        problems.extend(strays(subject));
        subject.progress.end();
        let untouched = problems.is_empty();
        if untouched {
            let count = recorded.files.len();
            let noun = if count == 1 { "file is" } else { "files are" };
            self.push(check_pass(id, &format!("{count} {noun} as recorded, {}", bytes(total))));
        }
        self.checks.extend(problems);
        untouched
    }

    /// Reads the artifact with a parser: names what changed in weights and architecture.
    fn reread(&mut self, subject: &Subject<'_>) {
        let opened = open(subject).map_err(|error| crate::chain(&error));
        let read = opened.and_then(|artifact| {
            let digests = digests(&artifact, subject.progress).map_err(|error| crate::chain(&error))?;
            Ok((artifact, digests))
        });
        let (artifact, digests) = match read {
            Ok(read) => read,
            Err(problem) => {
                let verdict =
                    if subject.relation == Relation::Same { Verdict::Corrupt } else { Verdict::Unloadable };
                for (id, title) in
                    [("load.integrity.weights", "weights"), ("load.architecture", "architecture")]
                {
                    self.push(check(id, format!("{title} cannot be read"), verdict).actual(problem.clone()));
                }
                self.model = subject.path.is_file().then(|| subject.path.to_owned());
                return;
            }
        };
        if changed::own_graph(subject).is_some() {
            // Its bytes are the contract's own, and were proved to be the model when it was recorded.
            self.push(check_pass("load.integrity.graph", "it is the contract's own graph"));
        } else {
            self.weights(subject, &artifact, &digests);
            self.architecture(subject, &digests);
        }
        self.same_format = same_format(subject, &artifact);
        self.model = Some(artifact.model);
        self.digests = Some(digests);
    }

    fn weights(&mut self, subject: &Subject<'_>, artifact: &Artifact, digests: &Digests) {
        let id = "load.integrity.weights";
        let recorded = &subject.stored.contract.artifact;
        if recorded.weights_digest == digests.weights {
            self.push(check_pass(id, "weights are the recorded ones"));
            return;
        }
        let judged = matches!(subject.relation, Relation::Same | Relation::Repackaged);
        let changed = changed_tensors(subject, artifact, digests);
        let same_values = recorded.values_digest == digests.values;
        let actual =
            if same_values { format!("the same values under other names: {changed}") } else { changed };
        let verdict = if judged { Verdict::Corrupt } else { Verdict::Identical };
        let line = check(id, "weights are not the recorded ones", verdict)
            .expected(recorded.weights_digest.short())
            .actual(actual);
        self.push(if judged {
            line.hint("restore the artifact, or accept the change: reproof accept PATH --reason TEXT")
        } else {
            line.status(CheckStatus::Warn)
        });
    }

    fn architecture(&mut self, subject: &Subject<'_>, digests: &Digests) {
        let id = "load.architecture";
        let recorded = &subject.stored.contract.artifact;
        if recorded.architecture_digest == digests.architecture {
            self.push(check_pass(id, "architecture is the recorded one"));
            return;
        }
        let judged = subject.relation == Relation::Same;
        let verdict = if judged { Verdict::Corrupt } else { Verdict::Identical };
        let line = check(id, "architecture is not the recorded one", verdict)
            .expected(recorded.architecture_digest.short())
            .actual(digests.architecture.short());
        self.push(if judged {
            line.hint("an operator, attribute, name, dtype or shape changed: compare with reproof inspect")
        } else {
            line.status(CheckStatus::Warn)
        });
    }

    /// Adds what was seen of a training's state.
    pub(super) fn training(&mut self, seen: Option<Check>) {
        self.checks.extend(seen);
    }

    /// Adds what restoring the model showed.
    pub(super) fn restored(&mut self, execution: &Execution) {
        self.seconds += execution.restore_seconds;
        self.peak_memory_bytes = execution.restore_peak;
        let runner = &execution.runner;
        let line = match &execution.load_failure {
            None if execution.is_graph && self.untouched => {
                let title = format!("the contract's graph of these bytes restored with {runner}");
                check_pass("load.restore", &title)
            }
            None => check_pass("load.restore", &format!("model restored with {runner}")),
            Some((verdict, what, hint)) => {
                check("load.restore", format!("{runner} did not restore the model"), *verdict)
                    .actual(what.clone())
                    .hint(hint.clone())
            }
        };
        self.push(line);
    }

    /// Adds the comparison of environments, of which a run that did not come to load the model tells nothing; a
    /// difference explains and never judges.
    pub(super) fn environment(&mut self, report: Option<&EnvironmentReport>) {
        let id = "load.environment";
        let Some(report) = report else {
            self.push(check_pass(id, "environment is not known").status(CheckStatus::Skip));
            return;
        };
        if report.differences.is_empty() {
            let anywhere = report.class == REFEREE && report.golden_class.as_deref() == Some(REFEREE);
            let title = if anywhere {
                "the goldens hold in every environment"
            } else {
                "environment is the recorded one"
            };
            self.push(check_pass(id, title));
            return;
        }
        let gravest = report.differences.iter().map(|difference| difference.grade).max();
        let items: Vec<&str> = report.differences.iter().map(|difference| difference.item.as_str()).collect();
        let harmless = gravest == Some(Grade::Harmless);
        let title = if harmless { "environment differs harmlessly" } else { "environment differs" };
        let line = check_pass(id, title).actual(list(&items, LISTED));
        self.push(if harmless { line } else { line.status(CheckStatus::Warn) });
    }

    /// The worst so far.
    pub(super) fn verdict(&self) -> Verdict {
        Verdict::worst(self.checks.iter().map(|check| check.verdict))
    }

    /// The phase.
    pub(super) fn phase(&self) -> Phase {
        Phase {
            name: PhaseName::Load,
            verdict: self.verdict(),
            seconds: self.seconds,
            peak_memory_bytes: self.peak_memory_bytes,
            checks: self.checks.clone(),
        }
    }
}
