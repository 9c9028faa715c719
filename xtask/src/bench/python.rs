//! Models of PyTorch: `verify` against a bare script, and what a callback adds to a save.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use reproof_testing::python;
use serde_json::Value;

use super::{Bound, Options, Table, Unit};
use crate::measure::{self, Contender, Cost, Measured};
use crate::{package, repository};

/// Wall time over that of a script that imports torch, loads the same file and runs the same cases.
const VERIFY_LIMIT: f64 = 1.10;

/// Time that a callback adds to a save, over that of the save.
const CALLBACK_LIMIT: f64 = 0.05;

/// The peer, which also makes the model and is its loader.
const SCRIPT: &str = "tests/python/bench_torch.py";

/// Measures both.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let interpreter = python::environment("checkpoints").context("no Python with torch")?;
    Ok(vec![verify(&interpreter, options)?, callback(&interpreter, options)?])
}

fn verify(interpreter: &Path, options: Options) -> Result<Table> {
    let ours = repository::binary()?;
    let folder = tempfile::tempdir().context("could not make a temporary folder")?;
    let script = repository::root().join(SCRIPT);
    repository::run(Command::new(interpreter).arg(&script).arg("make").arg(folder.path()))?;
    // The loader lies beside the weights, as a user's would.
    fs::copy(&script, folder.path().join("bench_torch.py")).context("could not copy the loader")?;
    let weights = folder.path().join("weights.pt").into_os_string();
    let python: [OsString; 4] =
        ["--python".into(), interpreter.into(), "--loader".into(), "bench_torch:build".into()];
    let command =
        |name: &str, more: &[OsString]| [&[name.into(), weights.clone()], &python[..], more].concat();
    let cases: [OsString; 4] =
        ["--cases".into(), folder.path().join("cases").into(), "--budget".into(), "1s".into()];
    repository::output(Command::new(&ours).args(command("record", &cases)))?;
    let peer = [script.into_os_string(), "run".into(), folder.path().into()];
    let contenders = [
        Contender::new("reproof verify", &ours, command("verify", &[])),
        Contender::new("bare torch script", interpreter, peer),
    ];
    let rows = measure::compare(&contenders, options.runs)?;
    let bound = Bound {
        name: "wall, `reproof verify` over the script".to_owned(),
        value: rows[0].cost.wall / rows[1].cost.wall,
        limit: VERIFY_LIMIT,
        unit: Unit::Times,
    };
    let title = "torch module of 100 million parameters (403 MB), two cases, one thread".to_owned();
    Ok(Table { title, rows, bounds: vec![bound] })
}

fn callback(interpreter: &Path, options: Options) -> Result<Table> {
    let installed: PathBuf = package::installed()?;
    let script = repository::root().join("tests/python/bench_callback.py");
    let mut command = Command::new(interpreter);
    command.arg(&script).arg(options.runs.to_string()).env("PYTHONPATH", installed);
    let printed = repository::output(&mut command)?;
    let last = printed.lines().last().unwrap_or_default();
    let told: Value = serde_json::from_str(last).with_context(|| format!("unexpected: {printed}"))?;
    let seconds = |name: &str| told[name].as_f64().with_context(|| format!("no `{name}` in {printed}"));
    let row = |label: &str, wall: f64| Measured {
        label: label.to_owned(),
        cost: Cost { wall, cpu: f64::NAN, memory: f64::NAN },
        runs: options.runs,
    };
    let (saving, added) = (seconds("saving")?, seconds("added")?);
    Ok(Table {
        title: "a checkpoint of 100 MB saved with a callback".to_owned(),
        rows: vec![row("what the callback adds", added), row("torch.save", saving)],
        bounds: vec![Bound {
            name: "what the callback adds over torch.save".to_owned(),
            value: added / saving,
            limit: CALLBACK_LIMIT,
            unit: Unit::Times,
        }],
    })
}
