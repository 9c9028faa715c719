//! What the registry stores of checkpoints that were really trained, and how fast, against what teams use now.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use reproof_testing::python;
use serde_json::Value;

use super::{Bound, Options, Table, Unit};
use crate::bits::debian;
use crate::measure::{Cost, Measured};
use crate::repository;

/// Seconds of a core for 10^9 bytes, at most: half a gigabyte in a second, and a whole one. What the system does counts, waiting for the disk does not.
const PUSH_LIMIT: f64 = 2.0;
const PULL_LIMIT: f64 = 1.0;

/// How often a series is pushed and pulled.
const RUNS: usize = 5;

/// A folder in memory, on Linux.
const MEMORY: &str = "/dev/shm";

/// Programs of ours and of others, and what they are measured on.
struct Bench {
    history: PathBuf,
    chunked: PathBuf,
    throughput: PathBuf,
    restic: PathBuf,
    interpreter: PathBuf,
    script: PathBuf,
    folder: PathBuf,
}

/// Measures; the checkpoints are trained the first time and stay in the cache.
pub(crate) fn run(_: Options) -> Result<Vec<Table>> {
    let bench = Bench::new()?;
    let whole = bench.files("run-")?;
    let base = whole.last().context("no checkpoints were trained")?.clone();
    let tuned: Vec<PathBuf> = std::iter::once(base).chain(bench.files("tuned-")?).collect();
    Ok(vec![
        bench.series(&whole)?,
        bench.states(&bench.files("state-")?)?,
        bench.tuned(&tuned)?,
        bench.layouts(&bench.files("layout-")?)?,
    ])
}

impl Bench {
    fn new() -> Result<Self> {
        let examples =
            [("reproof", "history"), ("reproof-store", "chunked"), ("reproof-codec", "throughput")];
        for (package, example) in examples {
            let build = ["build", "--release", "--quiet", "--package", package, "--example", example];
            repository::run(repository::cargo().args(build))?;
        }
        let example = |name: &str| repository::target().join("release/examples").join(name);
        let interpreter = python::environment("peers").context("no Python with torch and zipnn")?;
        let script = repository::root().join("tests/python/bench_storage.py");
        let folder = python::cache()?.join("bench/storage");
        if !folder.join("complete").is_file() {
            println!("training a small model, which takes some minutes");
            repository::run(Command::new(&interpreter).arg("-B").arg(&script).arg("train").arg(&folder))?;
            std::fs::write(folder.join("complete"), "")?;
        }
        Ok(Self {
            history: example("history"),
            chunked: example("chunked"),
            throughput: example("throughput"),
            restic: debian::program("restic", "restic", "restic")?,
            interpreter,
            script,
            folder,
        })
    }

