//! Which experiments are made, in which order.
//!
//! Recorded settings that are others now come first, as they are known to differ. Where float64 shows the same function,
//! what moves bits alone is tried before what changes the function; else the other way round.

use reproof_contract::Verdict;
use reproof_contract::diagnosis::{Cause, Experiment, Finding};
use reproof_contract::report::{Confidence, EnvironmentDifference};
use reproof_contract::run::RunSpec;
use reproof_environment::NOT_SET;

use super::bench::Bench;
use super::{Case, DiagnoseError, Found, repeat, start, trials};
use crate::execution::PYTHON;
use crate::instructions;

/// One change of how the engine is set up.
struct Switch {
    cause: &'static str,
    /// What a user sets, such as `OMP_NUM_THREADS=1`.
    fix: String,
    set: Set,
}

pub(super) enum Set {
    Threads(u32),
    Option(&'static str, String),
    Variable(String, String),
    Alteration(String),
}

impl Set {
    /// Whether the reading of a fingerprint of operators names it.
    fn is_named(&self, reading: &str) -> bool {
        match self {
            Self::Threads(_) => reading.contains("number of threads"),
            Self::Variable(name, _) if name.starts_with("OPENBLAS") => reading.contains("BLAS of NumPy"),
            Self::Variable(name, _) => reading.contains(name.as_str()),
            Self::Option(..) | Self::Alteration(_) => false,
        }
    }

