//! What recording a trajectory adds to a step of training.

use std::process::Command;

use anyhow::{Context as _, Result};
use reproof_testing::python;
use serde_json::Value;

use super::{Bound, Options, Table, Unit};
use crate::measure::{Cost, Measured};
use crate::{package, repository};

/// Trainings of the script, with the limit of a recorded step over one that is not.
const TRAININGS: [(&str, &str, f64); 2] = [
    ("long", "a step of 200 ms or more on two cores, 13 million weights", 1.01),
    ("short", "a step of about 20 ms on two cores, 5 million weights", 1.03),
];

/// Bursts of steps for each run that is asked for.
const BURSTS: u32 = 3;

/// Measures both.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let interpreter = python::environment("checkpoints").context("no Python with torch")?;
    let installed = package::installed()?;
    let script = repository::root().join("tests/python/bench_recorder.py");
    let mut command = Command::new(interpreter);
    command.arg(script).arg((options.runs * BURSTS).to_string()).env("PYTHONPATH", installed);
    let printed = repository::output(&mut command)?;
    let last = printed.lines().last().unwrap_or_default();
    let told: Value = serde_json::from_str(last).with_context(|| format!("unexpected: {printed}"))?;
    TRAININGS.iter().map(|(name, title, limit)| table(&told[name], title, *limit)).collect()
}

fn table(told: &Value, title: &str, limit: f64) -> Result<Table> {
    let seconds = |name: &str| told[name].as_f64().with_context(|| format!("no `{name}` in {told}"));
    let row = |label: &str, wall: f64| Measured {
        label: label.to_owned(),
        cost: Cost { wall, cpu: f64::NAN, memory: f64::NAN },
        runs: 0,
    };
    let (plain, recorded, once) = (seconds("plain")?, seconds("recorded")?, seconds("once")?);
    Ok(Table {
        title: format!("{title}, AdamW"),
        rows: vec![
            row("recorded", recorded),
            row("not recorded", plain),
            row("once per checkpoint, for the state", once),
        ],
        bounds: vec![Bound {
            name: "a recorded step over one that is not".to_owned(),
            value: recorded / plain,
            limit,
            unit: Unit::Times,
        }],
    })
}
