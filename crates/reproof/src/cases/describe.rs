//! Asks a framework what its model takes.

use reproof_contract::plan::{Purpose, Unit};
use reproof_contract::run::{Limits, Status};
use reproof_contract::signature::Inputs;
use reproof_progress::{Progress, Unit as Amount};

use super::GatherError;
use crate::artifact::{Artifact, identify};
use crate::execution::{PYTHON, Runners, Settings};
use crate::record::{RecordError, explain, specification};
use crate::trust::settle;

/// What the model of `artifact` can be given, as the framework tells that loads it in Python.
pub fn describe(
    artifact: &Artifact,
    settings: &Settings,
    limits: Limits,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Inputs, GatherError> {
    let undecided = |status: &Status| {
        let (what, hint) = explain(status);
        GatherError::from(Box::new(RecordError::Undecided { what, hint }))
    };
    // Hashing is worth it only where something was trusted before.
    let asks = !settings.loading.trust && !settings.trust.remembered.is_empty();
    let identity = asks.then(|| identify(artifact, progress)).transpose();
    let identity = identity.map_err(|error| Box::new(RecordError::from(error)))?;
    let digest = identity.map(|identity| identity.artifact_digest);
    let settled = settle(settings, PYTHON, &artifact.path, digest);
    let settled = settled.map_err(|status| undecided(&status))?;
    let path = std::path::absolute(&artifact.path).unwrap_or_else(|_| artifact.path.clone());
    let mut spec = specification(&path, Vec::new(), limits);
    settled.apply(&mut spec);
    spec.loading.inputs = true;
    let unit = Unit { runner: PYTHON.to_owned(), purpose: Purpose::Outputs, spec };
    let scratch = crate::Scratch::new().map_err(|source| Box::new(RecordError::Scratch { source }))?;
    progress.begin("asking what the model takes", None, Amount::Items);
    let outcome = runners.execute(&unit, scratch.path(), progress);
    progress.end();
    let outcome = outcome.map_err(|error| Box::new(RecordError::from(error)))?;
    match (outcome.load.status, outcome.inputs) {
        (Status::Unsupported { what, hint }, Some(Inputs::NoLoader)) => {
            Err(GatherError::NoLoader { what, hint })
        }
        (Status::Done, Some(inputs)) => Ok(inputs),
        (Status::Done, None) => {
            Ok(Inputs::Unknown("the framework does not tell what the model takes".to_owned()))
        }
        (Status::Refused { message }, _) => Err(Box::new(RecordError::Unloadable { message }).into()),
        (status, _) => Err(undecided(&status)),
    }
}
