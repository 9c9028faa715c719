//! Goldens that hold on every machine: the outputs of the engine whose bits are defined.

use std::collections::BTreeMap;

use reproof_contract::Name;
use reproof_contract::plan::Purpose;
use reproof_contract::run::{Precision, RunSpec, Status};
use reproof_progress::{Progress, Unit};

use super::referee::{Referee, disagreement};
use super::{Completed, RecordError, Sweep, explain, widen};
use crate::cases::Case;
use crate::execution::{PYTHON, REFEREE, Runners};
use crate::judge::Values;

/// By case, what the engine with defined bits gives, or the words with which it refuses.
pub(super) type Canonical = BTreeMap<Name, Result<Values, String>>;

/// Runs the cases in the engine with defined bits, where another engine made the goldens, and believes what comes out
/// only if it is what the float64 referee computes. A model that this engine lacks an operator of has none, and a note.
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
        let found = match (status, outputs.first()) {
            (Status::Done, Some(outputs)) => Ok(outputs.clone()),
            (Status::Refused { .. }, _) => Err(words),
            _ => {
                notes.push(format!("no canonical golden of {}: {words}", case.name));
                continue;
            }
        };
        let wide = referee.outputs.get(&case.name).filter(|_| super::is_ordinary(case));
        let problem = found.as_ref().ok().zip(wide).and_then(|(found, wide)| disagreement(found, wide));
        match problem {
            Some(problem) => notes.push(format!("no canonical golden of {}: {problem}", case.name)),
            None => drop(given.insert(case.name.clone(), found)),
        }
    }
    Ok(given)
}
