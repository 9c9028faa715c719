//! Runs a graph that was just written and judges what it gives against the goldens.

use std::collections::BTreeMap;
use std::path::Path;

use reproof_contract::contract::{Expected, FrozenRecord, Golden, OutputRule};
use reproof_contract::plan::{Purpose, Unit as Work};
use reproof_contract::report::OutputReport;
use reproof_contract::run::{CaseInput, Precision};
use reproof_contract::{Name, Real, Verdict};
use reproof_formats::values;
use reproof_progress::Progress;
use reproof_runner::Frozen;
use reproof_tensor::{Leaf, Value};

use super::{Asked, Written, undecided};
use crate::engines::preferred;
use crate::execution::{PYTHON, REFEREE};
use crate::folder::{Draft, FROZEN, WriteError, case_folder, golden_folder};
use crate::judge::{self, Context, STAGES, Values, all_identical, leaves, table};
use crate::record::{RecordError, specification, widen};

const FROZEN_GRAPH: &str = "frozen-graph";

/// How far a graph in float64 may be from its model in float64, over the output's root mean square. Constants that an exporter
/// rounded to float32 move it by 1e-8 to 1e-7; the smallest planted fault moves it by 7e-5.
const GRAPH_LIMIT: f64 = 1e-5;

/// A graph that computes the goldens, with what verifications of it take and expect.
pub(in crate::record) struct Proved {
    pub(in crate::record) record: FrozenRecord,
    /// The inputs of cases as the graph takes them, where they are not those of the model.
    inputs: Vec<(Name, Values)>,
    /// What the engine with defined bits gives.
    canonical: Vec<(Name, Values)>,
}

impl Proved {
    /// Writes inputs and outputs into the draft; the goldens of the outputs.
    pub(in crate::record) fn keep(&self, draft: &Draft) -> Result<Vec<Golden>, RecordError> {
        for (case, inputs) in &self.inputs {
            draft.values(&case_folder(case).join(FROZEN), "inputs", inputs)?;
        }
        let kept = |(case, outputs): &(Name, Values)| {
            draft.values(&golden_folder(REFEREE, case), "outputs", outputs)?;
            let class = REFEREE.to_owned();
            Ok(Golden {
                class,
                case: case.clone(),
                expected: Expected::Outputs,
                referee: false,
                ties: Vec::new(),
            })
        };
        self.canonical.iter().map(kept).collect()
    }
}

/// What proves a graph.
pub(in crate::record) struct Proof<'a> {
    /// The rules that its outputs must keep.
    pub(in crate::record) rules: &'a BTreeMap<String, OutputRule>,
    /// The goldens in float64.
    pub(in crate::record) referee: &'a BTreeMap<Name, Values>,
}

