//! `bench`: what things cost, always as a ratio to a named peer in the same run.

mod checkpoint;
mod diff;
mod digest;
mod files;
mod python;
mod recorder;
mod referee;
mod registry;
mod storage;
mod table;
mod verify;

use anyhow::{Context, Result, bail, ensure};

pub(crate) use table::{Bound, Table, Unit};

use crate::machine;

/// A benchmark by name.
struct Benchmark {
    name: &'static str,
    about: &'static str,
    run: fn(Options) -> Result<Vec<Table>>,
}

const BENCHMARKS: &[Benchmark] = &[
    Benchmark {
        name: "checkpoint",
        about: "`reproof digest`, `inspect` and `scan` of PyTorch checkpoints against b3sum and picklescan",
        run: checkpoint::run,
    },
    Benchmark { name: "digest", about: "`reproof digest` against b3sum", run: digest::run },
    Benchmark {
        name: "diff",
        about: "`reproof diff` against mapped memory and torch.testing.assert_close",
        run: diff::run,
    },
    Benchmark {
        name: "python",
        about: "`reproof verify` of a torch module against a bare script, and a callback against torch.save",
        run: python::run,
    },
    Benchmark {
        name: "recorder",
        about: "a step of training that is recorded against one that is not",
        run: recorder::run,
    },
    Benchmark {
        name: "referee",
        about: "one call of the built-in engine against ONNX Runtime and onnx.reference",
        run: referee::run,
    },
    Benchmark {
        name: "registry",
        about: "questions to a large registry, in SQLite and in PostgreSQL",
        run: registry::run,
    },
    Benchmark {
        name: "storage",
        about: "what the registry stores of trained checkpoints, and how fast, against deltas by zstd, zipnn, restic and chunking",
        run: storage::run,
    },
    Benchmark {
        name: "verify",
        about: "`reproof verify` with ONNX Runtime against Polygraphy and a bare Python script",
        run: verify::run,
    },
];

/// How much to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Options {
    /// Runs of each program, besides the one that warms up.
    pub runs: u32,
    /// Size of one more file to digest in units of 10^9 bytes.
    pub gigabytes: Option<u32>,
    /// Versions in a large registry, each with ten results.
    pub versions: u32,
}

impl Options {
    /// What the tables in `docs/` are made with.
    pub(crate) const FULL: Self = Self { runs: 9, gigabytes: Some(4), versions: 1_000_000 };
}

/// Runs one benchmark or all of them and fails if a figure is above its limit.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let options = Options {
        runs: crate::number(&mut arguments, "--runs")?.unwrap_or(5),
        gigabytes: crate::number(&mut arguments, "--gigabytes")?,
        versions: crate::number(&mut arguments, "--versions")?.unwrap_or(20_000),
    };
    let name = (!arguments.is_empty()).then(|| arguments.remove(0));
    crate::nothing_left(&arguments)?;
    let tables = tables(name.as_deref(), options)?;
    let missed: Vec<&str> = tables.iter().flat_map(Table::missed).map(|bound| bound.name.as_str()).collect();
    ensure!(missed.is_empty(), "above the limit: {}", missed.join("; "));
    Ok(())
}

/// Runs one benchmark or all of them, printing each table as soon as it is there.
pub(crate) fn tables(name: Option<&str>, options: Options) -> Result<Vec<Table>> {
    let chosen: Vec<&Benchmark> =
        BENCHMARKS.iter().filter(|benchmark| name.is_none_or(|name| name == benchmark.name)).collect();
    if chosen.is_empty() {
        let known: Vec<String> =
            BENCHMARKS.iter().map(|it| format!("  {:8} {}", it.name, it.about)).collect();
        bail!("no benchmark `{}`; there are\n{}", name.unwrap_or_default(), known.join("\n"));
    }
    println!("{}", machine::line());
    let mut tables = Vec::new();
    for benchmark in chosen {
        println!("\n{}: {}", benchmark.name, benchmark.about);
        let fresh =
            (benchmark.run)(options).with_context(|| format!("benchmark `{}` failed", benchmark.name))?;
        for table in &fresh {
            println!("\n{}", table.text());
        }
        tables.extend(fresh);
    }
    Ok(tables)
}
