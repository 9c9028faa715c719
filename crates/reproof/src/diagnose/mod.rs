//! Why an artifact gives other outputs, and what proves it.
//!
//! A diagnosis begins with a verification. What that saw is evidence of its own: bytes, code, preprocessing, the environment.
//! Then experiments run the model again with one thing changed. One that gives the recorded bits has found what differs:
//! of all settings that move any bit, each has bits of its own (facts measured with 22 of them), so that a match is no chance.

mod acceptable;
mod bench;
mod conclude;
mod contents;
mod errors;
mod evidence;
mod experiments;
mod log;
mod look;
mod packages;
mod repeat;
mod start;
mod trials;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use reproof_contract::diagnosis::{Diagnosis, DiagnosisSchema};
use reproof_contract::run::Limits;
use reproof_contract::{Name, Relation, Report, Verdict};
use reproof_formats::FormatError;
use reproof_progress::Progress;

use crate::artifact::OpenError;
use crate::execution::{ExecuteError, Runners, Settings};
use crate::folder::{self, FolderError, StoredContract};
use crate::verify::{Execution, VerifyError, VerifyOptions, examine};

pub use errors::errors;
pub use packages::Builds;

/// What a diagnosis is told.
#[derive(Clone, Debug)]
pub struct DiagnoseOptions {
    /// The contract's folder, if not beside the artifact.
    pub folder: Option<PathBuf>,
    /// The root of all private suites of the user, where there is one.
    pub private_root: Option<PathBuf>,
    /// The engine under test; by default the one that recorded, where it is there.
    pub runner: Option<String>,
    /// The case to run; by default the first typical one.
    pub case: Option<Name>,
    /// Threads and engine options of each run.
    pub settings: Settings,
    /// Limits of each run.
    pub limits: Limits,
    /// The path as reports show it.
    pub shown_path: Option<String>,
    /// What the artifact is to the contract; by default the same, or converted with a folder.
    pub relation: Option<Relation>,
    /// Time for experiments; none is begun later.
    pub budget: Duration,
    /// A folder for the experiments of diagnoses that do not come to their end, so that the next one goes on.
    pub log: Option<PathBuf>,
    /// Where environments are built to find the package that makes the difference; nothing leaves that out.
    pub builds: Option<Builds>,
}

