//! Alterations of the loaded model: constants, activations, precisions, modes, what is done to inputs. All that make sense for a
//! model run in one process, one after the other.

use std::time::Instant;

use reproof_contract::diagnosis::{Cause, Experiment};
use reproof_contract::report::Confidence;
use reproof_contract::run::{CaseOutcome, Trial};

use super::bench::{Bench, Produced};
use super::experiments::{Set, took};
use super::{Case, DiagnoseError, Found};
use crate::execution::PYTHON;

/// Alterations that are tried at once: more would outlast the budget between two looks at it.
const AT_ONCE: usize = 20;

/// Tries every alteration that would change something.
pub(super) fn make(case: &Case<'_>, bench: &Bench<'_>, found: &mut Found) -> Result<(), DiagnoseError> {
    if bench.runner() != PYTHON || found.settled {
        return Ok(());
    }
    let asked = bench.run("?", |spec| {
        spec.cases.truncate(1);
        spec.trials = vec!["?".to_owned()];
    })?;
    let wanted = asked.outcome.cases.first().map(|case| case.catalogue.clone()).unwrap_or_default();
    for some in wanted.chunks(AT_ONCE) {
        if found.settled {
            break;
        }
        if !case.has_time() {
            found.left_out += some.len();
            continue;
        }
        case.progress.begin("trying alterations of the model", None, reproof_progress::Unit::Items);
        let experiments = some_of(bench, some)?;
        case.progress.end();
        for experiment in experiments {
            let (fix, set) = (fix(&experiment), Set::Alteration(experiment.title.clone()));
            took(found, experiment, &fix, set);
        }
    }
    if found.settled {
        found.causes.extend(compiled_as_well(case));
    }
    Ok(())
}

/// What is compiled is altered as it is written: where that gave the recorded bits, it was not compiled when recorded.
fn compiled_as_well(case: &Case<'_>) -> Option<Cause> {
    let mut differences = case.execution?.differences.iter();
    let compiled =
        differences.find(|found| found.item == "settings.torch.compiled" && found.current == "True")?;
    Some(Cause {
        id: "kernels.compiled".to_owned(),
        confidence: Confidence::Confirmed,
        statement: "the model is compiled, which it was not when recorded".to_owned(),
        evidence: vec![
            "as it is written, with the other change undone, every bit is the recorded one".to_owned(),
            format!("{}: {} when recorded, {} now", compiled.item, compiled.recorded, compiled.current),
        ],
        fix: "leave torch.compile out, as when recorded".to_owned(),
    })
}

/// Tries one.
pub(super) fn one(bench: &Bench<'_>, cause: &str, alteration: &str) -> Result<Experiment, DiagnoseError> {
    let made = some_of(bench, &[alteration.to_owned()])?.into_iter().next();
    let failed = || bench.judge(cause, alteration, &[Err("it cannot be altered so".to_owned())], 0.0);
    Ok(Experiment { cause: cause.to_owned(), ..made.unwrap_or_else(failed) })
}

fn some_of(bench: &Bench<'_>, some: &[String]) -> Result<Vec<Experiment>, DiagnoseError> {
    let known = |alteration: &String| bench.log.known(cause(alteration), alteration);
    let left: Vec<String> = some.iter().filter(|alteration| known(alteration).is_none()).cloned().collect();
    let made = if left.is_empty() { Vec::new() } else { together(bench, &left)? };
    for experiment in &made {
        bench.log.keep(experiment);
    }
    let mut made = made.into_iter();
    Ok(some.iter().filter_map(|alteration| known(alteration).or_else(|| made.next())).collect())
}

/// Makes experiments of all of them in one process.
fn together(bench: &Bench<'_>, some: &[String]) -> Result<Vec<Experiment>, DiagnoseError> {
    let started = Instant::now();
    let ran = bench.run(&some.join(","), |spec| spec.trials = some.to_vec())?;
    let seconds = started.elapsed().as_secs_f64() / some.len() as f64;
    let judged = some.iter().enumerate().map(|(index, alteration)| {
        let cases = ran.outcome.cases.iter().enumerate();
        let produced: Vec<Produced> = cases.map(|(place, case)| given(bench, place, case, index)).collect();
        bench.judge(cause(alteration), alteration, &produced, seconds)
    });
    Ok(judged.collect())
}

/// What the alteration at `index` gave for the case at `place`.
fn given(bench: &Bench<'_>, place: usize, case: &CaseOutcome, index: usize) -> Produced {
    match case.trials.get(index) {
        Some(Trial { outputs: Some(folder), .. }) => bench.read(place, folder),
        Some(trial) => Err(bench.refusal(&trial.status)),
        None => Err(bench.refusal(&case.step.status)),
    }
}

/// The cause that an alteration undoes.
pub(super) fn cause(alteration: &str) -> &'static str {
    let (name, value) = alteration.split_once('=').unwrap_or((alteration, ""));
    match name {
        "epsilon" => "constant.epsilon",
        "activation" => "code.activation",
        "mode" => "mode.training",
        "mask" => "code.mask",
        "scale" => "code.attention",
        "inputs" if value.starts_with("float") => "precision.inputs",
        "inputs" if value.starts_with("reversed") || value == "flipped" => "inputs.order",
        "inputs" if value.starts_with("missing") => "inputs.missing",
        "inputs" => "inputs.scale",
        "weights" | "thresholds" => "precision.weights",
        "parameter" => "constant.parameter",
        "step" => "code.step",
        "classes" => "outputs.order",
        "transform" => "code.formula",
        "compute" | "autocast" => "precision.compute",
        "matmul" => "precision.matmul",
        "mkldnn" => "kernels.backend",
        "attention" => "kernels.attention",
        "compile" => "kernels.compiled",
        "layout" => "kernels.layout",
        "batch" => "kernels.batch",
        "deterministic" => "kernels.deterministic",
        "threads" | "n_jobs" => "kernels.threads",
        _ => "code.changed",
    }
}

/// What to do where an alteration undoes the difference.
fn fix(experiment: &Experiment) -> String {
    let title = &experiment.title;
    let value = title.split_once('=').map_or("", |(_, value)| value);
    match experiment.cause.as_str() {
        "constant.epsilon" => {
            let (kind, epsilon) = value.split_once(':').unwrap_or(("the norm", value));
            format!("set eps={epsilon} in every {kind}, as when recorded")
        }
        "code.activation" => {
            let was = value.rsplit("->").next().unwrap_or(value);
            format!("use the activation {was} again")
        }
        "mode.training" => "call model.eval() after loading".to_owned(),
        "precision.weights" => {
            format!("load the weights of the recorded precision: {value} gives the recorded outputs")
        }
        "precision.compute" => format!("run in the recorded precision: {title}"),
        "kernels.backend" => "torch.backends.mkldnn.enabled = False, as when recorded".to_owned(),
        "kernels.attention" => {
            "choose the recorded attention kernel: torch.nn.attention.sdpa_kernel".to_owned()
        }
        "kernels.compiled" => "compile the model only where it was compiled when recorded".to_owned(),
        "kernels.layout" => format!("put model and inputs into the recorded memory format: {value}"),
        "constant.parameter" => {
            let (name, was) = value.rsplit_once(':').unwrap_or(("it", value));
            format!("set {name} to {was}, as when recorded")
        }
        "code.formula" => format!("use the version of the library that computes it as recorded: {value}"),
        "kernels.batch" => "run with the recorded batch size".to_owned(),
        "inputs.scale" | "inputs.order" => {
            format!("prepare inputs as when recorded: {value} gives the recorded outputs")
        }
        _ => format!("undo the change: {title} gives the recorded outputs"),
    }
}
