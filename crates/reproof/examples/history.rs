//! What a registry takes for a series of checkpoints, and how fast it stores and restores them.
//!
//! ```text
//! python tests/python/bench_storage.py train FOLDER        # real ones: a small language model, trained for some minutes
//! cargo run --release -p reproof --example history -- FOLDER/run-*.safetensors
//! python tests/python/bench_storage.py peers FOLDER/run-*.safetensors
//! ```
//!
//! Each file becomes the next version of one model, in a registry in a temporary folder. Prints, per version, the bytes
//! of the file and the bytes that were written for it, and GB/s of file bytes with all cores; the time of a push has the
//! hashing in it, and a pull reads back and checks what it wrote, and hashes it again.
#![expect(clippy::print_stdout, reason = "an example prints what it measures")]

use std::error::Error;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use reproof::registry::{Actor, Connections, InitOptions, PullOptions, PushOptions, Reference, Registry};
use reproof_progress::Silent;

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        return Err("name the files of a series, in order".into());
    }
    let folder = reproof::scratch()?;
    let actor = Actor { user: "example".to_owned(), token: None, clock: SystemTime::now };
    let registry = Registry::init(folder.path(), &InitOptions::default(), &Connections::default(), actor)?;
    println!(
        "{:<32} {:>9} {:>9} {:>7} {:>10} {:>10}",
        "file", "MB", "stored", "ratio", "push GB/s", "pull GB/s"
    );
    let (mut sizes, mut stored) = (0, 0);
    for (number, file) in files.iter().enumerate() {
        let name: Reference = format!("series@1.0.{number}").parse()?;
        let start = Instant::now();
        let pushed = registry.push(file, &name, &PushOptions::default(), &Silent)?;
        let push = start.elapsed().as_secs_f64();
        let target = folder.path().join(format!("restored-{number}"));
        let options = PullOptions { destination: Some(target.clone()), expect: None };
        let start = Instant::now();
        registry.pull(&name, &options, &Silent)?;
        let pull = start.elapsed().as_secs_f64();
        let (size, written) = (pushed.stored.size, pushed.stored.written);
        let shown = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        row(&shown, size, written, size as f64 / push / 1e9, size as f64 / pull / 1e9);
        (sizes, stored) = (sizes + size, stored + written);
        if target.is_dir() { std::fs::remove_dir_all(target)? } else { std::fs::remove_file(target)? }
    }
    println!(
        "{:<32} {:>9.1} {:>9.1} {:>7.3}",
        "all",
        sizes as f64 / 1e6,
        stored as f64 / 1e6,
        stored as f64 / sizes as f64
    );
    Ok(())
}

fn row(name: &str, size: u64, written: u64, push: f64, pull: f64) {
    let ratio = written as f64 / size as f64;
    println!(
        "{name:<32} {:>9.1} {:>9.1} {ratio:>7.3} {push:>10.2} {pull:>10.2}",
        size as f64 / 1e6,
        written as f64 / 1e6
    );
}
