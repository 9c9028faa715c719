//! Runs of the model with one thing changed, compared with what was recorded and with what comes without the change.

use std::path::Path;
use std::time::Instant;

use reproof_contract::diagnosis::{Experiment, Finding};
use reproof_contract::plan::{Purpose, Unit};
use reproof_contract::run::{Outcome, RunSpec, Status};
use reproof_contract::{Name, Real};
use reproof_tensor::Leaf;
use reproof_tensor::compare::difference;
use tempfile::TempDir;

use super::log::Log;
use super::{Case, DiagnoseError};
use crate::execution::{Runners, given};
use crate::folder::golden_folder;
use crate::judge::{Values, all_identical, leaves, table};
use crate::record::{explain, specification};
use crate::verify::{inputs, named};

/// What is left of a difference that an experiment has all but undone: less is rounding of what surrounds it.
const NEARER: f64 = 0.1;

/// Cases of the suite that differ, as recorded and as they are.
pub(super) struct Bench<'a> {
    case: &'a Case<'a>,
    template: Unit,
    pub(super) differing: Vec<Differing>,
    /// How far they are from the goldens.
    pub(super) distance: Option<f64>,
    /// Experiments that were made already.
    pub(super) log: Log,
}

/// One case that differs.
pub(super) struct Differing {
    pub(super) name: Name,
    pub(super) golden: Values,
    pub(super) current: Values,
}

/// A run whose outputs are there as long as this is: experiments are many, and the disk is not.
pub(super) struct Ran {
    pub(super) outcome: Outcome,
    _folder: TempDir,
}

/// The outputs of an experiment for one case, or why there are none.
pub(super) type Produced = Result<Values, String>;

impl<'a> Bench<'a> {
    /// What differs; nothing where no outputs can be compared.
    pub(super) fn new(case: &'a Case<'a>) -> Option<Self> {
        let execution = case.execution?;
        let contract = &case.stored.contract;
        let mut differing = Vec::new();
        for outcome in &execution.cases {
            let Some((_, golden)) = execution.golden(contract, outcome.name.as_str()) else { continue };
            let folder = case.stored.values.join(golden_folder(&golden.class, &outcome.name));
            let Ok(golden) = table::read(&folder, "outputs") else { continue };
            let Some(Ok(current)) = outcome.outputs.first().map(|folder| table::read(folder, "outputs"))
            else {
                continue;
            };
            if !all_identical(&golden, &current) {
                differing.push(Differing { name: outcome.name.clone(), golden, current });
            }
        }
        if differing.is_empty() {
            return None;
        }
        let cases = differing
            .iter()
            .map(|differing| inputs(&case.stored.values, &differing.name, execution.is_graph));
        let artifact = given(&execution.runner, case.path, &execution.model);
        let mut spec = specification(artifact, cases.collect(), case.options.limits);
        execution.settings.apply(&mut spec);
        let runner = execution.runner.clone();
        let template = Unit { runner, purpose: Purpose::Outputs, spec };
        let distance = farthest(differing.iter().map(|one| distance(&one.golden, &one.current)));
        let log = Log::open(case, &template, &differing);
        Some(Self { case, template, differing, distance, log })
    }

    /// The runner's name.
    pub(super) fn runner(&self) -> &str {
        &self.template.runner
    }

    /// How runs are set up without a change.
    pub(super) fn specification(&self) -> &RunSpec {
        &self.template.spec
    }

    /// Runs the cases that differ with one thing changed.
    pub(super) fn run(&self, title: &str, change: impl FnOnce(&mut RunSpec)) -> Result<Ran, DiagnoseError> {
        self.run_with(self.case.warm, title, change)
    }

    fn run_with(
        &self,
        runners: &Runners,
        title: &str,
        change: impl FnOnce(&mut RunSpec),
    ) -> Result<Ran, DiagnoseError> {
        let mut unit = self.template.clone();
        unit.purpose = Purpose::Perturbation(title.to_owned());
        change(&mut unit.spec);
        let failed = |source| DiagnoseError::Scratch { path: self.case.scratch.to_owned(), source };
        let folder = tempfile::tempdir_in(self.case.scratch).map_err(failed)?;
        let outcome = runners.execute(&unit, folder.path(), self.case.progress)?;
        Ok(Ran { outcome, _folder: folder })
    }

    /// What a run left in a folder for the case at `index`.
    pub(super) fn read(&self, index: usize, folder: &Path) -> Produced {
        let produced = table::read(folder, "outputs").map_err(|error| crate::chain(&error))?;
        let golden = self.differing.get(index).map(|one| &one.golden);
        let relation = self.case.report.relation;
        Ok(match golden {
            Some(golden) => named(golden, produced, relation),
            None => produced,
        })
    }