/// Why a diagnosis could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DiagnoseError {
    /// There is nothing at the path.
    #[error("no artifact at {}", path.display())]
    NoArtifact {
        /// The path.
        path: PathBuf,
    },
    /// The contract could not be read.
    #[error(transparent)]
    Contract(#[from] FolderError),
    /// The contract has no such case.
    #[error("the contract has no case {case}, it has {}", known.join(", "))]
    NoCase {
        /// What was asked for.
        case: String,
        /// The cases there are.
        known: Vec<String>,
    },
    /// The artifact is no graph of ONNX, and its contract holds none.
    #[error("{} is no ONNX graph, and its contract holds none", path.display())]
    NoGraph {
        /// The path.
        path: PathBuf,
    },
    /// The artifact could not be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The graph could not be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// A run could not be made.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// The verification that a diagnosis begins with could not be made.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// A run did not give what was asked for.
    #[error("{runner} did not run the case: {what}")]
    Failed {
        /// The runner.
        runner: String,
        /// What happened.
        what: String,
        /// What to do.
        hint: String,
    },
    /// There is no folder for temporary files.
    #[error("could not write below {}", path.display())]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Diagnoses the artifact at `path`: verifies it, and finds out why it is not as recorded.
pub fn diagnose(
    path: &Path,
    options: &DiagnoseOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Diagnosis, DiagnoseError> {
    contract_of(path, options)?;
    let verifying = VerifyOptions {
        folder: options.folder.clone(),
        private_root: options.private_root.clone(),
        relation: options.relation,
        runner: options.runner.clone(),
        settings: options.settings.clone(),
        limits: options.limits,
        shown_path: options.shown_path.clone(),
        ..VerifyOptions::new(SystemTime::now())
    };
    verify_and_diagnose(path, &verifying, options, runners, progress).map(|(_, diagnosis)| diagnosis)
}

impl DiagnoseOptions {
    /// As a verification is told, with time for experiments.
    pub fn of(verifying: &VerifyOptions, budget: Duration) -> Self {
        Self {
            folder: verifying.folder.clone(),
            private_root: verifying.private_root.clone(),
            runner: verifying.runner.clone(),
            case: None,
            settings: verifying.settings.clone(),
            limits: verifying.limits,
            shown_path: verifying.shown_path.clone(),
            relation: verifying.relation,
            budget,
            log: None,
            builds: None,
        }
    }

    /// With a folder of experiments in the user's cache.
    #[must_use]
    pub fn keeping(self, cache: Option<&Path>) -> Self {
        Self { log: cache.map(|cache| cache.join("diagnoses")), ..self }
    }
}

/// The report of a verification, which says why where something differs.
pub fn verify_and_explain(
    path: &Path,
    verifying: &VerifyOptions,
    options: &DiagnoseOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Report, DiagnoseError> {
    let (report, diagnosis) = verify_and_diagnose(path, verifying, options, runners, progress)?;
    let differs = report.verdict != Verdict::Identical;
    Ok(Report { diagnosis: differs.then(|| Box::new(diagnosis)), ..report })
}

/// Verifies the artifact at `path` as `verifying` says, and finds out why it is not as recorded.
pub fn verify_and_diagnose(
    path: &Path,
    verifying: &VerifyOptions,
    options: &DiagnoseOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<(Report, Diagnosis), DiagnoseError> {
    let scratch = crate::Scratch::new()
        .map_err(|source| DiagnoseError::Scratch { path: std::env::temp_dir(), source })?;
    let (report, execution) = examine(path, verifying, runners, scratch.path(), progress)?;
    let stored = contract_of(path, options)?;
    let case = Case {
        path,
        stored: &stored,
        report: &report,
        execution: execution.as_ref().filter(|execution| execution.loaded()),
        options,
        runners,
        warm: &runners.warm(),
        scratch: scratch.path(),
        progress,
        deadline: Instant::now() + options.budget,
    };
    let diagnosis = explain(&case)?;
    Ok((report, diagnosis))
}

/// Why the artifact of a case is not as recorded.
fn explain(case: &Case<'_>) -> Result<Diagnosis, DiagnoseError> {
    let (stored, report) = (case.stored, case.report);
    let mut found = Found::default();
    if let Some(damaged) = evidence::damaged_contract(case) {
        found.causes.push(damaged);
    } else if report.verdict != Verdict::Identical {
        contents::read(case, &mut found);
        evidence::read(case, &mut found);
        if let Some(bench) = bench::Bench::new(case) {
            let seen = look::look(case, &bench)?;
            found.start = seen.start.as_ref().map(|begun| begun.start.clone());
            experiments::make(case, &bench, seen.loaded, &mut found)?;
            packages::make(case, &bench, &mut found);
            if let (Some(start), Some(begun), Some(undo)) = (&mut found.start, &seen.start, &found.undo) {
                start.heatmap = start::heat(case, &bench, begun, &|spec| undo.apply(spec));
            }
            bench.log.end(found.left_out);
        }
        let named = found.settled || found.unsteady;
        if let Some(start) = found.start.as_ref().filter(|_| !named) {
            found.causes.extend(start::cause(case, start));
        }
    }
    let conclusion = conclude::conclude(case, found);
    Ok(Diagnosis {
        schema: DiagnosisSchema::V0,
        path: report.artifact.path.clone(),
        contract: stored.digest,
        runner: report.runner.clone(),
        verdict: report.verdict,
        acceptable: acceptable::acceptable(report, &conclusion.causes),
        summary: conclusion.summary,
        causes: conclusion.causes,
        start: conclusion.start,
        unresolved: conclusion.unresolved,
        experiments: conclusion.experiments,
    })
}

/// The contract of an artifact that must be there.
fn contract_of(path: &Path, options: &DiagnoseOptions) -> Result<StoredContract, DiagnoseError> {
    if !path.exists() {
        return Err(DiagnoseError::NoArtifact { path: path.to_owned() });
    }
    let place = options.folder.clone().unwrap_or_else(|| folder::beside(path));
    Ok(folder::read(&place)?.look_below(options.private_root.as_deref()))
}

/// What is diagnosed.
struct Case<'a> {
    path: &'a Path,
    stored: &'a StoredContract,
    report: &'a Report,
    /// The run that is explained; nothing where the model did not load.
    execution: Option<&'a Execution>,
    options: &'a DiagnoseOptions,
    runners: &'a Runners,
    /// The same for experiments, of which there are many.
    warm: &'a Runners,
    scratch: &'a Path,
    progress: &'a dyn Progress,
    deadline: Instant,
}

impl Case<'_> {
    /// Whether there is time for another experiment.
    fn has_time(&self) -> bool {
        Instant::now() < self.deadline
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    causes: Vec<reproof_contract::diagnosis::Cause>,
    experiments: Vec<reproof_contract::diagnosis::Experiment>,
    /// Where the difference starts.
    start: Option<reproof_contract::diagnosis::Start>,
    /// Whether an experiment gave the recorded bits, or the reason of all that differs was seen: nothing is left to look for.
    settled: bool,
    /// What gave the recorded bits, where a run can be set up so.
    undo: Option<experiments::Set>,
    /// Experiments that were left out for want of time.
    left_out: usize,
    /// Where outputs differ from run to run, so that no single run tells anything.
    unsteady: bool,
}
