//! The current definition in float64, for cases whose bits differ or whose definition is in doubt.

use std::path::{Path, PathBuf};

use reproof_contract::Name;
use reproof_contract::contract::RefereeRecord;
use reproof_contract::plan::{Purpose, Unit as Work};
use reproof_contract::run::{CaseInput, CaseOutcome, Outcome};
use reproof_progress::Unit;

use super::changed::{self, named};
use super::execute::Execution;
use super::stages::Restaged;
use super::validate::Sides;
use super::{Subject, VerifyError};
use crate::execution::{REFEREE, given};
use crate::folder::{case_folder, golden_folder};
use crate::judge::{Values, table};
use crate::record::{explain, specification, widen};

/// What came of it.
#[derive(Default)]
pub(super) struct Reran {
    /// By case.
    pub(super) outputs: Vec<(Name, Result<Values, String>)>,
    pub(super) peak: Option<u64>,
    /// Whether the engine whose bits are defined made both the recorded outputs and these, by one version of the
    /// definition: over the same bytes they are the same bits.
    pub(super) bit_for_bit: bool,
}

/// What is rerun, and where.
pub(super) struct Rerun<'a, 'b> {
    pub(super) subject: &'a Subject<'b>,
    pub(super) execution: &'a Execution,
    pub(super) restaged: &'a [Restaged],
    pub(super) scratch: &'a Path,
}

impl Rerun<'_, '_> {
    /// Reruns the definition for the cases that differ and have a recorded referee.
    pub(super) fn of(&self, differing: &[&Sides<'_>]) -> Result<Reran, VerifyError> {
        let subject = self.subject;
        let RefereeRecord::Float64 { runner: recorded, engine } = &subject.stored.contract.referee else {
            return Ok(Reran::default());
        };
        if differing.is_empty() {
            return Ok(Reran::default());
        }
        if self.execution.is_graph {
            return Ok(self.stored(differing));
        }
        let Some(runner) = changed::referee(subject, self.execution) else {
            let reason = format!("no runner here computes in float64 as {recorded} did");
            let outputs = differing.iter().map(|sides| (sides.record.name.clone(), Err(reason.clone())));
            return Ok(Reran { outputs: outputs.collect(), ..Reran::default() });
        };
        let outcome = self.run(runner, differing)?;
        let made_by = outcome.environment.as_ref().map(|environment| &environment.engine);
        let same_engine = made_by.is_some_and(|made| *engine == format!("{} {}", made.name, made.version));
        let bit_for_bit = runner == REFEREE && recorded == REFEREE && same_engine;
        let peak = outcome.cases.iter().filter_map(|case| case.step.peak_memory_bytes).max();
        let outputs = outcome.cases.iter().map(|case| (case.name.clone(), self.outputs(case, differing)));
        Ok(Reran { outputs: outputs.collect(), peak, bit_for_bit })
    }

    /// The recorded outputs: the contract's own graph was proved when it was recorded, what is left to judge is its
    /// rounding.
    fn stored(&self, differing: &[&Sides<'_>]) -> Reran {
        let stored = |sides: &&Sides<'_>| {
            let folder = self.subject.stored.values.join(golden_folder(sides.class, &sides.record.name));
            let read = table::read(&folder, "referee").map_err(|error| crate::chain(&error));
            (sides.record.name.clone(), read)
        };
        Reran { outputs: differing.iter().map(stored).collect(), ..Reran::default() }
    }

    fn run(&self, runner: &str, differing: &[&Sides<'_>]) -> Result<Outcome, VerifyError> {
        let Self { subject, execution, scratch, .. } = self;
        let cases = differing.iter().map(|sides| {
            let folder = self.inputs(&sides.record.name);
            CaseInput {
                name: sides.record.name.clone(),
                folder: std::path::absolute(&folder).unwrap_or(folder),
            }
        });
        let artifact = given(runner, subject.path, &execution.model);
        let mut spec = specification(artifact, cases.collect(), subject.options.limits);
        execution.settings.place(&mut spec);
        widen(&mut spec);
        let unit = Work { runner: runner.to_owned(), purpose: Purpose::Referee, spec };
        subject.progress.begin("asking the referee in float64", Some(differing.len() as u64), Unit::Items);
        let outcome = subject.runners.execute(&unit, scratch, subject.progress)?;
        subject.progress.end();
        Ok(outcome)
    }

    /// Where the inputs of a case lie: behind preprocessing, where that changed.
    fn inputs(&self, name: &Name) -> PathBuf {
        match self.restaged.iter().find(|staged| staged.name == *name) {
            Some(staged) => staged.folder.clone(),
            None => self.subject.stored.values.join(case_folder(name)),
        }
    }

    fn outputs(&self, case: &CaseOutcome, differing: &[&Sides<'_>]) -> Result<Values, String> {
        let outputs = match case.outputs.first().filter(|_| case.step.status.is_done()) {
            Some(folder) => table::read(folder, "outputs").map_err(|error| crate::chain(&error))?,
            None => return Err(explain(&case.step.status).0),
        };
        let sides = differing.iter().find(|sides| sides.record.name == case.name);
        let golden = sides.and_then(|sides| sides.loaded.as_ref().ok()?.0.first());
        Ok(match golden {
            Some(golden) => named(golden, outputs, self.subject.relation),
            None => outputs,
        })
    }
}
