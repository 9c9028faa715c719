//! Phase 3: outputs against goldens.

use std::path::Path;
use std::time::Instant;

use reproof_contract::contract::{CaseRecord, Contract, Expected, OutputRule, RefereeRecord};
use reproof_contract::report::{Basis, CaseReport, Check, CheckStatus, OutputReport, Phase, PhaseName};
use reproof_contract::{Name, Relation, Verdict};

use super::changed::named;
use super::checks::{Details as _, check};
use super::execute::Execution;
use super::rerun::{Reran, Rerun};
use super::stages::{Restaged, restage};
use super::{Subject, VerifyError};
use crate::folder::golden_folder;
use crate::judge::{self, Context, Values, all_identical, judge_statistics, table};
use crate::record::graph_outputs;

/// What validating showed.
pub(super) struct Validation {
    pub(super) phase: Phase,
    pub(super) cases: Vec<CaseReport>,
}

/// One case with both sides read.
pub(super) struct Sides<'a> {
    pub(super) record: &'a CaseRecord,
    same_class: bool,
    pub(super) class: &'a str,
    referee: bool,
    ties: &'a [String],
    pub(super) loaded: Result<(Vec<Values>, Values), String>,
}

/// Judges every case that ran.
///
/// `definition_in_doubt` says that the bytes, or the code that computes with them, are not proved to be the recorded ones:
/// then equal bits of outputs are not enough, a change of definition may hide inside the rounding.
pub(super) fn judge(
    subject: &Subject<'_>,
    execution: &Execution,
    definition_in_doubt: bool,
    scratch: &Path,
) -> Result<Validation, VerifyError> {
    let started = Instant::now();
    let contract = &subject.stored.contract;
    let sides: Vec<Option<Sides<'_>>> =
        contract.suite.iter().map(|record| read(subject, execution, record)).collect();
    let differing: Vec<&Sides<'_>> = sides
        .iter()
        .flatten()
        .filter(|sides| contract.statistics.is_none() && needs_referee(sides, definition_in_doubt))
        .collect();
    let compared = sides.iter().flatten().filter(|_| contract.statistics.is_none()).filter_map(|sides| {
        let (goldens, produced) = sides.loaded.as_ref().ok()?;
        Some((&sides.record.name, goldens.first()?, produced))
    });
    let restaged = restage(subject, execution, compared, scratch)?;
    let referee = Rerun { subject, execution, restaged: &restaged, scratch }.of(&differing)?;
    let mut checks = Vec::new();
    let mut cases = Vec::new();
    for (record, sides) in contract.suite.iter().zip(&sides) {
        let outcome = execution.cases.iter().find(|case| case.name == record.name);
        let outputs = match sides {
            Some(sides) => {
                let staged = restaged.iter().find(|staged| staged.name == record.name);
                judge_case(subject, execution, definition_in_doubt, sides, &referee, staged)
            }
            None => Vec::new(),
        };
        checks.extend(outputs.iter().map(|output| output_check(&record.name, output)));
        let own = execution.case_verdict(record.name.as_str());
        cases.push(CaseReport {
            name: record.name.to_string(),
            class: record.class,
            verdict: Verdict::worst(outputs.iter().map(|output| output.verdict).chain([own])),
            seconds: outcome.map_or(0.0, |case| case.step.seconds),
            outputs,
        });
    }
    let phase = Phase {
        name: PhaseName::Validate,
        verdict: Verdict::worst(checks.iter().map(|check: &Check| check.verdict)),
        seconds: started.elapsed().as_secs_f64(),
        peak_memory_bytes: referee.peak,
        checks,
    };
    Ok(Validation { phase, cases })
}

/// Reads golden and produced outputs of a case that has both.
fn read<'a>(subject: &Subject<'a>, execution: &'a Execution, record: &'a CaseRecord) -> Option<Sides<'a>> {
    let (same_class, golden) = execution.golden(&subject.stored.contract, record.name.as_str())?;
    let outcome = execution.cases.iter().find(|case| case.name == record.name)?;
    let produced = outcome.outputs.first().filter(|_| outcome.step.status.is_done())?;
    if golden.expected != Expected::Outputs {
        return None;
    }
    let folder = subject.stored.values.join(golden_folder(&golden.class, &record.name));
    let read = |folder: &Path, stem: &str| table::read(folder, stem).map_err(|error| crate::chain(&error));
    let loaded = goldens(&subject.stored.contract, &folder, &read).and_then(|mut goldens| {
        if execution.is_graph {
            goldens = goldens.iter().map(graph_outputs).collect();
        }
        let produced = read(produced, "outputs")?;
        let produced = match goldens.first() {
            Some(golden) => named(golden, produced, subject.relation),
            None => produced,
        };
        Ok((goldens, produced))
    });
    Some(Sides {
        record,
        same_class,
        class: &golden.class,
        referee: golden.referee,
        ties: &golden.ties,
        loaded,
    })
}

