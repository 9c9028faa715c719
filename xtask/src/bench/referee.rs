//! The built-in engine against the executable specification and against ONNX Runtime: seconds of one call.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use reproof_testing::python;
use serde_json::Value;

use super::{Bound, Options, Table, Unit};
use crate::measure::{Cost, Measured};
use crate::repository;

/// Makes the models and runs the peers.
const SCRIPT: &str = "tests/python/bench_referee.py";

/// Of the time of onnx.reference, which computes products in NumPy's library and everything else in Python.
const REFERENCE_LIMIT: f64 = 0.05;

/// Of the time of ONNX Runtime on one thread, which rounds every step to float32.
const RUNTIME_LIMIT: f64 = 4.0;

/// The same, with the vectors alone that every processor of this kind has.
const PORTABLE_LIMIT: f64 = 8.0;

pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let (ours, interpreter) = (repository::binary()?, python::environment("suite")?);
    let folder = tempfile::tempdir().context("could not make a temporary folder")?;
    let script = repository::root().join(SCRIPT);
    repository::run(Command::new(&interpreter).arg("-B").arg(&script).arg("make").arg(folder.path()))?;
    let build = ["build", "--release", "--quiet", "--package", "reproof-referee", "--example", "speed"];
    repository::run(repository::cargo().args(build))?;
    let portable = repository::target().join("release/examples/speed");
    let mut tables = Vec::new();
    for name in ["convolutional", "transformer"] {
        let model = folder.path().join(name).with_extension("onnx");
        let inputs = folder.path().join(name);
        let record = ["--runner", "referee", "--budget", "1s", "--cases"];
        repository::output(Command::new(&ours).arg("record").arg(&model).args(record).arg(&inputs))?;
        let mut seconds = [const { Vec::new() }; 5];
        for _ in 0..options.runs {
            for (threads, seconds) in ["1", "2"].iter().zip(&mut seconds) {
                seconds.push(own_call(&ours, &model, threads)?);
            }
            for (engine, seconds) in ["onnxruntime", "reference"].iter().zip(&mut seconds[2..]) {
                let mut peer = Command::new(&interpreter);
                let peer = peer.arg("-B").arg(&script).args(["run", engine]).args([&model, &inputs]);
                seconds.push(repository::output(peer)?.trim().parse().context("the script prints seconds")?);
            }
            seconds[4].push(portable_call(&portable, name)?);
        }
        tables.push(table(name, seconds));
    }
    Ok(tables)
}

/// Seconds of the quickest case of a verification.
fn own_call(ours: &Path, model: &Path, threads: &str) -> Result<f64> {
    let mut verify = Command::new(ours);
    let text = repository::output(verify.arg("verify").arg(model).args(["--json", "--threads", threads]))?;
    let report: Value = serde_json::from_str(&text).context("a report is JSON")?;
    let cases = report["cases"].as_array().context("a report has cases")?;
    let seconds = cases.iter().filter_map(|case| case["seconds"].as_f64());
    Ok(seconds.fold(f64::INFINITY, f64::min))
}

/// Seconds of the quickest call without a choice of vectors at run time, of a model with the same shapes and other weights.
fn portable_call(example: &Path, name: &str) -> Result<f64> {
    let text = repository::output(&mut Command::new(example))?;
    let line =
        text.lines().find_map(|line| line.strip_prefix(name)).context("the example knows the model")?;
    line.trim().parse().context("the example prints seconds")
}

fn table(name: &str, seconds: [Vec<f64>; 5]) -> Table {
    let labels = [
        "referee, 1 thread",
        "referee, 2 threads",
        "onnxruntime, 1 thread",
        "onnx.reference",
        "referee without dispatch, 1 thread",
    ];
    let rows: Vec<Measured> = labels
        .iter()
        .zip(seconds)
        .map(|(label, mut seconds)| {
            seconds.sort_by(f64::total_cmp);
            let wall = seconds[seconds.len() / 2];
            let cost = Cost { wall, cpu: f64::NAN, memory: f64::NAN };
            Measured { label: (*label).to_owned(), cost, runs: seconds.len() as u32 }
        })
        .collect();
    let bound = |own: usize, peer: usize, limit| Bound {
        name: format!("one call, {} over {}", labels[own], labels[peer]),
        value: rows[own].cost.wall / rows[peer].cost.wall,
        limit,
        unit: Unit::Times,
    };
    let bounds = vec![bound(0, 2, RUNTIME_LIMIT), bound(4, 2, PORTABLE_LIMIT), bound(0, 3, REFERENCE_LIMIT)];
    Table { title: format!("A {name} model in float32: seconds of one call"), rows, bounds }
}
