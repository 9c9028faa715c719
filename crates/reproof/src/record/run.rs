//! Runs the same cases in many ways and keeps what came out.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reproof_contract::contract::CaseOrigin;
use reproof_contract::environment::Environment;
use reproof_contract::plan::{Purpose, Unit};
use reproof_contract::run::{CaseInput, LimitKind, Outcome, RunSpec, Status, Taps};
use reproof_contract::{CaseClass, Name};
use reproof_formats::values;
use reproof_progress::Progress;

use super::{RecordError, RecordOptions};
use crate::artifact::Artifact;
use crate::cases::Case;
use crate::execution::Runners;
use crate::folder::case_folder;
use crate::judge::Values;

/// What came out of one run of all cases.
#[derive(Debug)]
pub(crate) struct Completed {
    /// How loading ended.
    pub(crate) load: Status,
    /// Where it ran.
    pub(crate) environment: Option<Environment>,
    /// Per case: how it ended, and the outputs of every repeat.
    pub(crate) cases: BTreeMap<Name, (Status, Vec<Values>)>,
    /// Wall time of the whole run.
    pub(crate) elapsed: Duration,
}

impl Completed {
    /// The outputs of the first repeat of a case that was done.
    pub(crate) fn outputs(&self, case: &Name) -> Option<&Values> {
        let (status, repeats) = self.cases.get(case)?;
        repeats.first().filter(|_| status.is_done())
    }

    /// The words with which a case was refused.
    pub(crate) fn refusal(&self, case: &Name) -> Option<String> {
        match &self.cases.get(case)?.0 {
            Status::Done => None,
            status => Some(explain(status).0),
        }
    }
}

/// Runs of one artifact over one suite.
pub(crate) struct Sweep<'a> {
    runners: &'a Runners,
    template: Unit,
    scratch: &'a Path,
    started: Instant,
    budget: Option<Duration>,
}

impl<'a> Sweep<'a> {
    /// Prepares runs of `artifact` over the cases that lie below `suite`.
    pub(crate) fn new(
        artifact: &Artifact,
        options: &RecordOptions,
        runners: &'a Runners,
        suite: &Path,
        scratch: &'a Path,
    ) -> Result<Self, RecordError> {
        if options.cases.is_empty() {
            return Err(RecordError::NoCases);
        }
        let cases = options.cases.iter();
        let cases = cases
            .map(|case| CaseInput { name: case.name.clone(), folder: suite.join(case_folder(&case.name)) });
        let mut spec = specification(&artifact.model, cases.collect(), options.limits);
        options.settings.apply(&mut spec);
        let template = Unit { runner: options.runner.clone(), purpose: Purpose::Outputs, spec };
        Ok(Self { runners, template, scratch, started: Instant::now(), budget: options.budget })
    }

    /// Leaves out all other cases from now on.
    pub(crate) fn restrict(&mut self, kept: &[&Case]) {
        let names: HashSet<&Name> = kept.iter().map(|case| &case.name).collect();
        self.template.spec.cases.retain(|case| names.contains(&case.name));
    }

    /// Whether another run of `length` still fits the budget.
    pub(crate) fn affords(&self, length: Duration) -> bool {
        self.budget.is_none_or(|budget| self.started.elapsed() + length <= budget)
    }

    /// The runner that makes the goldens.
    pub(crate) fn runner(&self) -> &str {
        &self.template.runner
    }

    /// What the whole recording will cost, said after the first run.
    pub(crate) fn estimate(&self, first: &Completed) -> String {
        let runs = 3 + super::envelope::perturbations(self.runner()).len();
        let seconds = first.elapsed.as_secs_f64();
        format!("one run takes {seconds:.1} s; about {runs} runs, {:.0} s in all", seconds * runs as f64)
    }

    /// Runs all cases with the runner of the goldens, changed by `change`.
    pub(crate) fn run(
        &self,
        purpose: Purpose,
        change: impl FnOnce(&mut RunSpec),
        progress: &dyn Progress,
    ) -> Result<Completed, RecordError> {
        self.run_with(&self.template.runner, purpose, change, progress)
    }

    /// Runs all cases with another runner.
    pub(crate) fn run_with(
        &self,
        runner: &str,
        purpose: Purpose,
        change: impl FnOnce(&mut RunSpec),
        progress: &dyn Progress,
    ) -> Result<Completed, RecordError> {
        let mut unit = Unit { runner: runner.to_owned(), purpose, ..self.template.clone() };
        change(&mut unit.spec);
        let started = Instant::now();
        let outcome = self.runners.execute(&unit, self.scratch, progress)?;
        let completed = complete(outcome, started.elapsed())?;
        // The outputs are in memory now; the next run may need the disk.
        let _ =
            unit.digest().map(|digest| std::fs::remove_dir_all(self.scratch.join(&digest.to_hex()[..16])));
        Ok(completed)
    }
}

/// A plain run: stored precision, one repeat, one thread, on the processor.
pub(crate) fn specification(
    model: &Path,
    cases: Vec<CaseInput>,
    limits: reproof_contract::run::Limits,
) -> RunSpec {
    RunSpec {
        artifact: std::path::absolute(model).unwrap_or_else(|_| model.to_owned()),
        cases,
        device: reproof_contract::run::Device::Cpu,
        precision: reproof_contract::run::Precision::Stored,
        threads: None,
        options: BTreeMap::new(),
        variables: BTreeMap::new(),
        packages: Vec::new(),
        taps: Taps::None,
        limits,
        repeats: 1,
    }
}

