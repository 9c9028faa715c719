//! Checkpoints of PyTorch: digests against b3sum, looking and scanning against picklescan.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use reproof_testing::python;

use super::digest::{b3sum, peak_memory, times};
use super::files::Files;
use super::{Bound, Options, Table, Unit};
use crate::measure::{self, Contender};
use crate::repository;

/// Wall time of `digest` over that of b3sum.
const DIGEST_LIMIT: f64 = 1.25;

/// Processor time of `inspect` and `scan` on the large file, in seconds.
const LOOK_LIMIT: f64 = 0.05;

/// Processor time of `scan` over that of picklescan: on the large file, and on many small ones.
const SCAN_LIMITS: [f64; 2] = [1.0 / 4.0, 1.0 / 20.0];

/// Measures checkpoints of one or as many gigabytes as asked.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let ours = repository::binary()?;
    let hash = b3sum()?;
    let interpreter = python::environment("checkpoints").context("no Python with torch and picklescan")?;
    let picklescan = interpreter.with_file_name("picklescan");
    let gigabytes = options.gigabytes.unwrap_or(1);
    let files = Files::new("checkpoint", 2 * u64::from(gigabytes) * 1_000_000_000)?;
    let script = repository::root().join("tests/python/bench_checkpoints.py");
    println!("making checkpoints of {gigabytes} GB");
    let size = gigabytes.to_string();
    let words = [script.as_os_str(), files.folder().as_os_str(), OsStr::new(&size)];
    repository::run(Command::new(&interpreter).args(words))?;
    let (state, sharded, small) =
        (files.folder().join("state.pt"), files.folder().join("sharded"), files.folder().join("small"));
    let reproof = |label: &str, command: &str, path: &Path| {
        Contender::new(label, &ours, [OsStr::new(command), path.as_os_str(), OsStr::new("--json")])
    };
    let digests = [
        reproof("reproof digest, .pt", "digest", &state),
        Contender::new("b3sum, .pt", &hash, [&state]),
        reproof("reproof digest, sharded", "digest", &sharded),
        Contender::new("b3sum, sharded", &hash, shards(&sharded)?),
    ];
    let rows = measure::compare(&digests, options.runs)?;
    let wall = |row: usize| rows[row].cost.wall;
    let digests = Table {
        title: format!("{gigabytes} GB of float32 as torch.save and as sharded safetensors"),
        bounds: vec![
            times("wall, `reproof digest` over b3sum, .pt", wall(0) / wall(1), DIGEST_LIMIT),
            times("wall, `reproof digest` over b3sum, sharded", wall(2) / wall(3), DIGEST_LIMIT),
            peak_memory(&rows),
        ],
        rows,
    };
    let peer = |label: &str, path: &Path| {
        Contender::new(label, &picklescan, [OsStr::new("--path"), path.as_os_str()])
    };
    let looks = [
        reproof("reproof inspect, .pt", "inspect", &state),
        reproof("reproof scan, .pt", "scan", &state),
        peer("picklescan, .pt", &state),
        reproof("reproof scan, 200 pickles", "scan", &small),
        peer("picklescan, 200 pickles", &small),
    ];
    let rows = measure::compare(&looks, options.runs)?;
    let cpu = |row: usize| rows[row].cost.cpu;
    let seconds = |name: &str, value: f64| Bound {
        name: name.to_owned(),
        value: value * 1e3,
        limit: LOOK_LIMIT * 1e3,
        unit: Unit::Milliseconds,
    };
    let looks = Table {
        title: format!("looking at {gigabytes} GB of torch.save and at 200 small pickles"),
        bounds: vec![
            seconds("CPU of `reproof inspect`, .pt", cpu(0)),
            seconds("CPU of `reproof scan`, .pt", cpu(1)),
            times("CPU, `reproof scan` over picklescan, .pt", cpu(1) / cpu(2), SCAN_LIMITS[0]),
            times("CPU, `reproof scan` over picklescan, 200 pickles", cpu(3) / cpu(4), SCAN_LIMITS[1]),
        ],
        rows,
    };
    Ok(vec![digests, looks])
}

/// The shards of a folder in order.
fn shards(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    let mut shards = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            shards.push(path);
        }
    }
    shards.sort();
    Ok(shards)
}
