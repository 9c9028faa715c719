//! Where an engine's errors are made: each node against the same node in float64, with the engine's own values as its inputs
//! (what it does by itself) and with those of float64 (what all did so far).

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use reproof_contract::contract::CaseRecord;
use reproof_contract::diagnosis::{Apart, ErrorBudget, NodeError};
use reproof_contract::plan::{Purpose, Unit as Work};
use reproof_contract::run::{Outcome, RunSpec, Taps};
use reproof_contract::{Real, taps};
use reproof_formats::values;
use reproof_progress::{Progress, Unit};
use reproof_tensor::compare::{error_against, root_mean_square};
use reproof_tensor::{Tensor, Value};

use super::super::{DiagnoseError, DiagnoseOptions};
use super::chunks::{self, Chunk};
use super::graph::Graph;
use crate::execution::{PYTHON, REFEREE, Runners};
use crate::folder::{StoredContract, case_input};
use crate::record::{explain, specification, widen};

/// The adapter that runs graphs of ONNX in Python.
const ONNX_IN_PYTHON: &str = "onnxruntime";

/// What is run.
pub(super) struct Run<'a> {
    pub(super) graph: Graph,
    pub(super) stored: &'a StoredContract,
    pub(super) case: &'a CaseRecord,
    pub(super) runner: &'a str,
    pub(super) options: &'a DiagnoseOptions,
    pub(super) runners: &'a Runners,
    pub(super) progress: &'a dyn Progress,
}

/// Tensors by the name of their value.
type Tensors = HashMap<String, Tensor>;

impl Run<'_> {
    /// Runs the case and measures every node.
    pub(super) fn errors(&self, scratch: &Path) -> Result<ErrorBudget, DiagnoseError> {
        let (_, seen) = self.taps(REFEREE, Taps::All, widen, scratch)?;
        let sizes = sizes(&read(&seen)?);
        let chunks = chunks::divide(&self.graph, &sizes);
        self.progress.begin("comparing nodes with float64", Some(chunks.len() as u64), Unit::Items);
        let mut budget = ErrorBudget {
            case: self.case.name.to_string(),
            engine: String::new(),
            disturbed: false,
            nodes: Vec::new(),
        };
        for chunk in &chunks {
            let wanted = || Taps::Named(chunk.names.clone());
            let apply = |spec: &mut RunSpec| {
                self.options.settings.apply(spec);
                if self.runner == PYTHON {
                    spec.loading.adapter = Some(ONNX_IN_PYTHON.to_owned());
                }
            };
            let (outcome, given) = self.taps(self.runner, wanted(), apply, scratch)?;
            if let Some(environment) = &outcome.environment {
                let engine = &environment.engine;
                budget.engine = format!("{} ({} {})", self.runner, engine.name, engine.version);
            }
            budget.disturbed |= read(&given)?.disturbed;
            let (_, free) = self.taps(REFEREE, wanted(), widen, scratch)?;
            let forced = |spec: &mut RunSpec| {
                widen(spec);
                spec.given = BTreeMap::from([(self.case.name.clone(), given.clone())]);
            };
            let (_, own) = self.taps(REFEREE, wanted(), forced, scratch)?;
            let (engine, own, free) = (tensors(&given)?, tensors(&own)?, tensors(&free)?);
            measure(chunk, &engine, &own, &free, &mut budget.nodes);
            self.progress.advance(1);
        }
        self.progress.end();
        Ok(budget)
    }

    /// One run with taps, and the folder that it left them in.
    fn taps(
        &self,
        runner: &str,
        wanted: Taps,
        change: impl FnOnce(&mut RunSpec),
        scratch: &Path,
    ) -> Result<(Outcome, PathBuf), DiagnoseError> {
        let case = case_input(&self.stored.values, &self.case.name);
        let mut spec = specification(&self.graph.path, vec![case], self.options.limits);
        spec.taps = wanted;
        change(&mut spec);
        let unit = Work { runner: runner.to_owned(), purpose: Purpose::Outputs, spec };
        let outcome = self.runners.execute(&unit, scratch, self.progress)?;
        let ended = outcome.cases.first().map_or(&outcome.load.status, |case| &case.step.status);
        if !ended.is_done() {
            let (what, hint) = explain(ended);
            return Err(DiagnoseError::Failed { runner: runner.to_owned(), what, hint });
        }
        let folder = outcome.cases.first().and_then(|case| case.taps.clone());
        let folder = folder.ok_or_else(|| DiagnoseError::Failed {
            runner: runner.to_owned(),
            what: "it showed no steps".to_owned(),
            hint: "name another with --runner".to_owned(),
        })?;
        Ok((outcome, folder))
    }
}

fn read(folder: &Path) -> Result<taps::Taps, DiagnoseError> {
    let path = folder.join("taps.json");
    let failed = |source| DiagnoseError::Scratch { path: path.clone(), source };
    let bytes = std::fs::read(&path).map_err(failed)?;
    serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))
}

/// Bytes of each value in float64.
fn sizes(taps: &taps::Taps) -> BTreeMap<String, u64> {
    let size = |shape: &[u64]| shape.iter().fold(8_u64, |product, dim| product.saturating_mul(*dim));
    let outputs =
        taps.steps.iter().filter_map(|step| Some((step.name.clone(), size(&step.outputs.first()?.shape))));
    outputs.collect()
}

/// The values of first calls.
fn tensors(folder: &Path) -> Result<Tensors, DiagnoseError> {
    let mut found = Tensors::new();
    for (key, value) in values::read(folder, "outputs")? {
        let Some(name) = key.strip_suffix("#0") else { continue };
        if let Value::Map(entries) = value
            && let Some((_, Value::Tensor(tensor))) = entries.into_iter().next()
        {
            found.insert(name.to_owned(), tensor);
        }
    }
    Ok(found)
}

/// Measures what the nodes of a chunk make.
fn measure(chunk: &Chunk<'_>, engine: &Tensors, own: &Tensors, free: &Tensors, found: &mut Vec<NodeError>) {
    for node in &chunk.nodes {
        for name in &node.outputs {
            // Fused or removed by the engine, or no tensor of numbers.
            let Some(given) = engine.get(name) else { continue };
            let by_itself = own.get(name).map(|reference| apart(given, reference));
            let so_far = free.get(name).map(|reference| apart(given, reference));
            found.push(NodeError {
                name: name.clone(),
                operator: node.operator.clone(),
                own: by_itself.and_then(|(apart, _)| apart),
                total: so_far.and_then(|(apart, _)| apart),
                changed: by_itself.is_some_and(|(_, changed)| changed),
            });
        }
    }
}

/// How far a value is from float64, and whether something differs that is no distance.
fn apart(given: &Tensor, reference: &Tensor) -> (Option<Apart>, bool) {
    let Some(epsilon) = given.dtype().epsilon().filter(|_| given.dtype().is_float()) else {
        return (None, given.bytes() != reference.bytes() || given.shape() != reference.shape());
    };
    let Some((norm, largest, special)) = error_against(reference.view(), given.view()) else {
        return (None, true);
    };
    let rms = root_mean_square(reference.view()).unwrap_or_default();
    let size = rms * (given.len() as f64).sqrt();
    let over = |value: f64, size: f64| if value == 0.0 { 0.0 } else { value / size };
    let l2 = over(norm, size);
    let apart = Apart { l2: Real(l2), maximum: Real(over(largest, rms)), units: Real(l2 / epsilon) };
    (Some(apart), special > 0)
}
