//! Verifies an artifact against its contract in three phases: load, execute, validate.
//!
//! Each phase is timed by itself and none stops the next unless asked to, so that one report says both that bytes
//! changed and whether outputs changed.

mod changed;
mod checks;
mod execute;
mod load;
mod options;
mod rerun;
mod resumption;
mod stages;
mod summary;
mod validate;

use std::path::{Path, PathBuf};

use reproof_contract::report::{
    EnvironmentReport, Phase, PhaseName, Report, ReportArtifact, ReportContract, ReportSchema,
};
use reproof_contract::{Assurance, Relation, Verdict};
use reproof_progress::Progress;

use crate::artifact::Digests;
use crate::execution::{ExecuteError, Runners};
use crate::folder::{self, FolderError, StoredContract};
use crate::resume::ResumeError;
use crate::sign;

pub(crate) use changed::named;
pub(crate) use execute::{Execution, inputs};
pub use options::VerifyOptions;
pub(crate) use stages::{ModelBehind, finding as stage_finding};

/// Why an artifact could not be verified at all. What verification finds is a [`Report`], never an error.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is nothing at the path.
    #[error("no artifact at {}", path.display())]
    NoArtifact {
        /// The path.
        path: PathBuf,
    },
    /// The contract could not be read.
    #[error(transparent)]
    Contract(#[from] FolderError),
    /// The contract is not the expected one.
    #[error("the contract has the digest {actual}, expected {expected}")]
    Unexpected {
        /// What the caller expects.
        expected: String,
        /// What was found.
        actual: String,
    },
    /// The contract is not signed by a key that the caller trusts.
    #[error("{} is not signed by {}", folder.display(), if *keys == 1 { "the trusted key" } else { "a trusted key" })]
    Unsigned {
        /// The contract's folder.
        folder: PathBuf,
        /// How many keys are trusted.
        keys: usize,
        /// How many signatures lie with it, by other keys, over other contracts or damaged.
        others: usize,
    },
    /// A unit could not be executed.
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    /// Resuming could not be tried.
    #[error(transparent)]
    Resume(#[from] ResumeError),
    /// There is no folder for temporary files, or the produced tensors could not be kept.
    #[error("could not write below {}", path.display())]
    Scratch {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// What is known of the artifact while it is verified.
pub(crate) struct Subject<'a> {
    pub(crate) path: &'a Path,
    pub(crate) stored: &'a StoredContract,
    pub(crate) relation: Relation,
    pub(crate) options: &'a VerifyOptions,
    pub(crate) runners: &'a Runners,
    pub(crate) progress: &'a dyn Progress,
}

/// Refuses a contract that is not the one that the caller expects: by its own digest, or by that of its artifact, or by
/// whoever signed it.
pub fn expected(stored: &StoredContract, options: &VerifyOptions) -> Result<(), VerifyError> {
    if let Some(expected) = options.expect
        && expected != stored.digest
        && expected != stored.contract.artifact.artifact_digest
    {
        let actual = stored.digest.to_string();
        return Err(VerifyError::Unexpected { expected: expected.to_string(), actual });
    }
    if !options.trusted.is_empty() && sign::signers(stored, &options.trusted).is_empty() {
        let others = sign::signatures(&stored.folder).len();
        let (folder, keys) = (stored.folder.clone(), options.trusted.len());
        return Err(VerifyError::Unsigned { folder, keys, others });
    }
    Ok(())
}

/// Verifies the artifact at `path`.
pub fn verify(
    path: &Path,
    options: &VerifyOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Report, VerifyError> {
    let scratch = crate::Scratch::new()
        .map_err(|source| VerifyError::Scratch { path: std::env::temp_dir(), source })?;
    examine(path, options, runners, scratch.path(), progress).map(|(report, _)| report)
}

/// As [`verify`], with what was executed: its outputs lie below `scratch`.
pub(crate) fn examine(
    path: &Path,
    options: &VerifyOptions,
    runners: &Runners,
    scratch: &Path,
    progress: &dyn Progress,
) -> Result<(Report, Option<Execution>), VerifyError> {
    if !path.exists() {
        return Err(VerifyError::NoArtifact { path: path.to_owned() });
    }
    let place = options.folder.clone().unwrap_or_else(|| folder::beside(path));
    let stored = folder::read(&place)?.look_below(options.private_root.as_deref());
    expected(&stored, options)?;
    let relation = options.relation.unwrap_or(if options.folder.is_some() {
        Relation::Converted
    } else {
        Relation::Same
    });
    let subject = Subject { path, stored: &stored, relation, options, runners, progress };
    let mut load = load::begin(&subject)?;
    let (trajectory, whole) = resumption::trajectory(&subject);
    load.training(resumption::state(&subject));
    load.training(whole);
    let mut phases = Vec::new();
    let mut cases = Vec::new();
    let mut environment = EnvironmentReport::default();
    let mut runner = None;
    let mut executed = None;
    let stop = options.fail_fast && load.verdict().is_negative();
    let withheld = stored.withheld() && !options.bytes_only;
    if withheld {
        load.withheld(&stored);
    }
    if stop || withheld || options.bytes_only || stored.contract.suite.is_empty() {
        phases.push(load.phase());
    } else {
        let execution = execute::run(&subject, &load, scratch)?;
        load.restored(&execution);
        environment = execution.environment_report(&stored.contract);
        if stored.contract.environment.is_some() {
            load.environment(execution.environment.is_some().then_some(&environment));
        }
        runner.clone_from(&execution.engine);
        phases.push(load.phase());
        if execution.loaded() {
            let is_whole = load.untouched || execution.is_graph;
            let doubt = !is_whole || execution.other_code(&stored.contract);
            let validation = validate::judge(&subject, &execution, doubt, scratch)?;
            phases.push(execution.phase());
            phases.push(validation.phase);
            cases = validation.cases;
        }
        let differs = cases
            .iter()
            .any(|case: &reproof_contract::report::CaseReport| case.verdict != Verdict::Identical);
        if differs {
            environment.fingerprint = execution.fingerprint(&subject);
        }
        if let Some(keep) = options.keep.as_ref().filter(|_| differs) {
            execution.keep(keep)?;
        }
        executed = Some(execution);
    }
    let mut resume = None;
    if let (Some(command), Some(golden), false) = (&options.resume, &trajectory, stop) {
        resume = resumption::resume(&subject, command, golden, load.untouched, scratch, &mut phases)?;
    }
    let judged = Verdict::worst(phases.iter().map(|phase| phase.verdict));
    // Of a converted model the bytes say nothing, and where there are no outputs, neither does anything else.
    let recorded = stored.contract.artifact.artifact_digest;
    let untouched = load.digests.as_ref().is_some_and(|digests| digests.artifact == recorded);
    let nothing = cases.is_empty() && resume.is_none() && !untouched;
    let is_unproved = judged == Verdict::Identical && nothing && subject.relation == Relation::Converted;
    let verdict = if is_unproved { Verdict::Undecided } else { judged };
    let of_training = resume.as_ref().filter(|_| cases.is_empty());
    let summary = of_training.and_then(|report| resumption::summary(verdict, report)).unwrap_or_else(|| {
        if is_unproved {
            return summary::UNPROVED.to_owned();
        }
        let sentence = summary::summarise(verdict, &stored.contract, &phases, &cases, untouched);
        stages::summarised(verdict, sentence, &cases)
    });
    let digests = load.digests.as_ref();
    let recorded_with = stored.contract.environment.as_ref().map(|recorded| {
        let name = stored.contract.runner.as_deref().unwrap_or_default();
        format!("{name} ({} {})", recorded.engine.name, recorded.engine.version)
    });
    let report = Report {
        schema: ReportSchema::V0,
        verdict,
        required: options.required,
        assurance: if resume.is_some() { Assurance::Resumes } else { assurance(&phases) },
        summary,
        artifact: ReportArtifact {
            path: options.shown_path.clone().unwrap_or_else(|| path.display().to_string()),
            artifact_digest: digests.map(|digests| digests.artifact),
            weights_digest: digests.map(|digests| digests.weights),
            values_digest: digests.map(|digests| digests.values),
            architecture_digest: digests.map(|digests| digests.architecture),
        },
        contract: ReportContract {
            digest: stored.digest,
            // Nothing gets here that a trusted key must have signed and did not.
            signed: !options.trusted.is_empty(),
            recorded_at: stored.contract.recorded_at.clone(),
            recorded_with,
        },
        relation,
        runner,
        phases,
        cases,
        environment,
        resume,
        diagnosis: None,
        verified_at: crate::clock::rfc3339(options.now),
        verified_by: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok((report, executed))
}

/// How far the verdict reaches: as far as phases ran.
fn assurance(phases: &[Phase]) -> Assurance {
    match phases.last().map(|phase| phase.name) {
        Some(PhaseName::Validate) => Assurance::Outputs,
        Some(PhaseName::Execute) => Assurance::Loads,
        Some(PhaseName::Load) => Assurance::Bytes,
        None => Assurance::None,
    }
}

/// The digests that a contract records, in the form of freshly computed ones: what an untouched artifact has.
pub(crate) fn recorded_digests(stored: &StoredContract) -> Digests {
    let identity = &stored.contract.artifact;
    Digests {
        artifact: identity.artifact_digest,
        weights: identity.weights_digest,
        values: identity.values_digest,
        architecture: identity.architecture_digest,
        parts: identity.parts.clone(),
        files: identity.files.iter().map(|file| (file.size, file.digest)).collect(),
        segments: Vec::new(),
        tensors: identity.tensors.iter().map(|tensor| tensor.digest).collect(),
    }
}
