//! Whether the model gives the same twice, and what makes it do so.

use std::time::Instant;

use reproof_contract::diagnosis::{Cause, Experiment, Finding};
use reproof_contract::report::Confidence;

use super::bench::{Bench, read};
use super::{Case, DiagnoseError, Found};
use crate::judge::all_identical;

/// What takes chance out of a model: the alteration, the cause, and what to do.
const STEADY: [(&str, &str, &str, &str); 3] = [
    (
        "mode=eval",
        "mode.training",
        "a part of the model behaves as in training",
        "call model.eval() in the loader",
    ),
    (
        "threads=1",
        "nondeterminism.order",
        "threads add up in an order that changes from run to run",
        "run with --threads 1, or torch.set_num_threads(1)",
    ),
    (
        "deterministic=on",
        "nondeterminism.order",
        "an operator adds up in an order that changes from run to run",
        "call torch.use_deterministic_algorithms(True)",
    ),
];

/// Runs the same once more. Where it gives other bits no single run tells anything: then what makes it steady is looked for.
pub(super) fn again(case: &Case<'_>, bench: &Bench<'_>, found: &mut Found) -> Result<(), DiagnoseError> {
    let cause = "nondeterminism";
    let once_more = bench.experiment(cause, "the same once more", |_| ())?;
    let steady = once_more.finding == Finding::Unchanged;
    // A run that fails by chance or by a limit is no sign of chance in the model.
    found.unsteady = !steady && once_more.finding != Finding::Failed;
    found.experiments.push(once_more);
    if !found.unsteady {
        return Ok(());
    }
    for (alteration, cause, statement, fix) in STEADY {
        if !case.has_time() {
            found.left_out += 1;
            continue;
        }
        let started = Instant::now();
        let twice = vec![alteration.to_owned(), alteration.to_owned()];
        let outcome = bench.run(alteration, |spec| spec.trials = twice)?;
        let seconds = started.elapsed().as_secs_f64();
        let mut outputs = [Vec::new(), Vec::new()];
        for one in &outcome.cases {
            for (index, outputs) in outputs.iter_mut().enumerate() {
                let folder = one.trials.get(index).and_then(|trial| trial.outputs.as_deref());
                outputs.push(folder.map_or_else(|| Err("it cannot be altered so".to_owned()), read));
            }
        }
        let [first, second] = outputs;
        let same = first
            .iter()
            .zip(&second)
            .all(|pair| matches!(pair, (Ok(first), Ok(second)) if all_identical(first, second)));
        let judged = bench.judge(cause, alteration, &first, seconds);
        let note = if same { "the same bits twice" } else { "other bits each time" };
        let recorded = same && judged.finding == Finding::Recorded;
        let note = judged.note.clone().unwrap_or_else(|| note.to_owned());
        found.experiments.push(Experiment { note: Some(note), ..judged });
        if same {
            let mut evidence = vec![
                "the same model gave other bits from the same inputs".to_owned(),
                format!("with {alteration} it gives the same bits twice"),
            ];
            if recorded {
                evidence.push(format!("with {alteration} every bit is the recorded one"));
            }
            found.causes.push(Cause {
                id: cause.to_owned(),
                confidence: Confidence::Confirmed,
                statement: statement.to_owned(),
                evidence,
                fix: fix.to_owned(),
            });
            found.settled = recorded;
            return Ok(());
        }
    }
    found.causes.push(Cause {
        id: cause.to_owned(),
        confidence: Confidence::Confirmed,
        statement: "the model gives other bits from run to run, so that the environment cannot be blamed".to_owned(),
        evidence: vec!["the same model gave other bits from the same inputs".to_owned()],
        fix: "find what draws random numbers or adds up in changing order, or record a distribution: record --allow \
              nondeterministic"
            .to_owned(),
    });
    Ok(())
}