/// The golden outputs of a case: one, or every sample of a nondeterministic model.
fn goldens(
    contract: &Contract,
    folder: &Path,
    read: &dyn Fn(&Path, &str) -> Result<Values, String>,
) -> Result<Vec<Values>, String> {
    match &contract.statistics {
        None => Ok(vec![read(folder, "outputs")?]),
        Some(statistics) => {
            (0..statistics.samples).map(|index| read(folder, &format!("sample-{index}"))).collect()
        }
    }
}

fn needs_referee(sides: &Sides<'_>, definition_in_doubt: bool) -> bool {
    let Ok((goldens, produced)) = &sides.loaded else { return false };
    let differs = || goldens.first().is_some_and(|golden| !all_identical(golden, produced));
    sides.referee && (definition_in_doubt || differs())
}

fn judge_case(
    subject: &Subject<'_>,
    execution: &Execution,
    doubt: bool,
    sides: &Sides<'_>,
    referee: &Reran,
    staged: Option<&Restaged>,
) -> Vec<OutputReport> {
    let contract = &subject.stored.contract;
    let (goldens, produced) = match &sides.loaded {
        Ok(loaded) => loaded,
        Err(problem) => {
            let statement = format!("the outputs cannot be read: {problem}");
            let evidence = judge::plain(Basis::Nothing, statement);
            let report = OutputReport {
                name: "(outputs)".to_owned(),
                verdict: Verdict::Undecided,
                metrics: None,
                evidence,
            };
            return vec![report];
        }
    };
    if let Some(statistics) = &contract.statistics {
        let name = &sides.record.name;
        let spread =
            |path: &str| statistics.distances.get(&format!("{name}/{path}")).cloned().unwrap_or_default();
        return judge_statistics(goldens, produced, &spread);
    }
    let Some(golden) = goldens.first() else { return Vec::new() };
    let folder = subject.stored.values.join(golden_folder(sides.class, &sides.record.name));
    let stored = sides.referee.then(|| table::read(&folder, "referee").ok()).flatten();
    let rerun =
        referee.outputs.iter().find(|(name, _)| *name == sides.record.name).map(|(_, outputs)| outputs);
    let context = Context {
        same_class: sides.same_class,
        elsewhere: execution.elsewhere || !sides.same_class || subject.relation != Relation::Same,
        doubt,
        open: &sides.record.open,
        ties: sides.ties,
        stored_referee: stored.as_ref(),
        current_referee: rerun.map(|outputs| outputs.as_ref().map_err(String::as_str)),
        bit_for_bit: referee.bit_for_bit && !doubt,
        private: contract.private.is_some(),
        referee_none: match &contract.referee {
            RefereeRecord::None { reason } => Some(reason),
            RefereeRecord::Float64 { .. } => None,
        },
    };
    let rule = |path: &str| -> Option<&OutputRule> { contract.outputs.get(path) };
    let combined = staged.and_then(|staged| staged.combined(produced));
    let mut reports = judge::judge(golden, combined.as_ref().unwrap_or(produced), &rule, &context);
    let told = || judge::divergence(golden, combined.as_ref().unwrap_or(produced));
    let told = if context.private { None } else { told() };
    let tokens = reports.iter_mut().find(|report| report.name == "tokens");
    if let (Some(told), Some(report)) = (told, tokens) {
        report.evidence.statement = format!("{told}; {}", report.evidence.statement);
    }
    if let Some(staged) = staged {
        staged.explain(&mut reports);
    }
    reports
}

/// The line of the checklist for one output.
fn output_check(case: &Name, output: &OutputReport) -> Check {
    let title = format!("{} of {case} is {}", output.name, output.verdict);
    let line = check("validate.output", title, output.verdict).case(case.as_str()).output(&output.name);
    match output.verdict {
        Verdict::Identical => line,
        Verdict::Equivalent
            if output.evidence.referee_none.is_some() && output.evidence.basis != Basis::Bits =>
        {
            line.actual(&output.evidence.statement).status(CheckStatus::Warn)
        }
        Verdict::Equivalent | Verdict::Tolerated | Verdict::Undecided => {
            line.actual(&output.evidence.statement)
        }
        _ => line
            .expected("the golden")
            .actual(&output.evidence.statement)
            .hint("--html FILE shows where and by how much, --keep DIR keeps the tensors"),
    }
}
