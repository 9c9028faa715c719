//! What a registry takes for a series of checkpoints, and how fast it stores and restores them.
//!
//! ```text
//! python tests/python/bench_storage.py train FOLDER        # real ones: a small language model, trained for some minutes
//! cargo run --release -p reproof --example history -- FOLDER/run-*.safetensors
//! cargo run --release -p reproof --example history -- --base FOLDER/run-250.safetensors FOLDER/tuned-*.safetensors
//! ```
//!
//! Each file or folder becomes the next version of one model, in a registry in a temporary folder; with `--base`, each a model
//! of its own that is derived from the first. Prints per version the bytes of the artifact, the bytes that were written for it,
//! and GB/s of the artifact's bytes with as many threads as `RAYON_NUM_THREADS` says: a push hashes what it stores, and a pull
//! checks what it restores. The last one is pushed once more, which costs what hashing it costs. `--json` prints the sums, and
//! seconds of a core for a byte of the first one, which is stored whole, and of the newest: without waiting for the disk.
#![expect(clippy::print_stdout, reason = "an example prints what it measures")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use reproof::artifact::{Artifact, digests};
use reproof::registry::{Actor, Connections, InitOptions, PullOptions, PushOptions, Reference, Registry};
use reproof_progress::Silent;

/// As the command has it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What became of one artifact, or of all of them.
#[derive(Default)]
struct Sum {
    size: u64,
    written: u64,
    push: Spent,
    pull: Spent,
}

/// Seconds.
#[derive(Clone, Copy, Default)]
struct Spent {
    /// That passed.
    passed: f64,
    /// That the cores worked, for the system too.
    worked: f64,
}

impl Spent {
    /// What some work takes.
    fn by<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Self), E> {
        let worked = || {
            let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
            time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
        };
        let (start, before) = (Instant::now(), worked());
        let done = work()?;
        Ok((done, Self { passed: start.elapsed().as_secs_f64(), worked: worked() - before }))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut paths, mut json, mut based) = (Vec::new(), false, false);
    for argument in std::env::args_os().skip(1) {
        match argument.to_str() {
            Some("--json") => json = true,
            Some("--base") => based = true,
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    let last = paths.last().ok_or("name the files of a series, in order")?.clone();
    let folder = reproof::Scratch::new()?;
    let actor = Actor { user: "example".to_owned(), token: None, clock: SystemTime::now };
    let registry = Registry::init(folder.path(), &InitOptions::default(), &Connections::default(), actor)?;
    if !json {
        println!(
            "{:<32} {:>9} {:>9} {:>7} {:>10} {:>10}",
            "artifact", "MB", "stored", "ratio", "push GB/s", "pull GB/s"
        );
    }
    let (mut all, mut each) = (Sum::default(), Vec::new());
    let name = |number: usize| -> Result<Reference, _> {
        if based { format!("series-{number}@1.0.0").parse() } else { format!("series@1.0.{number}").parse() }
    };
    for (number, path) in paths.iter().enumerate() {
        let like = if based && number > 0 { vec![name(0)?] } else { Vec::new() };
        let one = there_and_back(&registry, path, &name(number)?, like, folder.path())?;
        if !json {
            let shown = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            row(&shown, &one);
        }
        all.size += one.size;
        all.written += one.written;
        all.push.passed += one.push.passed;
        all.pull.passed += one.pull.passed;
        each.push(one);
    }
    let artifact = Artifact::open(&last)?;
    let (_, digest) = Spent::by(|| digests(&artifact, &Silent))?;
    let name = name(paths.len() - 1)?;
    let (_, again) = Spent::by(|| registry.push(&last, &name, &PushOptions::default(), &Silent))?;
    let (digest, again) = (digest.passed, again.passed);
    if json {
        let (first, newest) = (&each[0], &each[each.len() - 1]);
        let speed = |sum: &Sum, spent: Spent| spent.worked / sum.size as f64;
        println!(
            "{{\"size\":{},\"written\":{},\"push\":{},\"pull\":{},\"digest\":{digest},\"again\":{again},\
             \"push_first\":{},\"pull_first\":{},\"pull_newest\":{}}}",
            all.size,
            all.written,
            all.push.passed,
            all.pull.passed,
            speed(first, first.push),
            speed(first, first.pull),
            speed(newest, newest.pull),
        );
    } else {
        row("all", &all);
        println!("the last one once more: {again:.3} s; its digests alone: {digest:.3} s");
    }
    Ok(())
}

/// Pushes an artifact, pulls it, and removes what was pulled.
fn there_and_back(
    registry: &Registry,
    path: &Path,
    name: &Reference,
    like: Vec<Reference>,
    folder: &Path,
) -> Result<Sum, Box<dyn Error>> {
    let options = PushOptions { like, ..PushOptions::default() };
    let (pushed, push) = Spent::by(|| registry.push(path, name, &options, &Silent))?;
    let target = folder.join("restored");
    let options = PullOptions { destination: Some(target.clone()), ..PullOptions::default() };
    let (_, pull) = Spent::by(|| registry.pull(name, &options, &Silent))?;
    if target.is_dir() {
        std::fs::remove_dir_all(target)?;
    } else {
        std::fs::remove_file(target)?;
    }
    Ok(Sum { size: pushed.stored.size, written: pushed.stored.written, push, pull })
}

fn row(name: &str, sum: &Sum) {
    let (size, written) = (sum.size as f64, sum.written as f64);
    println!(
        "{name:<32} {:>9.1} {:>9.1} {:>7.3} {:>10.2} {:>10.2}",
        size / 1e6,
        written / 1e6,
        written / size,
        size / sum.push.passed / 1e9,
        size / sum.pull.passed / 1e9
    );
}
