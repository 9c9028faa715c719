//! Where an artifact was recorded: what was installed, and what operators gave.

use std::path::Path;

use reproof_contract::environment::{Document, Environment, EnvironmentSchema};
use reproof_progress::{Progress, Unit};

use super::{Completed, RecordError, Sweep};
use crate::execution::Runners;
use crate::folder::{Draft, FINGERPRINT, LOADED, RECORDED_IN};

/// Writes the environment of the goldens with everything that is known of it; what goes into the contract itself leaves out
/// the list of packages.
pub(super) fn describe(first: &Completed, draft: &Draft) -> Result<Option<Environment>, RecordError> {
    let Some(environment) = &first.environment else { return Ok(None) };
    let document = Document { schema: EnvironmentSchema::V0, environment: environment.clone() };
    draft.json(Path::new(RECORDED_IN), &document)?;
    Ok(Some(Environment { python: None, ..environment.clone() }))
}

/// Writes digests of what the model remembers once it is loaded: a loader that later makes something else of the same file is
/// told by them.
pub(super) fn loaded(run: &Completed, draft: &Draft) -> Result<(), RecordError> {
    match run.state.as_ref().map(|state| &state.tensors) {
        Some(tensors) if !tensors.is_empty() => Ok(draft.json(Path::new(LOADED), tensors)?),
        _ => Ok(()),
    }
}

/// Writes what operators give here, which later tells what moved without the model.
pub(super) fn fingerprint(
    sweep: &Sweep<'_>,
    runners: &Runners,
    first: &Completed,
    draft: &Draft,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<(), RecordError> {
    let Some(environment) = &first.environment else { return Ok(()) };
    if !sweep.affords(first.elapsed) {
        return Ok(());
    }
    progress.begin("asking operators what they give", None, Unit::Items);
    let given = runners.fingerprint(sweep.runner(), environment, sweep.specification(), false);
    progress.end();
    match given {
        Ok(Some(fingerprint)) => draft.json(Path::new(FINGERPRINT), &fingerprint)?,
        Ok(None) => {}
        Err(error) => notes.push(format!("no fingerprint of operators: {}", crate::chain(&error))),
    }
    Ok(())
}
