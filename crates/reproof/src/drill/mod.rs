//! Planting faults: which mistakes a suite of goldens would catch, at which rung, and whether a diagnosis names them.
//!
//! Every fault is a real verification of a model that has it: planted into the loaded model where a framework of Python runs
//! it, into a copy of the file where tensors lie there as they are. What counts is what outputs say; that bytes of a file
//! changed is seen without a suite.

mod answer;
mod error;
mod files;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reproof_contract::drill::{FaultDrill, FaultDrillSchema, FaultOutcome, PlantedFault};
use reproof_contract::plan::{Purpose, Unit as Work};
use reproof_contract::run::RunSpec;
use reproof_contract::{Real, Report, Verdict};
use reproof_progress::{Progress, Unit};

use self::files::FileFault;
use crate::artifact::Artifact;
use crate::diagnose::{DiagnoseOptions, verify_and_diagnose};
use crate::execution::{PYTHON, Runners, given};
use crate::folder::{self, StoredContract, case_input};
use crate::record::specification;
use crate::verify::{Execution, VerifyOptions, examine};
pub use error::FaultError;

/// What a drill of faults is told.
#[derive(Clone, Debug)]
pub struct FaultOptions {
    /// How each model that has a fault is verified; as the same artifact, whatever is said.
    pub verifying: VerifyOptions,
    /// Beginnings of the faults that are planted; all that are known where none is given.
    pub only: Vec<String>,
    /// Time for all faults; none is planted later.
    pub budget: Duration,
    /// Time for the diagnosis of each, where one is asked for.
    pub diagnose: Option<Duration>,
}

/// A fault, and where it is planted.
enum Fault {
    Loaded(String),
    File(FileFault),
}

impl Fault {
    fn text(&self) -> &str {
        match self {
            Self::Loaded(text) => text,
            Self::File(fault) => &fault.text,
        }
    }
}

/// Plants one fault after the other and verifies what has it.
pub fn drill_faults(
    path: &Path,
    options: &FaultOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<FaultDrill, FaultError> {
    if !path.exists() {
        return Err(FaultError::NoArtifact { path: path.to_owned() });
    }
    let place = options.verifying.folder.clone().unwrap_or_else(|| folder::beside(path));
    let stored = folder::read(&place)?.look_below(options.verifying.private_root.as_deref());
    let warm = &runners.warm();
    let drill =
        Drill { path, place, stored: &stored, options, runners: warm, progress, began: Instant::now() };
    let (untouched, execution) = {
        let scratch = scratch()?;
        let verifying = drill.verifying(Vec::new());
        let (report, execution) = examine(path, &verifying, runners, scratch.path(), progress)?;
        (report, execution.filter(Execution::loaded))
    };
    let verdict = over_outputs(&untouched);
    let Some((verdict, execution)) = verdict.zip(execution) else {
        return Err(FaultError::NoOutputs { summary: untouched.summary });
    };
    if verdict.is_negative() || verdict == Verdict::Undecided {
        return Err(FaultError::Differs { verdict, summary: untouched.summary });
    }
    let artifact = Artifact::open_any(path)?;
    let faults = drill.known(&artifact, &execution)?;
    progress.begin("planting faults", Some(faults.len() as u64), Unit::Items);
    let (mut planted, mut left_out) = (Vec::new(), 0);
    for fault in &faults {
        if drill.began.elapsed() > options.budget {
            left_out += 1;
            continue;
        }
        planted.push(drill.plant(&artifact, fault)?);
        progress.advance(1);
    }
    progress.end();
    Ok(FaultDrill {
        schema: FaultDrillSchema::V0,
        path: untouched.artifact.path,
        contract: stored.digest,
        runner: untouched.runner,
        untouched: verdict,
        advice: answer::advice(&planted),
        faults: planted,
        left_out,
    })
}

/// What all verifications of a drill share.
struct Drill<'a> {
    path: &'a Path,
    place: PathBuf,
    stored: &'a StoredContract,
    options: &'a FaultOptions,
    runners: &'a Runners,
    progress: &'a dyn Progress,
    began: Instant,
}