/// Reads the outputs that a run left.
fn complete(outcome: Outcome, elapsed: Duration) -> Result<Completed, RecordError> {
    let mut cases = BTreeMap::new();
    for case in outcome.cases {
        let read = |path: &PathBuf| {
            values::read(path, "outputs")
                .map_err(|source| RecordError::Outputs { path: path.clone(), source })
        };
        let outputs = case.outputs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        cases.insert(case.name, (case.step.status, outputs));
    }
    Ok(Completed { load: outcome.load.status, environment: outcome.environment, cases, elapsed })
}

/// Refuses to go on with a model that did not load.
pub(super) fn check_loaded(first: &Completed) -> Result<(), RecordError> {
    match &first.load {
        Status::Done => Ok(()),
        Status::Refused { message } => Err(RecordError::Unloadable { message: message.clone() }),
        status => {
            let (what, hint) = explain(status);
            Err(RecordError::Undecided { what, hint })
        }
    }
}

/// The cases that are recorded. Proposals are guesses: a typical one that the model refuses is left out; every other
/// refusal is recorded. What the engine could not decide is never a golden.
pub(super) fn keep<'a>(
    cases: &'a [Case],
    first: &Completed,
    notes: &mut Vec<String>,
) -> Result<Vec<&'a Case>, RecordError> {
    let mut kept = Vec::new();
    let (mut last, mut refusal) = (None, None);
    for case in cases {
        let Some((status, _)) = first.cases.get(&case.name) else { continue };
        let (what, hint) = explain(status);
        let proposed = case.origin == CaseOrigin::Proposed;
        let typical = case.class == CaseClass::Typical;
        match status {
            Status::Done => kept.push(case),
            Status::Refused { .. } if !(proposed && typical) => {
                kept.push(case);
                refusal = Some(what);
            }
            // A proposal is a guess: one that the model or the engine cannot take is no part of the promise.
            Status::Refused { .. } | Status::Unsupported { .. } if proposed => {
                notes.push(format!("case {} left out: {what}", case.name));
                if typical {
                    let refused = matches!(status, Status::Refused { .. });
                    let hint =
                        if refused { "give inputs that it takes with --cases FILE".to_owned() } else { hint };
                    last = Some(RecordError::NoTypical { message: what, refused, hint });
                }
            }
            _ if proposed && !typical => notes.push(format!("case {} left out: {what}", case.name)),
            _ => return Err(RecordError::Undecided { what, hint }),
        }
    }
    let done = |case: &&Case| case.class == CaseClass::Typical && first.outputs(&case.name).is_some();
    if kept.iter().any(done) {
        return Ok(kept);
    }
    Err(last.unwrap_or_else(|| RecordError::NoTypical {
        message: refusal.unwrap_or_else(|| "there is none".to_owned()),
        refused: true,
        hint: "check them against the model's signature: reproof inspect PATH".to_owned(),
    }))
}

/// Inputs and outputs of a suite together, in bytes, before proposals are given up for its size.
const LARGEST_SUITE: u64 = 64 << 20;

/// Leaves out the largest proposals that are not typical until the suite is small enough to travel with the artifact.
pub(super) fn within_size<'a>(
    mut kept: Vec<&'a Case>,
    first: &Completed,
    notes: &mut Vec<String>,
) -> Vec<&'a Case> {
    let bytes = |values: &Values| -> u64 {
        let tensors = values.iter().flat_map(|(_, value)| value.tensors());
        tensors.map(|tensor| tensor.bytes().len() as u64).sum()
    };
    let size = |case: &Case| bytes(&case.inputs) + first.outputs(&case.name).map_or(0, bytes);
    let mut total: u64 = kept.iter().map(|case| size(case)).sum();
    while total > LARGEST_SUITE {
        let optional = |case: &Case| case.origin == CaseOrigin::Proposed && case.class != CaseClass::Typical;
        let candidates = kept.iter().enumerate().filter(|(_, case)| optional(case));
        let Some((index, _)) = candidates.max_by_key(|(_, case)| size(case)) else {
            notes.push(format!(
                "the suite holds {} MiB: fewer or smaller inputs make it travel better",
                total >> 20
            ));
            break;
        };
        let case = kept.remove(index);
        total -= size(case);
        notes.push(format!("case {} left out: the suite would be larger than 64 MiB", case.name));
    }
    kept
}

/// How a step ended, in words, and what to do about it.
pub(crate) fn explain(status: &Status) -> (String, String) {
    match status {
        Status::Done => ("done".to_owned(), String::new()),
        Status::Refused { message } => {
            (message.clone(), "check the inputs against the model's signature".to_owned())
        }
        Status::Unsupported { what, hint } => (what.clone(), hint.clone()),
        Status::Limit { limit: LimitKind::Time, value } => (
            format!("the run took longer than {:.1} s", *value as f64 / 1000.0),
            "give it more time with --timeout".to_owned(),
        ),
        Status::Limit { limit: LimitKind::Memory, value } => (
            format!("the run needed more than {} MiB of memory", value >> 20),
            "give it more with --memory-limit".to_owned(),
        ),
        Status::Died { how, last_words } => {
            let out_of_memory = ["memory allocation of", "bad_alloc", "Failed to allocate memory"];
            if out_of_memory.iter().any(|sign| last_words.contains(sign)) {
                return (
                    format!("the run was refused memory: {}", shorten(last_words)),
                    "give it more with --memory-limit, on a machine that has it".to_owned(),
                );
            }
            let words =
                if last_words.is_empty() { String::new() } else { format!(": {}", shorten(last_words)) };
            (format!("the engine died ({how}){words}"), "try the other engine (--runner)".to_owned())
        }
    }
}

/// The last line of what a child printed, cut to a readable length.
fn shorten(words: &str) -> String {
    let line = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim().chars().take(200).collect()
}
