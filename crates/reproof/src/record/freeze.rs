//! Keeps the graph of a model in its contract, and proves at once that it computes the goldens.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reproof_contract::contract::{FrozenRecord, OutputRule};
use reproof_contract::plan::{Purpose, Unit as Work};
use reproof_contract::report::OutputReport;
use reproof_contract::run::{CaseInput, RunSpec, Status};
use reproof_contract::{Name, Real, Verdict};
use reproof_formats::{Format, values};
use reproof_progress::{Progress, Unit};
use reproof_runner::{FreezeOrder, Frozen, GraphChoice};
use reproof_tensor::{Leaf, Value};

use super::{Completed, RecordError, RecordOptions, Sweep, explain, specification, widen};
use crate::Scratch;
use crate::artifact::Artifact;
use crate::engines::preferred;
use crate::execution::{PYTHON, REFEREE, Runners};
use crate::folder::{Draft, FROZEN, WriteError};
use crate::judge::{self, Context, Values, leaves, table};

const FROZEN_GRAPH: &str = "frozen-graph";

/// How far a graph in float64 may be from its model in float64, over the output's root mean square. Constants that an exporter
/// rounded to float32 move it by 1e-8 to 1e-7; the smallest planted fault moves it by 7e-5.
const GRAPH_LIMIT: f64 = 1e-5;

/// What stages before the model gave: no graph computes it.
const STAGES: &str = "preprocessing";

/// What a graph is made from and measured with.
pub(super) struct Asked<'a> {
    pub(super) choice: GraphChoice,
    pub(super) draft: &'a Draft,
    pub(super) runners: &'a Runners,
    pub(super) options: &'a RecordOptions,
    /// The goldens.
    pub(super) golden: &'a Completed,
}

/// A graph that was written into the draft and is not proved yet.
pub(super) struct Written {
    frozen: Frozen,
    folder: PathBuf,
    spec: RunSpec,
    scratch: Scratch,
    /// Why it is not ONNX, where that was tried first.
    instead_of: Option<String>,
}

/// What proves a graph.
pub(super) struct Proof<'a> {
    /// The rules that its outputs must keep.
    pub(super) rules: &'a BTreeMap<String, OutputRule>,
    /// The goldens in float64.
    pub(super) referee: &'a BTreeMap<Name, Values>,
}

/// A graph of something that draws random numbers would draw its own.
pub(super) fn of_chance() -> RecordError {
    RecordError::Undecided {
        what: "a graph of a nondeterministic model, which could not be proved".to_owned(),
        hint: "leave out --freeze".to_owned(),
    }
}

/// What is recorded has no graph to be kept, because it is one or because nothing runs it.
pub(super) fn of_nothing(artifact: &Artifact, options: &RecordOptions) -> Option<RecordError> {
    let (what, hint) = if options.bytes_only {
        ("a graph of a model that is not run: only its bytes are recorded", "leave out --freeze")
    } else if artifact.description.format == Format::Onnx {
        ("a graph to freeze: the artifact is one already", "leave out --freeze")
    } else if options.runner != PYTHON {
        ("a graph of a model that is not run", "name what runs it with --python")
    } else {
        return None;
    };
    Some(RecordError::Undecided { what: what.to_owned(), hint: hint.to_owned() })
}

impl Asked<'_> {
    /// Writes the graph into the draft. What has none is known long before everything is measured that proves one.
    pub(super) fn write(&self, sweep: &Sweep<'_>, progress: &dyn Progress) -> Result<Written, RecordError> {
        progress.begin("freezing the graph", None, Unit::Items);
        let written = match (self.attempt(sweep, self.choice), self.choice) {
            // What ONNX cannot say, the framework's own language may.
            (Err(error @ RecordError::Undecided { .. }), GraphChoice::Auto) => {
                let native = self.attempt(sweep, GraphChoice::Native);
                native.map(|written| Written { instead_of: Some(error.to_string()), ..written })
            }
            (written, _) => written,
        };
        progress.end();
        written
    }

    /// Proves the graph. Where the choice is free and ONNX cannot be proved, the framework's own language is tried.
    pub(super) fn prove(
        &self,
        written: &Written,
        proof: &Proof<'_>,
        sweep: &Sweep<'_>,
        notes: &mut Vec<String>,
        progress: &dyn Progress,
    ) -> Result<FrozenRecord, RecordError> {
        progress.begin("proving the graph", None, Unit::Items);
        let mut instead_of = written.instead_of.clone();
        let mut proved = self.proved(written, proof, progress);
        if let Err(error @ (RecordError::Dishonest { .. } | RecordError::Undecided { .. })) = &proved
            && self.choice == GraphChoice::Auto
            && instead_of.is_none()
        {
            instead_of = Some(error.to_string());
            proved = self.proved(&self.attempt(sweep, GraphChoice::Native)?, proof, progress);
        }
        progress.end();
        if let (Ok(_), Some(error)) = (&proved, instead_of) {
            notes.push(format!("the graph is the framework's own, not ONNX: {error}"));
        }
        proved
    }

    fn attempt(&self, sweep: &Sweep<'_>, choice: GraphChoice) -> Result<Written, RecordError> {
        let scratch = Scratch::new().map_err(|source| RecordError::Scratch { source })?;
        let relative = Path::new(FROZEN);
        if self.draft.path().join(relative).exists() {
            self.draft.remove(relative)?;
        }
        let folder = self.draft.folder(relative)?;
        let spec = self.of_cases_with_outputs(sweep.specification());
        let order = FreezeOrder { choice, folder: &folder, scratch: scratch.path() };
        let frozen =
            self.runners.freeze(sweep.runner(), &spec, &order)?.map_err(|status| undecided(&status))?;
        Ok(Written { frozen, folder, spec, scratch, instead_of: None })
    }

    /// The specification of the cases that have an output to be compared with.
    fn of_cases_with_outputs(&self, spec: &RunSpec) -> RunSpec {
        let mut spec = spec.clone();
        spec.cases.retain(|case| self.golden.outputs(&case.name).is_some());
        spec
    }

    /// Runs the graph on the inputs that it takes and judges what it gives against the goldens.
    fn proved(
        &self,
        written: &Written,
        proof: &Proof<'_>,
        progress: &dyn Progress,
    ) -> Result<FrozenRecord, RecordError> {
        let Written { frozen, folder, spec, scratch, .. } = written;
        let scratch = scratch.path();
        let entry = frozen.entry.as_ref().map_or_else(|| folder.to_owned(), |entry| folder.join(entry));
        let mut cases = Vec::new();
        for (place, inputs) in &frozen.cases {
            let case = &spec.cases[*place];
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
        let mut proved = Vec::new();
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
        let engine = outcome.environment.map(|environment| environment.engine);
        Ok(FrozenRecord {
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
        })
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
            let (stored, produced) = (tensors(stored), tensors(&produced));
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
        let golden = self.golden.outputs(case).map(tensors).unwrap_or_default();
        let referee = proof.referee.get(case).map(tensors);
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

/// The tensors of outputs by their paths, but for what stages before the model gave: what graphs give.
fn tensors(outputs: &Values) -> Values {
    let own: Values = outputs.iter().filter(|(name, _)| name != STAGES).cloned().collect();
    let plain = leaves(&own).into_iter().filter_map(|(path, leaf)| match leaf {
        Leaf::Tensor(tensor) => Some((path, Value::Tensor(tensor.clone()))),
        _ => None,
    });
    plain.collect()
}

fn undecided(status: &Status) -> RecordError {
    let (what, hint) = explain(status);
    RecordError::Undecided { what: format!("no graph to freeze: {what}"), hint }
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
