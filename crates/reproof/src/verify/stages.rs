//! Whether preprocessing changed, or the model behind it.
//!
//! A case that begins at raw input (a text, a table row) has what its stages gave among its outputs. Where that is no
//! longer as recorded, the model gets other inputs and gives other outputs, and nothing is said about it. So it is run
//! once more on what was recorded.

use std::path::{Path, PathBuf};

use reproof_contract::plan::{Purpose, Unit as Work};
use reproof_contract::report::{CaseReport, OutputReport};
use reproof_contract::run::CaseInput;
use reproof_contract::{Name, Verdict};
use reproof_formats::values;
use reproof_progress::Unit;
use reproof_tensor::Value;

use super::execute::Execution;
use super::{Subject, VerifyError};
use crate::execution::given;
use crate::judge::{STAGES, Values, all_identical, table};
use crate::record::{explain, specification};

/// A case whose preprocessing changed.
pub(super) struct Restaged {
    pub(super) name: Name,
    /// Inputs that begin behind preprocessing.
    pub(super) folder: PathBuf,
    /// What the model gives with them, or why nothing.
    pub(super) outputs: Result<Values, String>,
}

/// Runs the model on the recorded results of preprocessing, for every case (name, golden, produced) in which they are
/// others now.
pub(super) fn restage<'a>(
    subject: &Subject<'_>,
    execution: &Execution,
    cases: impl Iterator<Item = (&'a Name, &'a Values, &'a Values)>,
    scratch: &Path,
) -> Result<Vec<Restaged>, VerifyError> {
    let mut changed = Vec::new();
    for (name, golden, produced) in cases {
        let (Some(expected), Some(actual)) = (stages(golden), stages(produced)) else { continue };
        let named = |value: &Value| vec![(STAGES.to_owned(), value.clone())];
        let recorded = named(expected);
        if all_identical(&recorded, &named(actual)) {
            continue;
        }
        let folder = scratch.join("staged").join(name.as_str());
        let failed = |source| VerifyError::Scratch { path: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(failed)?;
        if values::write(&folder, "inputs", &recorded).is_ok() {
            changed.push(CaseInput { name: name.clone(), folder });
        }
    }
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let folders: Vec<PathBuf> = changed.iter().map(|case| case.folder.clone()).collect();
    let artifact = given(&execution.runner, subject.path, &execution.model);
    subject.progress.begin("running behind preprocessing", Some(changed.len() as u64), Unit::Items);
    let mut spec = specification(artifact, changed, subject.options.limits);
    execution.settings.apply(&mut spec);
    let unit = Work { runner: execution.runner.clone(), purpose: Purpose::Outputs, spec };
    let outcome = subject.runners.execute(&unit, scratch, subject.progress)?;
    subject.progress.end();
    let outcomes = outcome.cases.into_iter().zip(folders);
    Ok(outcomes
        .map(|(case, folder)| {
            let outputs = match case.outputs.first().filter(|_| case.step.status.is_done()) {
                Some(folder) => table::read(folder, "outputs").map_err(|error| crate::chain(&error)),
                None => Err(explain(&case.step.status).0),
            };
            Restaged { name: case.name, folder, outputs }
        })
        .collect())
}

fn stages(values: &Values) -> Option<&Value> {
    values.iter().find(|(name, _)| name == STAGES).map(|(_, value)| value)
}

impl Restaged {
    /// What preprocessing gives now, with what the model gives behind the recorded preprocessing.
    pub(super) fn combined(&self, produced: &Values) -> Option<Values> {
        let behind = self.outputs.as_ref().ok()?;
        let model = behind.iter().filter(|(name, _)| name != STAGES);
        let now = produced.iter().filter(|(name, _)| name == STAGES);
        Some(now.chain(model).cloned().collect())
    }

    /// Says of every output what it was made of.
    pub(super) fn explain(&self, reports: &mut [OutputReport]) {
        for report in reports.iter_mut().filter(|report| !is_stage(&report.name)) {
            let statement = &mut report.evidence.statement;
            *statement = match &self.outputs {
                Ok(_) => format!("behind the recorded preprocessing: {statement}"),
                Err(problem) => {
                    format!("{statement}; preprocessing changed, and behind the recorded one: {problem}")
                }
            };
        }
    }
}

/// What a report shows of preprocessing, where it changed.
pub(crate) struct StageFinding<'a> {
    /// The case, and what of preprocessing is another there.
    pub(crate) case: &'a str,
    pub(crate) stage: &'a str,
    pub(crate) model: ModelBehind,
}

/// The model behind preprocessing that changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelBehind {
    /// On the recorded preprocessing it gives the recorded outputs.
    Same,
    Changed,
    /// It could not be run behind the recorded preprocessing.
    NotJudged,
}

/// Reads the finding from the outputs of every case.
pub(crate) fn finding(cases: &[CaseReport]) -> Option<StageFinding<'_>> {
    let outputs = cases.iter().flat_map(|case| case.outputs.iter().map(move |output| (case, output)));
    let negative = outputs.filter(|(_, output)| output.verdict.is_negative());
    let (stages, model): (Vec<_>, Vec<_>) = negative.partition(|(_, output)| is_stage(&output.name));
    let (case, stage) = stages.first()?;
    let of_staged = |case: &CaseReport| stages.iter().any(|(staged, _)| staged.name == case.name);
    let model = if model.is_empty() && stages.iter().all(|(case, _)| ran_behind(case)) {
        ModelBehind::Same
    } else if model.iter().any(|(case, _)| ran_behind(case) || !of_staged(case)) {
        ModelBehind::Changed
    } else {
        ModelBehind::NotJudged
    };
    Some(StageFinding { case: &case.name, stage: &stage.name, model })
}

/// What a report says of preprocessing in a sentence, where it changed.
pub(super) fn summary(cases: &[CaseReport]) -> Option<String> {
    let StageFinding { case, stage, model } = finding(cases)?;
    let of_model = match model {
        ModelBehind::Same => "the model did not: on the recorded preprocessing it gives the recorded outputs",
        ModelBehind::Changed => "the model changed too",
        ModelBehind::NotJudged => "the model could not be judged alone",
    };
    Some(format!("preprocessing changed: {stage} of {case}; {of_model}"))
}

/// Whether the model's outputs in a report were made behind the recorded preprocessing.
fn ran_behind(case: &CaseReport) -> bool {
    let mut model = case.outputs.iter().filter(|output| !is_stage(&output.name));
    model.all(|output| output.evidence.statement.starts_with("behind the recorded preprocessing"))
}

fn is_stage(path: &str) -> bool {
    path.strip_prefix(STAGES).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// The verdict's sentence, with what is known of preprocessing.
pub(super) fn summarised(verdict: Verdict, sentence: String, cases: &[CaseReport]) -> String {
    match (verdict, summary(cases)) {
        (Verdict::Drifted | Verdict::Incomparable, Some(stages)) => stages,
        (Verdict::Corrupt, Some(stages)) => format!("{sentence}; {stages}"),
        _ => sentence,
    }
}
