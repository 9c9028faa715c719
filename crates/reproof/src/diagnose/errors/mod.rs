//! The error budget of a graph, node by node against float64.

mod budget;
mod chunks;
mod graph;

use std::path::Path;

use reproof_contract::diagnosis::{EngineErrors, EngineErrorsSchema};
use reproof_contract::{CaseClass, Name};
use reproof_progress::Progress;

use super::{DiagnoseError, DiagnoseOptions, contract_of};
use crate::engines::named;
use crate::execution::{PYTHON, REFEREE, Runners};

/// How far each node of a graph, as an engine computes it, is from float64.
pub fn errors(
    path: &Path,
    options: &DiagnoseOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<EngineErrors, DiagnoseError> {
    let stored = contract_of(path, options)?;
    let suite = &stored.contract.suite;
    let wanted = |name: &Name| suite.iter().find(|case| case.name == *name);
    let case = match &options.case {
        Some(name) => wanted(name),
        None => suite.iter().find(|case| case.class == CaseClass::Typical).or(suite.first()),
    };
    let case = case.ok_or_else(|| DiagnoseError::NoCase {
        case: options.case.as_ref().map_or_else(|| "to run".to_owned(), ToString::to_string),
        known: suite.iter().map(|case| case.name.to_string()).collect(),
    })?;
    let graph = graph::find(path, &stored)?;
    let recorded = stored.contract.runner.as_deref().map(named);
    // A graph beside a Python model is run by an engine of graphs.
    let usable = recorded.filter(|name| *name != PYTHON && runners.get(name).is_some());
    let any = || if runners.get("onnxruntime").is_some() { "onnxruntime" } else { REFEREE };
    let runner = options.runner.as_deref().unwrap_or_else(|| usable.unwrap_or_else(any));
    let run = budget::Run { graph, stored: &stored, case, runner, options, runners, progress };
    let scratch = crate::Scratch::new()
        .map_err(|source| DiagnoseError::Scratch { path: std::env::temp_dir(), source })?;
    Ok(EngineErrors {
        schema: EngineErrorsSchema::V0,
        path: options.shown_path.clone().unwrap_or_else(|| path.display().to_string()),
        contract: stored.digest,
        errors: run.errors(scratch.path())?,
    })
}
