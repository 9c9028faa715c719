//! Losing one piece of state at a time: what would be noticed, and at which step.
//!
//! The recorder takes the piece away in the process that resumes, after everything was restored. So any trainer and any format
//! of checkpoint can be drilled, and a script that fails on a checkpoint without an entry hides nothing.

use std::path::Path;

use reproof_contract::Verdict;
use reproof_contract::drill::{Drill, DrillSchema, Lost, LostOutcome};
use reproof_contract::report::{Mark, ResumeReport, StreamReport};
use reproof_contract::run::Limits;
use reproof_contract::trajectory::{MomentKind, Stream, Trajectory};
use reproof_progress::{Progress, Unit};
use reproof_runner::Supervisor;

use super::attempt::{Attempts, Change};
use super::experiments::is_same;
use super::judge::{End, compared, end, explain};
use super::{ResumeCommand, ResumeError, StoredError, stored};
use crate::folder::{self, FolderError};

/// The pieces that a recorder can take away.
const PIECES: [&str; 16] = [
    "optimizer",
    "first-moments",
    "second-moments",
    "momentum",
    "optimizer-steps",
    "learning-rate",
    "scheduler",
    "scaler",
    "ema",
    "buffers",
    "gradients",
    "random-python",
    "random-numpy",
    "random-torch",
    "random-device",
    "generators",
];

/// Under which the context of a resumed trajectory lists, divided by spaces, what can be lost.
const CAN_LOSE: &str = "can-lose";

/// What a drill is told.
#[derive(Clone, Debug)]
pub struct DrillOptions {
    /// The contract's folder, if not beside the artifact.
    pub folder: Option<std::path::PathBuf>,
    /// How training is resumed.
    pub command: ResumeCommand,
    /// Limits of each run.
    pub limits: Limits,
    /// Ends what runs when this process is killed; without one it goes on.
    pub supervisor: Option<Supervisor>,
    /// The path as reports show it.
    pub shown_path: Option<String>,
}

/// Why a drill could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DrillError {
    /// There is nothing at the path.
    #[error("no artifact at {}", path.display())]
    NoArtifact {
        /// The path.
        path: std::path::PathBuf,
    },
    /// The contract could not be read.
    #[error(transparent)]
    Contract(#[from] FolderError),
    /// The trajectory could not be read.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// Nothing was recorded after the checkpoint.
    #[error("no trajectory was recorded after {}", path.display())]
    NoTrajectory {
        /// The path.
        path: std::path::PathBuf,
    },
    /// The training does not resume as it is.
    #[error("the training does not resume, with nothing lost: {printed}")]
    DoesNotResume {
        /// The end of what it printed.
        printed: String,
    },
    /// A training could not be tried.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// There is no folder for temporary files.
    #[error("could not write below {}", path.display())]
    Scratch {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Drills the training that goes on from the checkpoint at `path`.
pub fn drill(path: &Path, options: &DrillOptions, progress: &dyn Progress) -> Result<Drill, DrillError> {
    if !path.exists() {
        return Err(DrillError::NoArtifact { path: path.to_owned() });
    }
    let place = options.folder.clone().unwrap_or_else(|| folder::beside(path));
    let contract = folder::read(&place)?;
    let golden = stored(&place, contract.contract.artifact.artifact_digest)?
        .ok_or_else(|| DrillError::NoTrajectory { path: path.to_owned() })?;
    let failed = |source| DrillError::Scratch { path: std::env::temp_dir(), source };
    let scratch = crate::Scratch::new().map_err(failed)?;
    let attempts = Attempts {
        checkpoint: path,
        golden: &golden,
        command: &options.command,
        limits: options.limits,
        supervisor: options.supervisor.as_ref(),
        scratch: scratch.path(),
    };
    progress.begin("resuming with nothing lost", None, Unit::Items);
    let first = attempts.run("untouched", &Change::default())?;
    progress.end();
    let resumes = matches!(end(&golden, &first), End::Resumed);
    let Some(untouched) = first.observed.filter(|_| resumes) else {
        return Err(DrillError::DoesNotResume { printed: first.trained.printed });
    };
    let again = attempts.run("control", &Change::default())?.observed;
    let repeats = again.is_some_and(|again| is_same(&untouched, &again));
    let told = untouched.context.get(CAN_LOSE).map_or("", String::as_str);
    let (present, absent): (Vec<&str>, Vec<&str>) =
        PIECES.into_iter().partition(|piece| told.split(' ').any(|told| told == *piece));
    let report = explain(&golden, &untouched);
    let verdict = Verdict::worst(report.streams.iter().map(|stream| stream.verdict));
    let mut lost = Vec::new();
    progress.begin("losing one piece of state at a time", Some(present.len() as u64), Unit::Items);
    for piece in present {
        let change = Change { lose: Some(piece.to_owned()), ..Change::default() };
        let observed = attempts.run(piece, &change)?.observed;
        progress.advance(1);
        // What is lost is told by what changes, whether or not the training resumes to the bit by itself.
        lost.push(taken(piece, &untouched, observed.as_ref()));
    }
    progress.end();
    lost.extend(absent.into_iter().map(|piece| empty(piece, LostOutcome::Absent)));
    Ok(Drill {
        schema: DrillSchema::V0,
        path: options.shown_path.clone().unwrap_or_else(|| path.display().to_string()),
        contract: contract.digest,
        command: options.command.to_string(),
        steps: report.recorded,
        untouched: verdict,
        repeats,
        lost,
    })
}

fn taken(piece: &str, untouched: &Trajectory, observed: Option<&Trajectory>) -> Lost {
    let Some(observed) = observed else { return empty(piece, LostOutcome::Failed) };
    let report = explain(untouched, observed);
    let step = first_step(&report, untouched);
    let differs = report.streams.iter().any(|stream| stream.first.is_some());
    let of = |stream| report.streams.iter().find(|report| report.stream == stream);
    let evaluation = [Stream::Evaluation, Stream::EmaEvaluation].into_iter().filter_map(of);
    let evaluated: Vec<&StreamReport> = evaluation.filter(|stream| compared(stream)).collect();
    Lost {
        outcome: match (step, differs) {
            (Some(_), _) => LostOutcome::Loss,
            (None, true) => LostOutcome::Silent,
            (None, false) => LostOutcome::Unnoticed,
        },
        step,
        distance: of(Stream::Loss).and_then(|stream| stream.distance),
        evaluation: (!evaluated.is_empty()).then(|| evaluated.iter().any(|stream| stream.first.is_some())),
        named: report.findings.iter().map(|finding| finding.cause.clone()).collect(),
        ..empty(piece, LostOutcome::Unnoticed)
    }
}

fn empty(piece: &str, outcome: LostOutcome) -> Lost {
    Lost { piece: piece.to_owned(), outcome, step: None, distance: None, evaluation: None, named: Vec::new() }
}

/// The number of the first step, from 1, whose loss differs.
fn first_step(report: &ResumeReport, golden: &Trajectory) -> Option<u64> {
    let losses = report.streams.iter().find(|stream| stream.stream == Stream::Loss)?;
    let steps = golden.moments.iter().zip(&losses.marks);
    let mut steps = steps.filter(|(moment, _)| moment.kind == MomentKind::Step);
    steps.position(|(_, mark)| *mark == Mark::Different).map(|index| index as u64 + 1)
}