    pub(super) fn apply(&self, spec: &mut RunSpec) {
        match self {
            Self::Threads(threads) => spec.threads = Some(*threads),
            Self::Option(name, value) => {
                spec.options.insert((*name).to_owned(), value.clone());
            }
            Self::Variable(name, value) => {
                spec.variables.insert(name.clone(), value.clone());
            }
            Self::Alteration(text) => spec.loading.planted.push(text.clone()),
        }
    }
}

/// Makes experiments, unless other tensors were loaded than recorded, until one gives the recorded bits, all are made or time is over.
pub(super) fn make(
    case: &Case<'_>,
    bench: &Bench<'_>,
    loaded: Option<Cause>,
    found: &mut Found,
) -> Result<(), DiagnoseError> {
    if found.settled {
        return Ok(());
    }
    repeat::again(case, bench, found)?;
    if found.unsteady {
        return Ok(());
    }
    // Kernels and threads put no operator into a run.
    let by_code = found.start.as_ref().is_some_and(|start| start::cause(case, start).is_some());
    if let Some(loaded) = loaded {
        // No alteration brings back tensors that the loader has made something else of; parameters of an estimator it may.
        found.causes.push(loaded);
        found.settled = case.stored.loaded().is_none_or(|loaded| loaded.len() > 1);
        if found.settled {
            return Ok(());
        }
    }
    switches(case, bench, found, put_back(case))?;
    let mut cases = case.report.cases.iter();
    let drifted = cases.any(|case| case.verdict >= Verdict::Drifted);
    if drifted {
        trials::make(case, bench, found)?;
        let known = if by_code { Vec::new() } else { known(case, bench.runner()) };
        switches(case, bench, found, known)
    } else {
        switches(case, bench, found, known(case, bench.runner()))?;
        trials::make(case, bench, found)
    }
}

fn switches(
    case: &Case<'_>,
    bench: &Bench<'_>,
    found: &mut Found,
    switches: Vec<Switch>,
) -> Result<(), DiagnoseError> {
    for switch in switches {
        if found.settled {
            return Ok(());
        }
        let tried = found.experiments.iter().any(|experiment| experiment.title == switch.fix);
        if tried || is_set(bench.specification(), &switch.set) {
            continue;
        }
        if !case.has_time() {
            found.left_out += 1;
            continue;
        }
        case.progress.begin(&format!("trying {}", switch.fix), None, reproof_progress::Unit::Items);
        let experiment = if let Set::Alteration(text) = &switch.set {
            trials::one(bench, switch.cause, text)?
        } else {
            bench.experiment(switch.cause, &switch.fix, |spec| switch.set.apply(spec))?
        };
        case.progress.end();
        took(found, experiment, &switch.fix, switch.set);
    }
    Ok(())
}

/// Whether a run is set up so anyway.
fn is_set(spec: &RunSpec, set: &Set) -> bool {
    match set {
        Set::Threads(threads) => spec.threads.unwrap_or(1) == *threads,
        Set::Option(name, value) => spec.options.get(*name) == Some(value),
        Set::Variable(name, value) => spec.variables.get(name) == Some(value),
        Set::Alteration(_) => false,
    }
}

/// Notes an experiment, and the cause where it gave the recorded bits or nearly so. Where another one gave them before, the
/// first stays the cause, as the likelier one, and says that this one gives them too.
pub(super) fn took(found: &mut Found, experiment: Experiment, fix: &str, set: Set) {
    let before = found.experiments.iter().position(|earlier| earlier.finding == Finding::Recorded);
    if let (Some(before), Finding::Recorded) = (before, experiment.finding) {
        let title = format!("with {} every bit is the recorded one", found.experiments[before].title);
        let named = found.causes.iter_mut().find(|cause| cause.evidence.contains(&title));
        if let Some(cause) = named {
            cause
                .evidence
                .push(format!("so it is with {}: these cases do not tell them apart", experiment.title));
        }
        found.experiments.push(experiment);
        return;
    }
    let confidence = match experiment.finding {
        Finding::Recorded => Some(Confidence::Confirmed),
        Finding::Nearer => Some(Confidence::Likely),
        _ => None,
    };
    if let Some(confidence) = confidence {
        let evidence = match confidence {
            Confidence::Confirmed => format!("with {} every bit is the recorded one", experiment.title),
            Confidence::Likely => {
                format!("with {} less than a tenth of the difference is left", experiment.title)
            }
        };
        found.causes.push(Cause {
            id: experiment.cause.clone(),
            confidence,
            statement: super::conclude::statement(&experiment.cause, &experiment.title),
            evidence: vec![evidence],
            fix: fix.to_owned(),
        });
        if confidence == Confidence::Confirmed {
            found.settled = true;
            found.undo = Some(set);
        }
    }
    found.experiments.push(experiment);
}

/// Settings that are others than recorded, put back: first variables, from which others follow.
fn put_back(case: &Case<'_>) -> Vec<Switch> {
    let differences = case.execution.map(|execution| execution.differences.as_slice()).unwrap_or_default();
    let (variables, others): (Vec<_>, Vec<_>) =
        differences.iter().partition(|difference| difference.item.starts_with("variables."));
    variables.into_iter().chain(others).filter_map(restored).collect()
}

fn restored(difference: &EnvironmentDifference) -> Option<Switch> {
    let recorded = difference.recorded.clone();
    let on = |text: &str| matches!(text, "true" | "True" | "1");
    if let Some(name) = difference.item.strip_prefix("variables.") {
        // Not set when recorded: taken away.
        let recorded = if recorded == NOT_SET { String::new() } else { recorded };
        if !instructions::is_harmless(name, &recorded) {
            return None;
        }
        let cause = instructions::cause(name)?;
        let fix = if recorded.is_empty() { format!("unset {name}") } else { format!("{name}={recorded}") };
        return Some(Switch { cause, fix, set: Set::Variable(name.to_owned(), recorded) });
    }
    let name = difference.item.strip_prefix("settings.")?;
    let (cause, fix, set) = match name {
        "threads" | "torch.threads" | "onnxruntime.threads" => {
            ("kernels.threads", format!("--threads {recorded}"), Set::Threads(recorded.parse().ok()?))
        }
        "optimisation" => (
            "engine.optimisation",
            format!("--option optimisation={recorded}"),
            Set::Option("optimisation", recorded.clone()),
        ),
        "torch.mkldnn" if !on(&recorded) => (
            "kernels.backend",
            "torch.backends.mkldnn.enabled = False".to_owned(),
            Set::Alteration("mkldnn=off".to_owned()),
        ),
        "torch.deterministic" if on(&recorded) => (
            "kernels.deterministic",
            "torch.use_deterministic_algorithms(True)".to_owned(),
            Set::Alteration("deterministic=on".to_owned()),
        ),
        // Contracts say so of what is compiled alone.
        "torch.compiled" => {
            let (fix, text) = if on(&recorded) {
                ("compile it as when recorded: torch.compile(model)", "compile=on")
            } else {
                ("leave torch.compile out, as when recorded", "compile=off")
            };
            ("kernels.compiled", fix.to_owned(), Set::Alteration(text.to_owned()))
        }
        "torch.matmul_precision" => (
            "precision.matmul",
            format!("torch.set_float32_matmul_precision(\"{recorded}\")"),
            Set::Alteration(format!("matmul={recorded}")),
        ),
        "torch.cpu_capability" => {
            let value = recorded.to_ascii_lowercase();
            (
                "kernels.instructions",
                format!("ATEN_CPU_CAPABILITY={value}"),
                Set::Variable("ATEN_CPU_CAPABILITY".to_owned(), value),
            )
        }
        _ => return None,
    };
    Some(Switch { cause, fix, set })
}

/// What moves bits of each runner's engine, the likeliest first (facts measured with torch, NumPy and ONNX Runtime).
fn known(case: &Case<'_>, runner: &str) -> Vec<Switch> {
    let threads = |count: u32| Switch {
        cause: "kernels.threads",
        fix: format!("--threads {count}"),
        set: Set::Threads(count),
    };
    let mut switches = vec![threads(1), threads(2), threads(4), threads(8)];
    match runner {
        "onnxruntime" => switches.extend(["disabled", "basic", "extended", "all"].map(|level| Switch {
            cause: "engine.optimisation",
            fix: format!("--option optimisation={level}"),
            set: Set::Option("optimisation", level.to_owned()),
        })),
        PYTHON => {
            // Of this run: a contract must not choose flags, which can name files.
            let here = case.execution.and_then(|execution| execution.environment.as_ref());
            let of_xla = ["AVX2", "AVX", "SSE4_2"].map(|newest| instructions::of_xla(here, newest));
            let others = VARIABLES.map(|(name, value)| (name.to_owned(), value.to_owned()));
            switches.extend(of_xla.into_iter().flatten().chain(others).map(|(name, value)| Switch {
                cause: "kernels.instructions",
                fix: format!("{name}={value}"),
                set: Set::Variable(name, value),
            }));
        }
        _ => switches.clear(),
    }
    // What operators point to that were asked by themselves comes first.
    let reading = case.report.environment.fingerprint.as_ref().map_or("", |found| found.reading.as_str());
    switches.sort_by_key(|switch| !switch.set.is_named(reading));
    switches
}

/// What makes numeric libraries take other kernels: ATen's for softmax and norms, oneDNN's for convolutions, MKL's and
/// OpenBLAS's for products of matrices.
const VARIABLES: [(&str, &str); 8] = [
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
    ("ATEN_CPU_CAPABILITY", "default"),
    ("MKL_CBWR", "COMPATIBLE"),
    ("OPENBLAS_CORETYPE", "Haswell"),
    ("ONEDNN_MAX_CPU_ISA", "SSE41"),
    ("OPENBLAS_CORETYPE", "Nehalem"),
    ("NPY_DISABLE_CPU_FEATURES", "AVX512F AVX512_SKX AVX2 FMA3"),
];
