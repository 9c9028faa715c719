//! `digest` against b3sum: one file of few large tensors, one of many small ones, and one as large as asked.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::files::Files;
use super::{Bound, Options, Table, Unit};
use crate::measure::{self, Contender, Measured};
use crate::repository;

/// Tensors and bytes per tensor of the file of many small ones, and of the one of few large ones: as many bytes.
const MANY: (u64, u64) = (20_000, 64 << 10);
const FEW: (u64, u64) = (20, 1000 * (64 << 10));

/// Bytes per tensor of the file whose size is asked for.
const LARGE_TENSOR: u64 = 64 << 20;

/// Wall time over that of b3sum.
const PEER_LIMIT: f64 = 1.25;

/// Wall time on many small tensors over that on few large ones of as many bytes: no slower, with the noise of a
/// median of a few runs. Reading 2 MB of JSON and making a digest per tensor come on top of the hashing.
const MANY_LIMIT: f64 = 1.05;

/// Peak memory in units of 10^6 bytes, of whatever size the file is.
const MEMORY_LIMIT: f64 = 300.0;

/// Measures all files and removes them.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let programs = Programs { ours: repository::binary()?, peer: b3sum()? };
    let large = options.gigabytes.map(|size| (u64::from(size) * 1_000_000_000).div_ceil(LARGE_TENSOR));
    let bytes = |(count, length): (u64, u64)| count * length;
    let needed = bytes(MANY) + bytes(FEW) + large.unwrap_or_default() * LARGE_TENSOR;
    let files = Files::new("digest", needed)?;
    let (few, many) = (files.tensors("few", FEW)?, files.tensors("many", MANY)?);
    let contenders = [programs.pair(&few, ", 20 tensors"), programs.pair(&many, ", 20,000 tensors")].concat();
    let rows = measure::compare(&contenders, options.runs)?;
    let [few, few_peer, many, many_peer] = [0, 1, 2, 3].map(|row: usize| rows[row].cost.wall);
    let mut tables = vec![Table {
        title: format!("1.3 GB of safetensors against {}", programs.peer_version()?),
        bounds: vec![
            times("wall, `reproof digest` over b3sum, 20 tensors", few / few_peer, PEER_LIMIT),
            times("wall, `reproof digest` over b3sum, 20,000 tensors", many / many_peer, PEER_LIMIT),
            times("wall, 20,000 tensors over 20 tensors", many / few, MANY_LIMIT),
            peak_memory(&rows),
        ],
        rows,
    }];
    if let (Some(count), Some(size)) = (large, options.gigabytes) {
        let file = files.tensors("large", (count, LARGE_TENSOR))?;
        let rows = measure::compare(&programs.pair(&file, ""), options.runs)?;
        let over_peer = rows[0].cost.wall / rows[1].cost.wall;
        tables.push(Table {
            title: format!("{size} GB of safetensors, {count} tensors, against {}", programs.peer_version()?),
            bounds: vec![
                times("wall, `reproof digest` over b3sum", over_peer, PEER_LIMIT),
                peak_memory(&rows),
            ],
            rows,
        });
    }
    Ok(tables)
}

pub(super) fn times(name: &str, value: f64, limit: f64) -> Bound {
    Bound { name: name.to_owned(), value, limit, unit: Unit::Times }
}

/// The largest peak of ours; all resident memory, so that anonymous memory is less.
pub(super) fn peak_memory(rows: &[Measured]) -> Bound {
    let ours = rows.iter().filter(|row| row.label.starts_with("reproof"));
    let value = ours.map(|row| row.cost.memory / 1e6).fold(0.0, f64::max);
    let name = "peak memory of `reproof digest`".to_owned();
    Bound { name, value, limit: MEMORY_LIMIT, unit: Unit::Megabytes }
}

/// Ours and the peer.
struct Programs {
    ours: PathBuf,
    peer: PathBuf,
}

impl Programs {
    fn pair(&self, file: &Path, what: &str) -> Vec<Contender> {
        let ours = [OsStr::new("digest"), file.as_os_str()];
        vec![
            Contender::new(&format!("reproof digest{what}"), &self.ours, ours),
            Contender::new(&format!("b3sum{what}"), &self.peer, [file.as_os_str()]),
        ]
    }

    fn peer_version(&self) -> Result<String> {
        Ok(repository::output(Command::new(&self.peer).arg("--version"))?.trim().to_owned())
    }
}

/// The path of b3sum, installed below the target folder where it is missing.
pub(super) fn b3sum() -> Result<PathBuf> {
    let folder = repository::target().join("tools");
    let program = folder.join("bin").join(format!("b3sum{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        println!("installing b3sum below {}", folder.display());
        let mut command = repository::cargo();
        repository::run(command.args(["install", "b3sum", "--locked", "--quiet", "--root"]).arg(&folder))?;
    }
    Ok(program)
}