impl Drill<'_> {
    /// How a model that has these faults is verified.
    fn verifying(&self, planted: Vec<String>) -> VerifyOptions {
        let mut verifying = self.options.verifying.clone();
        verifying.folder = Some(self.place.clone());
        verifying.relation = Some(reproof_contract::Relation::Same);
        verifying.settings.loading.planted = planted;
        verifying
    }

    /// The faults that are planted.
    fn known(&self, artifact: &Artifact, execution: &Execution) -> Result<Vec<Fault>, FaultError> {
        let loaded = if execution.runner == PYTHON { self.of_loaded(execution)? } else { Vec::new() };
        let files = files::known(artifact).into_iter().map(Fault::File);
        let all: Vec<Fault> = loaded.into_iter().map(Fault::Loaded).chain(files).collect();
        let wanted = |fault: &Fault| {
            self.options.only.is_empty()
                || self.options.only.iter().any(|only| fault.text().starts_with(only))
        };
        let known: Vec<String> = all.iter().map(|fault| fault.text().to_owned()).collect();
        let chosen: Vec<Fault> = all.into_iter().filter(wanted).collect();
        if chosen.is_empty() {
            return Err(FaultError::NoFaults { path: self.path.to_owned(), known });
        }
        Ok(chosen)
    }

    /// Faults that the framework knows for this model, as the cases of the suite use it.
    fn of_loaded(&self, execution: &Execution) -> Result<Vec<String>, FaultError> {
        let contract = &self.stored.contract;
        let cases = contract.suite.iter().map(|case| case_input(&self.stored.values, &case.name));
        let artifact = given(&execution.runner, self.path, &execution.model);
        let mut spec: RunSpec = specification(artifact, cases.collect(), self.options.verifying.limits);
        execution.settings.apply(&mut spec);
        spec.trials = vec!["!".to_owned()];
        let unit = Work {
            runner: execution.runner.clone(),
            purpose: Purpose::Perturbation("faults".to_owned()),
            spec,
        };
        let scratch = scratch()?;
        let outcome = self.runners.execute(&unit, scratch.path(), self.progress)?;
        // What a case shows of the model is known to all after it.
        Ok(outcome
            .cases
            .into_iter()
            .rev()
            .map(|case| case.catalogue)
            .find(|faults| !faults.is_empty())
            .unwrap_or_default())
    }

    /// Verifies, and diagnoses where that is asked for, a model that has a fault.
    fn plant(&self, artifact: &Artifact, fault: &Fault) -> Result<PlantedFault, FaultError> {
        let scratch = scratch()?;
        let failed = |note: String| PlantedFault {
            fault: fault.text().to_owned(),
            outcome: FaultOutcome::Failed,
            verdict: None,
            distance: None,
            cases: Vec::new(),
            named: None,
            note: Some(note),
        };
        let (path, planted) = match fault {
            Fault::Loaded(text) => (self.path.to_owned(), vec![text.clone()]),
            Fault::File(file) => match file.plant(artifact, scratch.path()) {
                Ok(copy) => (copy, Vec::new()),
                Err(error) => return Ok(failed(format!("a copy could not be made: {error}"))),
            },
        };
        let verifying = self.verifying(planted);
        let (report, named) = match self.options.diagnose {
            None => (examine(&path, &verifying, self.runners, scratch.path(), self.progress)?.0, None),
            Some(budget) => {
                let started = Instant::now();
                let diagnosing = DiagnoseOptions::of(&verifying, budget);
                let (report, diagnosis) =
                    verify_and_diagnose(&path, &verifying, &diagnosing, self.runners, self.progress)?;
                (report, Some(answer::named(fault.text(), diagnosis, started.elapsed())))
            }
        };
        let Some(verdict) = over_outputs(&report) else { return Ok(failed(report.summary)) };
        let outcome = match verdict {
            Verdict::Identical => FaultOutcome::Unseen,
            verdict if verdict.is_negative() => FaultOutcome::Caught,
            Verdict::Undecided => FaultOutcome::Failed,
            _ => FaultOutcome::Accepted,
        };
        let outputs = report.cases.iter().flat_map(|case| &case.outputs);
        let distances = outputs.filter_map(|output| Some(output.metrics.as_ref()?.relative_l2.0));
        let catching = report.cases.iter().filter(|case| case.verdict.is_negative());
        Ok(PlantedFault {
            fault: fault.text().to_owned(),
            outcome,
            verdict: Some(verdict),
            distance: distances.reduce(f64::max).map(Real),
            cases: catching.map(|case| case.name.clone()).collect(),
            named: named.filter(|_| outcome != FaultOutcome::Unseen),
            note: (outcome == FaultOutcome::Failed).then_some(report.summary),
        })
    }
}

/// The verdict over the outputs of all cases; nothing where none was compared.
fn over_outputs(report: &Report) -> Option<Verdict> {
    (!report.cases.is_empty()).then(|| Verdict::worst(report.cases.iter().map(|case| case.verdict)))
}

fn scratch() -> Result<crate::Scratch, FaultError> {
    crate::Scratch::new().map_err(|source| FaultError::Scratch { path: std::env::temp_dir(), source })
}
