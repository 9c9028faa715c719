//! The float64 outputs of the goldens.

use std::collections::BTreeMap;

use reproof_contract::contract::RefereeRecord;
use reproof_contract::plan::Purpose;
use reproof_contract::{CaseClass, Name};
use reproof_progress::{Progress, Unit};
use reproof_tensor::Leaf;
use reproof_tensor::compare::{error_against, root_mean_square};

use super::{Completed, RecordError, Sweep, explain, widen};
use crate::cases::Case;
use crate::execution::Runners;
use crate::judge::{Values, leaves};

/// The float64 outputs, by case, and what the contract says of them.
#[derive(Debug)]
pub(super) struct Referee {
    pub(super) record: RefereeRecord,
    pub(super) outputs: BTreeMap<Name, Values>,
}

impl Referee {
    /// No referee, where none was asked for.
    pub(super) fn none() -> Self {
        Self::absent("the model is nondeterministic".to_owned())
    }

    fn absent(reason: String) -> Self {
        Self { record: RefereeRecord::None { reason }, outputs: BTreeMap::new() }
    }
}

/// Runs the cases in float64, and believes the result only if it computes what the golden computes.
pub(super) fn compute(
    sweep: &Sweep<'_>,
    kept: &[&Case],
    golden: &Completed,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Referee, RecordError> {
    let Some(runner) = runners.referee(sweep.runner()) else {
        return Ok(Referee::absent("no runner here computes in float64".to_owned()));
    };
    if !sweep.affords(golden.elapsed) {
        return Ok(Referee::absent("the budget is spent".to_owned()));
    }
    progress.begin("refereeing in float64", Some(kept.len() as u64), Unit::Items);
    let wide = sweep.run_with(runner, Purpose::Referee, widen, progress)?;
    progress.end();
    if !wide.load.is_done() {
        return Ok(Referee::absent(explain(&wide.load).0));
    }
    let mut outputs = BTreeMap::new();
    for case in kept {
        let Some(expected) = golden.outputs(&case.name) else { continue };
        let Some(referee) = wide.outputs(&case.name) else {
            if case.class == CaseClass::Typical {
                let why = wide.cases.get(&case.name).map(|(status, _)| explain(status).0).unwrap_or_default();
                return Ok(Referee::absent(format!("case {}: {why}", case.name)));
            }
            continue;
        };
        if let Some(problem) = disagreement(expected, referee).filter(|_| case.class == CaseClass::Typical) {
            return Ok(Referee::absent(format!(
                "the float64 run computes something else: case {}, {problem}",
                case.name
            )));
        }
        outputs.insert(case.name.clone(), referee.clone());
    }
    let engine = wide.environment.map(|environment| environment.engine);
    let engine = engine.map(|engine| format!("{} {}", engine.name, engine.version)).unwrap_or_default();
    Ok(Referee { record: RefereeRecord::Float64 { runner: runner.to_owned(), engine }, outputs })
}

/// Why a float64 run is not the same computation: more than half of the digits of the narrow type are off, both of the
/// output's own size and of 1.
pub(super) fn disagreement(golden: &Values, referee: &Values) -> Option<String> {
    let (expected, wide) = (leaves(golden), leaves(referee));
    if expected.len() != wide.len() {
        return Some(format!("{} outputs instead of {}", wide.len(), expected.len()));
    }
    expected.iter().zip(&wide).find_map(|((path, golden), (_, wide))| {
        let (Leaf::Tensor(golden), Leaf::Tensor(wide)) = (golden, wide) else { return None };
        let epsilon = golden.dtype().epsilon()?;
        let Some((error, worst, _)) = error_against(wide.view(), golden.view()) else {
            return Some(format!(
                "output {path} has shape {:?} instead of {:?}",
                wide.shape(),
                golden.shape()
            ));
        };
        let norm = root_mean_square(wide.view())? * (wide.len() as f64).sqrt();
        let relative = if error == 0.0 { 0.0 } else { error / norm };
        // A saturated sigmoid is exact to a part of 1, not of its own 1e-12.
        let limit = epsilon.sqrt();
        (relative > limit && worst > limit)
            .then(|| format!("output {path} is off by {relative:.1e} of its norm"))
    })
}