    /// What is trained under a name, in order.
    fn files(&self, prefix: &str) -> Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(&self.folder)?.filter_map(|entry| Some(entry.ok()?.path()));
        let named = |path: &PathBuf| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(prefix))
        };
        let mut files: Vec<PathBuf> = entries.filter(named).collect();
        files.sort();
        ensure!(!files.is_empty(), "no {prefix} in {}", self.folder.display());
        Ok(files)
    }

    fn series(&self, files: &[PathBuf]) -> Result<Table> {
        let (ours, peers) = (self.ours(files, &[])?, self.peers(files)?);
        let (encode, share) = self.encoding(files)?;
        let size = number(&peers, "size")?;
        let zipnn = number(&peers, "zipnn_seconds")?;
        let differences = self.differences(files)? / number(&peers, "differences")?;
        let chain = ours.written / number(&peers, "xor")?;
        let mut table = shares("checkpoints of one training in bfloat16", &ours, files.len());
        table.bounds = vec![
            times("each difference, over xor, byte planes and zstd -1", differences, 0.87),
            times("stored, over such differences in a chain without end", chain, 1.0),
            times("stored, over zipnn", ours.written / number(&peers, "zipnn")?, 0.87),
            times("each alone: bytes, over zipnn", share / (number(&peers, "zipnn")? / size), 1.0),
            times("each alone: time on one core, over zipnn", encode / zipnn, 1.0 / 3.0),
        ];
        Ok(table)
    }

    fn states(&self, files: &[PathBuf]) -> Result<Table> {
        let (ours, peers) = (self.ours(files, &[])?, self.peers(files)?);
        let mut table =
            shares("whole states of a training: weights, both moments, bfloat16 copy", &ours, files.len());
        table.bounds = vec![
            times("stored, over zipnn", ours.written / number(&peers, "zipnn")?, 0.85),
            times("stored, over restic", ours.written / self.restic(files)?, 0.72),
            speed("push of the first, seconds of a core", ours.push_first, PUSH_LIMIT),
            speed("pull of the first, seconds of a core", ours.pull_first, PULL_LIMIT),
            speed("pull of the newest, seconds of a core", ours.pull_newest, PULL_LIMIT),
            times("a push of what is stored, over its digests", ours.again / ours.digest, 1.25),
        ];
        Ok(table)
    }

    fn tuned(&self, files: &[PathBuf]) -> Result<Table> {
        let ours = self.ours(files, &["--base"])?;
        let mut command = Command::new(&self.chunked);
        let printed = repository::output(command.args(files))?;
        let stored = printed.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
        let stored = stored.with_context(|| format!("unexpected: {printed}"))?;
        let mut table = shares("a model and three that were tuned from it, in bfloat16", &ours, files.len());
        table.bounds = vec![
            times("stored, over content-defined chunking", ours.written / stored, 0.36),
            times("stored, over restic", ours.written / self.restic(files)?, 0.5),
        ];
        Ok(table)
    }

    fn layouts(&self, files: &[PathBuf]) -> Result<Table> {
        let (one, ours) = (self.ours(&files[..1], &[])?, self.ours(files, &[])?);
        let mut table = shares("five file layouts of one model in float32", &ours, files.len());
        table.bounds = vec![
            times("stored, over one of them", ours.written / one.written, 1.01),
            times("stored, over restic", ours.written / self.restic(files)?, 0.5),
        ];
        Ok(table)
    }

    /// Pushes the files to a registry, one after the other, on one core, and pulls them: the median of several times.
    fn ours(&self, files: &[PathBuf], options: &[&str]) -> Result<Ours> {
        let runs = (0..RUNS).map(|_| self.once(files, options)).collect::<Result<Vec<_>>>()?;
        let median = |field: fn(&Ours) -> f64| {
            let mut values: Vec<f64> = runs.iter().map(field).collect();
            values.sort_by(f64::total_cmp);
            values[RUNS / 2]
        };
        Ok(Ours {
            size: median(|run| run.size),
            written: median(|run| run.written),
            push: median(|run| run.push),
            pull: median(|run| run.pull),
            again: median(|run| run.again),
            digest: median(|run| run.digest),
            push_first: median(|run| run.push_first),
            pull_first: median(|run| run.pull_first),
            pull_newest: median(|run| run.pull_newest),
        })
    }

    fn once(&self, files: &[PathBuf], options: &[&str]) -> Result<Ours> {
        let mut command = Command::new(&self.history);
        command.arg("--json").args(options).args(files).env("RAYON_NUM_THREADS", "1");
        // In memory where there is such a folder: the disk of this machine is not what is measured.
        if Path::new(MEMORY).is_dir() {
            command.env("TMPDIR", MEMORY);
        }
        let printed = repository::output(&mut command)?;
        let told: Value = serde_json::from_str(&printed).with_context(|| format!("unexpected: {printed}"))?;
        let field = |name: &str| number(&told, name);
        Ok(Ours {
            size: field("size")?,
            written: field("written")?,
            push: field("push")?,
            pull: field("pull")?,
            again: field("again")?,
            digest: field("digest")?,
            push_first: field("push_first")?,
            pull_first: field("pull_first")?,
            pull_newest: field("pull_newest")?,
        })
    }

    fn peers(&self, files: &[PathBuf]) -> Result<Value> {
        let mut command = Command::new(&self.interpreter);
        command.arg("-B").arg(&self.script).arg("peers").args(files).env("OMP_NUM_THREADS", "1");
        let printed = repository::output(&mut command)?;
        serde_json::from_str(&printed).with_context(|| format!("unexpected: {printed}"))
    }

    /// Seconds in which the codec alone encodes all files on one core, and what share of the bytes it leaves.
    fn encoding(&self, files: &[PathBuf]) -> Result<(f64, f64)> {
        let printed = repository::output(Command::new(&self.throughput).args(files))?;
        let rows = printed.lines().skip(1).map(Encoded::read).collect::<Result<Vec<_>>>()?;
        let size: f64 = rows.iter().map(|row| row.megabytes).sum();
        ensure!(size > 0.0, "unexpected: {printed}");
        let seconds = rows.iter().map(|row| row.megabytes / 1e3 / row.speed).sum();
        Ok((seconds, rows.iter().map(|row| row.megabytes * row.ratio).sum::<f64>() / size))
    }

    /// Bytes of each file but the first as a difference from the one before it, without what a registry adds.
    fn differences(&self, files: &[PathBuf]) -> Result<f64> {
        let mut bytes = 0.0;
        for pair in files.windows(2) {
            let mut command = Command::new(&self.throughput);
            let printed = repository::output(command.arg(&pair[1]).arg("--base").arg(&pair[0]))?;
            let row = Encoded::read(printed.lines().last().unwrap_or_default())?;
            bytes += row.megabytes * 1e6 * row.ratio;
        }
        Ok(bytes)
    }

    /// Bytes of a repository of restic with one snapshot per file.
    fn restic(&self, files: &[PathBuf]) -> Result<f64> {
        let folder = self.folder.join("restic");
        let _ = std::fs::remove_dir_all(&folder);
        let restic = |arguments: &[&str], path: Option<&Path>| {
            let mut command = Command::new(&self.restic);
            command.arg("--repo").arg(&folder).arg("--no-cache").arg("--quiet").args(arguments).args(path);
            repository::run(command.env("RESTIC_PASSWORD", "benchmark"))
        };
        restic(&["init"], None)?;
        for file in files {
            restic(&["backup"], Some(file))?;
        }
        let stored = size_of(&folder)?;
        std::fs::remove_dir_all(&folder)?;
        Ok(stored as f64)
    }
}

