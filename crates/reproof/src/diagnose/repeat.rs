//! Whether the model gives the same twice, and what makes it do so.

use std::time::Instant;

use reproof_contract::diagnosis::{Cause, Experiment, Finding};
use reproof_contract::report::Confidence;
use reproof_contract::run::RunSpec;

use super::bench::{Bench, Ran};
use super::experiments::Set;
use super::{Case, DiagnoseError, Found};
use crate::judge::all_identical;

/// What takes chance out of a model: the alteration, the cause, and what to do.
const STEADY: [(&str, &str, &str, &str); 4] = [
    (
        "mode=eval",
        "mode.training",
        "a part of the model behaves as in training",
        "call model.eval() in the loader",
    ),
    (
        "seed=0",
        "nondeterminism.random",
        "the model draws random numbers that nobody seeds",
        "give what draws a generator with a seed, such as torch.Generator().manual_seed(0), or record a distribution: \
         record --allow nondeterministic",
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
    // In a new interpreter, with whatever chance has a part in its start.
    let once_more = bench.make(case.runners, cause, "the same once more", |_| ())?;
    let steady = once_more.finding == Finding::Unchanged;
    // A run that fails by chance or by a limit is no sign of chance in the model.
    found.unsteady = !steady && once_more.finding != Finding::Failed;
    found.experiments.push(once_more);
    if !found.unsteady {
        return Ok(());
    }
    if let Some(cause) = other_model(bench, found)? {
        found.causes.push(cause);
        return Ok(());
    }
    for (alteration, cause, statement, fix) in STEADY {
        if !case.has_time() {
            found.left_out += 1;
            continue;
        }
        let started = Instant::now();
        let twice = vec![alteration.to_owned(), alteration.to_owned()];
        let ran = bench.run(alteration, |spec| spec.trials = twice)?;
        let seconds = started.elapsed().as_secs_f64();
        let mut outputs = [Vec::new(), Vec::new()];
        for (place, one) in ran.outcome.cases.iter().enumerate() {
            for (index, outputs) in outputs.iter_mut().enumerate() {
                let folder = one.trials.get(index).and_then(|trial| trial.outputs.as_deref());
                let altered = folder.map(|folder| bench.read(place, folder));
                outputs.push(altered.unwrap_or_else(|| Err("it cannot be altered so".to_owned())));
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
            found.undo = recorded.then(|| Set::Alteration(alteration.to_owned()));
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

/// Whether every load makes another model, which in itself repeats: weights that are made up while it loads, or whatever a
/// process draws anew.
fn other_model(bench: &Bench<'_>, found: &mut Found) -> Result<Option<Cause>, DiagnoseError> {
    let (title, id) = ("twice after one load", "nondeterminism.load");
    let started = Instant::now();
    let twice = |spec: &mut RunSpec| {
        spec.repeats = 2;
        spec.loading.state = true;
    };
    let first = bench.run(title, twice)?;
    let cases = first.outcome.cases.iter().enumerate();
    let pairs = cases.map(|(place, case)| match case.outputs.as_slice() {
        [first, second] => (bench.read(place, first), bench.read(place, second)),
        _ => (Err(bench.refusal(&case.step.status)), Err(String::new())),
    });
    let (once, again): (Vec<_>, Vec<_>) = pairs.unzip();
    let same = once
        .iter()
        .zip(&again)
        .all(|pair| matches!(pair, (Ok(once), Ok(again)) if all_identical(once, again)));
    let judged = bench.judge(id, title, &once, started.elapsed().as_secs_f64());
    let note = if same { "the same bits within one load" } else { "other bits within one load" };
    let note = judged.note.clone().unwrap_or_else(|| note.to_owned());
    found.experiments.push(Experiment { note: Some(note), ..judged });
    if !same {
        return Ok(None);
    }
    let second = bench.run("twice after another load", twice)?;
    let tensors = |ran: &Ran| ran.outcome.state.clone().unwrap_or_default().tensors;
    let (first, second) = (tensors(&first), tensors(&second));
    let other: Vec<&str> = first
        .iter()
        .filter(|(name, digest)| second.get(*name).is_some_and(|then| then != *digest))
        .map(|(name, _)| name.as_str())
        .collect();
    let mut evidence =
        vec!["within one load the same inputs give the same bits, after another load others".to_owned()];
    if !other.is_empty() {
        let listed = other.iter().take(4).copied().collect::<Vec<_>>().join(", ");
        evidence.push(format!("{} tensors are others after each load: {listed}", other.len()));
    }
    let made_up = if other.is_empty() { "" } else { ": weights are made up, not loaded" };
    Ok(Some(Cause {
        id: id.to_owned(),
        confidence: Confidence::Confirmed,
        statement: format!("every load makes another model{made_up}"),
        evidence,
        fix: "see to it that the loader loads every weight (strict=True) and draws nothing at random"
            .to_owned(),
    }))
}
