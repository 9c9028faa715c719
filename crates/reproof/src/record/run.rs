//! Runs the same cases in many ways and keeps what came out.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reproof_contract::environment::Environment;
use reproof_contract::plan::{Purpose, Unit};
use reproof_contract::run::{CaseInput, ModelState, Outcome, RunSpec, Status, Taps};
use reproof_contract::signature::Source;
use reproof_contract::{Name, taps};
use reproof_digest::Digest;
use reproof_progress::Progress;

use super::{RecordError, RecordOptions, explain};
use crate::artifact::Artifact;
use crate::cases::Case;
use crate::execution::{Runners, given};
use crate::folder::{self, case_folder};
use crate::judge::{Values, table};
use crate::trust::settle;

/// What came out of one run of all cases.
#[derive(Debug)]
pub(crate) struct Completed {
    /// How loading ended.
    pub(crate) load: Status,
    /// Where it ran.
    pub(crate) environment: Option<Environment>,
    /// Per case: how it ended, and the outputs of every repeat.
    pub(crate) cases: BTreeMap<Name, (Status, Vec<Values>)>,
    /// What the model computed on its way, of cases of which it was asked for.
    pub(crate) taps: BTreeMap<Name, taps::Taps>,
    /// What the model remembers, where it was asked for.
    pub(crate) state: Option<ModelState>,
    /// Files beside the weights that have a part in what it computes.
    pub(crate) sources: Vec<Source>,
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
    /// Prepares runs of `artifact`, which has the artifact digest `digest`, over the cases that lie below `suite`.
    pub(crate) fn new(
        artifact: &Artifact,
        digest: Digest,
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
        let mut spec = specification(
            given(&options.runner, &artifact.path, &artifact.model),
            cases.collect(),
            options.limits,
        );
        let settings = settle(&options.settings, &options.runner, &artifact.path, Some(digest));
        let settings = settings.map_err(|status| {
            let (what, hint) = explain(&status);
            RecordError::Undecided { what, hint }
        })?;
        settings.apply(&mut spec);
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

    /// How runs are set up.
    pub(crate) fn specification(&self) -> &RunSpec {
        &self.template.spec
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
        loading: reproof_contract::run::Loading::default(),
        taps: Taps::None,
        given: BTreeMap::new(),
        trials: Vec::new(),
        limits,
        repeats: 1,
    }
}

/// Reads the outputs that a run left.
fn complete(outcome: Outcome, elapsed: Duration) -> Result<Completed, RecordError> {
    let (mut cases, mut taps) = (BTreeMap::new(), BTreeMap::new());
    for case in outcome.cases {
        if let Some(steps) = case.taps.as_deref().and_then(folder::steps) {
            taps.insert(case.name.clone(), steps);
        }
        let read = |path: &PathBuf| {
            table::read(path, "outputs").map_err(|source| RecordError::Outputs { path: path.clone(), source })
        };
        let outputs = case.outputs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        cases.insert(case.name, (case.step.status, outputs));
    }
    Ok(Completed {
        load: outcome.load.status,
        environment: outcome.environment,
        cases,
        taps,
        state: outcome.state,
        sources: outcome.sources,
        elapsed,
    })
}