/// What the registry made of a series.
struct Ours {
    size: f64,
    written: f64,
    push: f64,
    pull: f64,
    again: f64,
    digest: f64,
    /// Seconds for a byte of the one that is stored whole, and of the newest.
    push_first: f64,
    pull_first: f64,
    pull_newest: f64,
}

/// A row that the example of the codec prints.
struct Encoded {
    megabytes: f64,
    /// Encoded bytes per byte.
    ratio: f64,
    /// Of encoding, in GB/s.
    speed: f64,
}

impl Encoded {
    fn read(line: &str) -> Result<Self> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [.., megabytes, ratio, speed, _] = words[..] else { bail!("unexpected: {line}") };
        Ok(Self { megabytes: megabytes.parse()?, ratio: ratio.parse()?, speed: speed.parse()? })
    }
}

fn number(told: &Value, name: &str) -> Result<f64> {
    told[name].as_f64().with_context(|| format!("no `{name}` in {told}"))
}

fn shares(what: &str, ours: &Ours, count: usize) -> Table {
    let row = |label: &str, wall: f64| Measured {
        label: label.to_owned(),
        cost: Cost { wall, cpu: f64::NAN, memory: f64::NAN },
        runs: RUNS as u32,
    };
    Table {
        title: format!(
            "{count} {what}: {:.1} MB, of which {:.1} MB are stored ({:.3})",
            ours.size / 1e6,
            ours.written / 1e6,
            ours.written / ours.size
        ),
        rows: vec![row("push", ours.push), row("pull", ours.pull)],
        bounds: Vec::new(),
    }
}

fn times(name: &str, value: f64, limit: f64) -> Bound {
    Bound { name: name.to_owned(), value, limit, unit: Unit::Times }
}

/// Seconds per byte as seconds per gigabyte.
fn speed(name: &str, value: f64, limit: f64) -> Bound {
    Bound { name: name.to_owned(), value: value * 1e9, limit, unit: Unit::SecondsPerGigabyte }
}

fn size_of(path: &Path) -> Result<u64> {
    if !path.is_dir() {
        return Ok(path.metadata()?.len());
    }
    let mut size = 0;
    for entry in std::fs::read_dir(path)? {
        size += size_of(&entry?.path())?;
    }
    Ok(size)
}
