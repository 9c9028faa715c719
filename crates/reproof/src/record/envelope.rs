//! How far outputs move under harmless changes: the envelope.

use std::collections::BTreeMap;

use reproof_contract::Real;
use reproof_contract::contract::{Envelope, OutputRule};
use reproof_contract::plan::Purpose;
use reproof_contract::run::RunSpec;
use reproof_progress::{Progress, Unit};
use reproof_tensor::Leaf;
use reproof_tensor::compare::difference;

use super::batch::{self, Alone};
use super::{Completed, RecordError, Sweep, is_ordinary};
use crate::cases::Case;
use crate::instructions;
use crate::judge::leaves;

/// A difference up to this multiple of the recorded one is within the envelope: the perturbations here are a sample of
/// the harmless ones there. `docs/envelope.md` has the measured rate of false alarms.
const FACTOR: &str = "4";

/// A harmless change: its name and what it does to a run.
pub(super) type Perturbation = (&'static str, fn(&mut RunSpec));

/// The harmless changes that a runner's engine offers.
pub(super) fn perturbations(runner: &str) -> Vec<Perturbation> {
    match runner {
        "onnxruntime" => vec![
            ("threads=2", |spec| spec.threads = Some(2)),
            ("threads=8", |spec| spec.threads = Some(8)),
            ("optimisation=disabled", |spec| set(spec, "optimisation", "disabled")),
            ("optimisation=basic", |spec| set(spec, "optimisation", "basic")),
            ("optimisation=extended", |spec| set(spec, "optimisation", "extended")),
        ],
        // Its own bits never move: what does is how other engines round.
        "referee" => vec![("rounding=ordinary", |spec| set(spec, "rounding", "ordinary"))],
        "python" => vec![
            ("threads=2", |spec| spec.threads = Some(2)),
            ("kernels=avx2", |spec| variables(spec, &AVX2)),
            ("kernels=portable", |spec| variables(spec, &PORTABLE)),
        ],
        _ => Vec::new(),
    }
}

/// What makes numeric libraries take the kernels of an older processor. Each variable belongs to one library and means
/// nothing to the others (facts measured with torch on processors: ATen's moves softmax and norms, oneDNN's
/// convolutions, MKL's matrix products).
const AVX2: [(&str, &str); 3] =
    [("ATEN_CPU_CAPABILITY", "avx2"), ("ONEDNN_MAX_CPU_ISA", "AVX2"), ("OPENBLAS_CORETYPE", "Haswell")];

/// As [`AVX2`], for the oldest processors that the libraries know.
const PORTABLE: [(&str, &str); 4] = [
    ("ATEN_CPU_CAPABILITY", "default"),
    ("ONEDNN_MAX_CPU_ISA", "SSE41"),
    ("MKL_CBWR", "COMPATIBLE"),
    ("OPENBLAS_CORETYPE", "Nehalem"),
];

/// What [`AVX2`] and [`PORTABLE`] are for XLA, by the name of the change.
const XLA: [(&str, &str); 2] = [("kernels=avx2", "AVX2"), ("kernels=portable", "SSE4_2")];

fn variables(spec: &mut RunSpec, wanted: &[(&str, &str)]) {
    let owned = wanted.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    spec.variables.extend(owned);
}

fn set(spec: &mut RunSpec, option: &str, value: &str) {
    spec.options.insert(option.to_owned(), value.to_owned());
}

/// Runs every perturbation that the budget affords and widens the envelope of each output by it, and by an entry of a batch
/// that was run alone.
pub(super) fn measure(
    sweep: &Sweep<'_>,
    kept: &[&Case],
    golden: &Completed,
    alone: Option<(&Alone, &Completed)>,
    rules: &mut BTreeMap<String, OutputRule>,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<(), RecordError> {
    let mut widest: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    let mut tried = Vec::new();
    for (name, change) in perturbations(sweep.runner()) {
        if !sweep.affords(golden.elapsed) {
            notes.push(format!("perturbation {name} left out: the budget is spent"));
            continue;
        }
        progress.begin(&format!("perturbing: {name}"), Some(kept.len() as u64), Unit::Items);
        let newest = XLA.iter().find(|(change, _)| *change == name);
        let of_xla = newest.and_then(|(_, newest)| instructions::of_xla(golden.environment.as_ref(), newest));
        let change = |spec: &mut RunSpec| {
            change(spec);
            spec.variables.extend(of_xla);
        };
        let run = sweep.run(Purpose::Perturbation(name.to_owned()), change, progress)?;
        progress.end();
        if !run.load.is_done() {
            notes.push(format!("perturbation {name} left out: {}", super::explain(&run.load).0));
            continue;
        }
        let mut widened = false;
        for case in kept.iter().filter(|case| is_ordinary(case)) {
            let Some(golden) = golden.outputs(&case.name) else { continue };
            match run.outputs(&case.name) {
                Some(moved) => {
                    widen(&mut widest, golden, moved);
                    widened = true;
                }
                // Kernels of another processor may lack what a model needs.
                None => notes.push(format!(
                    "perturbation {name} left out of case {}: {}",
                    case.name,
                    run.refusal(&case.name).unwrap_or_default()
                )),
            }
        }
        if widened {
            tried.push(name.to_owned());
        }
    }
    if alone.is_some_and(|(alone, run)| alone.widen(run, &mut widest)) {
        tried.push(batch::NAME.to_owned());
    }
    for (path, (maximum, l2)) in widest {
        rules.entry(path).or_default().envelope = Some(Envelope {
            perturbations: tried.clone(),
            maximum_over_rms: Real(maximum),
            relative_l2: Real(l2),
            factor: FACTOR.parse().expect("a decimal number"),
        });
    }
    Ok(())
}

/// Widens the envelope by the difference of two runs of one case.
pub(super) fn widen(
    widest: &mut BTreeMap<String, (f64, f64)>,
    golden: &crate::judge::Values,
    moved: &crate::judge::Values,
) {
    for ((path, expected), (other, actual)) in leaves(golden).into_iter().zip(leaves(moved)) {
        let (Leaf::Tensor(expected), Leaf::Tensor(actual)) = (expected, actual) else { continue };
        let comparable = expected.dtype() == actual.dtype() && expected.shape() == actual.shape();
        if path != other || !comparable || !expected.dtype().is_float() {
            continue;
        }
        let Some(difference) = difference(expected.view(), actual.view()) else { continue };
        // More than half of the digits off is another computation, not a harmless change: entries of a batch that depend
        // on each other, say. It must not make room for real drift.
        let digits = expected.dtype().epsilon().unwrap_or(0.0).sqrt();
        let another = difference.maximum_over_rms() > digits;
        if difference.special_mismatches > 0 || difference.golden_rms == 0.0 || another {
            continue;
        }
        let entry = widest.entry(path).or_default();
        entry.0 = entry.0.max(difference.maximum_over_rms());
        entry.1 = entry.1.max(difference.relative_l2);
    }
}