impl Asked<'_> {
    /// Runs the graph on the inputs that it takes and judges what it gives against the goldens.
    pub(super) fn proved(
        &self,
        written: &Written,
        proof: &Proof<'_>,
        progress: &dyn Progress,
    ) -> Result<Proved, RecordError> {
        let Written { frozen, folder, spec, scratch, .. } = written;
        let scratch = scratch.path();
        let entry = frozen.entry.as_ref().map_or_else(|| folder.to_owned(), |entry| folder.join(entry));
        let (mut cases, mut given) = (Vec::new(), Vec::new());
        for (place, inputs) in &frozen.cases {
            let case = &spec.cases[*place];
            if !table::read(&case.folder, "inputs").is_ok_and(|own| all_identical(&own, inputs)) {
                given.push((case.name.clone(), inputs.clone()));
            }
            let place = scratch.join("inputs").join(case.name.as_str());
            std::fs::create_dir_all(&place).map_err(|source| RecordError::Scratch { source })?;
            values::write(&place, "inputs", inputs)
                .map_err(|source| WriteError::Values { path: place.clone(), source })?;
            cases.push(CaseInput { name: case.name.clone(), folder: place });
        }
        let unit = self.unit(frozen, &entry, cases);
        let outcome = self.runners.execute(&unit, scratch, progress)?;
        if !outcome.load.status.is_done() {
            return Err(undecided(&outcome.load.status));
        }
        let mut worst = (Verdict::Identical, "the bits are the same".to_owned());
        let (mut proved, mut own) = (Vec::new(), Vec::new());
        for case in &outcome.cases {
            let produced = match case.outputs.first().filter(|_| case.step.status.is_done()) {
                Some(path) => table::read(path, "outputs")
                    .map_err(|source| RecordError::Outputs { path: path.clone(), source })?,
                None => return Err(undecided(&case.step.status)),
            };
            for report in self.judged(&case.name, &produced, proof) {
                if report.verdict.is_negative() || report.verdict == Verdict::Undecided {
                    return Err(unproved(frozen, &case.name, &report));
                }
                if report.verdict != Verdict::worst([report.verdict, worst.0]) || report.verdict == worst.0 {
                    continue;
                }
                worst = (
                    report.verdict,
                    format!("{} of {}: {}", report.name, case.name, report.evidence.statement),
                );
            }
            proved.push(case.name.clone());
            own.push((case.name.clone(), produced));
        }
        if proved.is_empty() {
            return Err(RecordError::Undecided {
                what: "no case has outputs that could prove a graph".to_owned(),
                hint: "give inputs that the model takes with --cases FILE".to_owned(),
            });
        }
        let definition = self.definition(frozen, &unit, proof.referee, scratch, progress)?;
        if let Some((case, path, difference)) =
            definition.iter().find(|(_, _, difference)| *difference > GRAPH_LIMIT)
        {
            let difference = Real(*difference);
            let seen = format!("in float64 {path} of {case} differs by {difference} of the output's rms");
            return Err(not_the_model(frozen, &seen));
        }
        // What the built-in engine gave for the proof is what it gives.
        let canonical =
            if unit.runner == REFEREE { own } else { self.canonical(frozen, &unit, scratch, progress)? };
        given.retain(|(name, _)| proved.contains(name));
        let engine = outcome.environment.map(|environment| environment.engine);
        let record = FrozenRecord {
            form: frozen.form,
            path: frozen
                .entry
                .as_ref()
                .map_or_else(|| FROZEN.to_owned(), |entry| format!("{FROZEN}/{}", entry.display())),
            exporter: frozen.exporter.clone(),
            runner: unit.runner,
            engine: engine.map(|engine| format!("{} {}", engine.name, engine.version)).unwrap_or_default(),
            verdict: worst.0,
            statement: worst.1,
            definition_difference: definition
                .iter()
                .map(|(.., difference)| *difference)
                .reduce(f64::max)
                .map(Real),
            cases: proved,
        };
        Ok(Proved { record, inputs: given, canonical })
    }

    /// What the engine with defined bits gives for the cases of an ONNX graph, in the graph's own types.
    fn canonical(
        &self,
        frozen: &Frozen,
        unit: &Work,
        scratch: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<(Name, Values)>, RecordError> {
        if frozen.form.adapter().is_some() || self.runners.get(REFEREE).is_none() {
            return Ok(Vec::new());
        }
        let mut unit = Work { runner: REFEREE.to_owned(), purpose: Purpose::Canonical, ..unit.clone() };
        widen(&mut unit.spec);
        unit.spec.precision = Precision::Stored;
        let mut found = Vec::new();
        for case in self.runners.execute(&unit, scratch, progress)?.cases {
            if let Some(folder) = case.outputs.first().filter(|_| case.step.status.is_done()) {
                let outputs = table::read(folder, "outputs")
                    .map_err(|source| RecordError::Outputs { path: folder.clone(), source })?;
                found.push((case.name, outputs));
            }
        }
        Ok(found)
    }

    /// By case and output, how far an ONNX graph in float64 is from the model in the framework's own float64.
    fn definition(
        &self,
        frozen: &Frozen,
        unit: &Work,
        referee: &BTreeMap<Name, Values>,
        scratch: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<(Name, String, f64)>, RecordError> {
        let mut found = Vec::new();
        let is_known = frozen.form.adapter().is_none() && self.runners.get(REFEREE).is_some();
        if !is_known || referee.is_empty() {
            return Ok(found);
        }
        let mut unit = Work { runner: REFEREE.to_owned(), purpose: Purpose::Referee, ..unit.clone() };
        widen(&mut unit.spec);
        for case in self.runners.execute(&unit, scratch, progress)?.cases {
            let (Some(stored), Some(folder)) = (referee.get(&case.name), case.outputs.first()) else {
                continue;
            };
            let produced = table::read(folder, "outputs")
                .map_err(|source| RecordError::Outputs { path: folder.clone(), source })?;
            let (stored, produced) = (graph_outputs(stored), graph_outputs(&produced));
            for ((path, stored), (_, produced)) in stored.iter().zip(&produced) {
                let (Value::Tensor(stored), Value::Tensor(produced)) = (stored, produced) else { continue };
                if let Some(difference) = judge::definition_difference(stored.view(), produced.view()) {
                    found.push((case.name.clone(), path.clone(), difference));
                }
            }
        }
        Ok(found)
    }

    /// A run of the graph: in an engine of this program where there is one for it.
    fn unit(&self, frozen: &Frozen, entry: &Path, cases: Vec<CaseInput>) -> Work {
        let mut spec = specification(entry, cases, self.options.limits);
        let runner = match frozen.form.adapter() {
            None => preferred(self.runners),
            Some(adapter) => {
                self.options.settings.place(&mut spec);
                spec.threads = self.options.settings.threads;
                spec.loading.adapter = Some(adapter.to_owned());
                spec.loading.loader = None;
                // It was written a moment ago, from a model that was run.
                spec.loading.trust = true;
                PYTHON
            }
        };
        Work { runner: runner.to_owned(), purpose: Purpose::Outputs, spec }
    }

    /// Judges what the graph gave for a case. The golden's own float64 outputs are the measure: constants of a graph are
    /// rounded when it is written, so that the graph in float64 is a neighbour of the model and not the model.
    fn judged(&self, case: &Name, produced: &Values, proof: &Proof<'_>) -> Vec<OutputReport> {
        let golden = self.golden.outputs(case).map(graph_outputs).unwrap_or_default();
        let referee = proof.referee.get(case).map(graph_outputs);
        let context = Context {
            same_class: true,
            elsewhere: true,
            stored_referee: referee.as_ref(),
            current_referee: referee.as_ref().map(Ok),
            referee_none: Some("the model has no float64 run"),
            ..Context::default()
        };
        judge::judge(&golden, produced, &|path| proof.rules.get(path), &context)
    }
}

/// The tensors of outputs by their paths, but for what stages before the model gave: what its graph gives.
pub(crate) fn graph_outputs(outputs: &Values) -> Values {
    let own: Values = outputs.iter().filter(|(name, _)| name != STAGES).cloned().collect();
    let plain = leaves(&own).into_iter().filter_map(|(path, leaf)| match leaf {
        Leaf::Tensor(tensor) => Some((path, Value::Tensor(tensor.clone()))),
        _ => None,
    });
    plain.collect()
}
fn unproved(frozen: &Frozen, case: &Name, report: &OutputReport) -> RecordError {
    let seen = format!("{} of the case {case}: {}", report.name, report.evidence.statement);
    not_the_model(frozen, &seen)
}

fn not_the_model(frozen: &Frozen, seen: &str) -> RecordError {
    RecordError::Dishonest {
        check: FROZEN_GRAPH.to_owned(),
        seen: format!(
            "the graph that {} wrote does not compute what the model does: {seen}",
            frozen.exporter
        ),
        fix: "choose the other language (--freeze=native or --freeze=onnx), give envelope and referee their time with a \
              longer --budget, or leave out --freeze"
            .to_owned(),
    }
}
