//! Goldens that hold on every machine: the outputs of the engine whose bits are defined.

use std::collections::BTreeMap;

use reproof_contract::plan::Purpose;
use reproof_contract::run::{Precision, RunSpec, Status};
use reproof_contract::{CaseClass, Name};
use reproof_progress::{Progress, Unit};

use super::referee::{Referee, disagreement};
use super::{Completed, RecordError, Sweep, explain, widen};
use crate::cases::Case;
use crate::execution::{PYTHON, REFEREE, Runners};
use crate::judge::Values;

/// By case, what the engine with defined bits gives, or the words with which it refuses.
pub(super) type Canonical = BTreeMap<Name, Result<Values, String>>;

/// Runs the cases in the engine with defined bits, where another engine made the goldens, and believes what comes out only
/// if it is what that engine and the float64 referee compute. A case that this one cannot run has none, and a note says so.
pub(super) fn compute(
    sweep: &Sweep<'_>,
    kept: &[&Case],
    golden: &Completed,
    referee: &Referee,
    runners: &Runners,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<Canonical, RecordError> {
    let none = Canonical::new();
    if [PYTHON, REFEREE].contains(&sweep.runner()) || runners.get(REFEREE).is_none() {
        return Ok(none);
    }
    if !sweep.affords(golden.elapsed) {
        notes.push("no canonical goldens: the budget is spent".to_owned());
        return Ok(none);
    }
    progress.begin("computing canonical goldens", Some(kept.len() as u64), Unit::Items);
    let defaults = |spec: &mut RunSpec| {
        widen(spec);
        spec.precision = Precision::Stored;
    };
    let run = sweep.run_with(REFEREE, Purpose::Canonical, defaults, progress)?;
    progress.end();
    if !run.load.is_done() {
        notes.push(format!("no canonical goldens: {}", explain(&run.load).0));
        return Ok(none);
    }
    let mut given = Canonical::new();
    for case in kept {
        let Some((status, outputs)) = run.cases.get(&case.name) else { continue };
        let words = explain(status).0;
        let found = match (golden.outputs(&case.name), status, outputs.first()) {
            (Some(expected), Status::Done, Some(outputs)) => agrees(expected, outputs, case, referee),
            // Engines differ in what they refuse at the boundaries; what a model is for must run.
            (_, Status::Refused { .. }, _) if case.class != CaseClass::Typical => Ok(Err(words)),
            (None, Status::Done, Some(outputs)) if case.class != CaseClass::Typical => {
                Ok(Ok(outputs.clone()))
            }
            (None, Status::Done, _) => Err("it runs what the recording engine refuses".to_owned()),
            _ => Err(words),
        };
        match found {
            Ok(found) => drop(given.insert(case.name.clone(), found)),
            Err(why) => notes.push(format!("no canonical golden of {}: {why}", case.name)),
        }
    }
    Ok(given)
}

/// The outputs of a case, if they are the function that the recording engine and the float64 referee compute.
fn agrees(
    expected: &Values,
    outputs: &Values,
    case: &Case,
    referee: &Referee,
) -> Result<Result<Values, String>, String> {
    let wide = referee.outputs.get(&case.name);
    let problem = [Some(expected), wide].into_iter().flatten().find_map(|other| disagreement(outputs, other));
    match problem.filter(|_| super::is_ordinary(case)) {
        Some(problem) => Err(problem),
        None => Ok(Ok(outputs.clone())),
    }
}