    /// Why a step gave nothing. Engines like to quote what they refuse, which private inputs forbid.
    pub(super) fn refusal(&self, status: &Status) -> String {
        if self.case.stored.contract.private.is_some() {
            return "it did not run; why is private".to_owned();
        }
        explain(status).0
    }

    /// Runs them with one thing changed and says what came of it.
    pub(super) fn experiment(
        &self,
        cause: &str,
        title: &str,
        change: impl FnOnce(&mut RunSpec),
    ) -> Result<Experiment, DiagnoseError> {
        self.experiment_with(self.case.warm, cause, title, change)
    }

    /// An experiment of which nothing came.
    pub(super) fn failed(&self, cause: &str, title: &str, problem: String) -> Experiment {
        self.judge(cause, title, &[Err(problem)], 0.0)
    }

    /// As [`Self::experiment`], with other runners.
    pub(super) fn experiment_with(
        &self,
        runners: &Runners,
        cause: &str,
        title: &str,
        change: impl FnOnce(&mut RunSpec),
    ) -> Result<Experiment, DiagnoseError> {
        if let Some(known) = self.log.known(cause, title) {
            return Ok(known);
        }
        let made = self.make(runners, cause, title, change)?;
        self.log.keep(&made);
        Ok(made)
    }

    /// Makes an experiment, whether or not it was made before.
    pub(super) fn make(
        &self,
        runners: &Runners,
        cause: &str,
        title: &str,
        change: impl FnOnce(&mut RunSpec),
    ) -> Result<Experiment, DiagnoseError> {
        let started = Instant::now();
        let ran = self.run_with(runners, title, change)?;
        let outcome = &ran.outcome;
        let cases = outcome.cases.iter().enumerate();
        let produced = cases.map(|(index, case)| match case.outputs.first() {
            Some(folder) if case.step.status.is_done() => self.read(index, folder),
            _ => Err(self.refusal(&case.step.status)),
        });
        let produced: Vec<Produced> = produced.collect();
        Ok(self.judge(cause, title, &produced, started.elapsed().as_secs_f64()))
    }

    /// What the outputs of every case, in the order of the bench, say of an experiment.
    pub(super) fn judge(&self, cause: &str, title: &str, produced: &[Produced], seconds: f64) -> Experiment {
        let experiment = |finding, distance: Option<f64>, note| Experiment {
            cause: cause.to_owned(),
            title: title.to_owned(),
            finding,
            distance: distance.map(Real),
            note,
            seconds: Real(seconds),
        };
        let all: Result<Vec<&Values>, &String> = produced.iter().map(Result::as_ref).collect();
        let all = match all {
            Ok(all) if all.len() == self.differing.len() => all,
            Ok(_) => return experiment(Finding::Failed, None, Some("a case did not run".to_owned())),
            Err(problem) => return experiment(Finding::Failed, None, Some(problem.clone())),
        };
        let pairs = || self.differing.iter().zip(&all);
        let left = farthest(pairs().map(|(one, produced)| distance(&one.golden, produced)));
        let finding = if pairs().all(|(one, produced)| all_identical(&one.golden, produced)) {
            Finding::Recorded
        } else if pairs().all(|(one, produced)| all_identical(&one.current, produced)) {
            Finding::Unchanged
        } else {
            match (left, self.distance) {
                (Some(left), Some(before)) if before > 0.0 && left <= before * NEARER => Finding::Nearer,
                _ => Finding::Other,
            }
        };
        experiment(finding, left, None)
    }
}

/// The largest of distances; nothing if one of them is not known.
fn farthest(distances: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    distances.into_iter().try_fold(0.0, |far: f64, one| Some(far.max(one?)))
}

/// The largest relative L2 difference among outputs of floats; nothing where they cannot be compared by numbers.
fn distance(golden: &Values, produced: &Values) -> Option<f64> {
    let (expected, actual) = (leaves(golden), leaves(produced));
    if expected.len() != actual.len() {
        return None;
    }
    let mut far = 0.0_f64;
    for ((path, golden), (other, produced)) in expected.into_iter().zip(actual) {
        let (Leaf::Tensor(golden), Leaf::Tensor(produced)) = (golden, produced) else { continue };
        if path != other || golden.dtype() != produced.dtype() || golden.shape() != produced.shape() {
            return None;
        }
        // Classes and tokens have no distance.
        if !golden.dtype().is_float() {
            continue;
        }
        let difference = difference(golden.view(), produced.view())?;
        // A NaN on one side only is as far away as anything.
        let l2 = if difference.special_mismatches > 0 { f64::INFINITY } else { difference.relative_l2 };
        far = far.max(l2);
    }
    Some(far)
}
