//! `fuzz`: libFuzzer on the stable toolchain.
//!
//! The coverage that libFuzzer needs comes from LLVM passes that stable `rustc` can be asked for. The targets
//! form a workspace of their own, so that these flags reach no other build.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::repository;
use crate::together::{self, Job};

const MANIFEST: &str = "fuzz/Cargo.toml";

/// The folder of inputs that targets failed on.
const ARTIFACTS: &str = "fuzz/artifacts";

/// What makes `rustc` instrument code for libFuzzer. Without the last but one, LLVM turns short comparisons such
/// as those with a magic number into loads that the instrumentation no longer understands, and fifty million
/// runs do not guess four bytes.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing -Ccodegen-units=1 \
    -Cllvm-args=-max-loads-per-memcmp=0 -Cdebug-assertions";

/// Seconds per target when nobody says otherwise.
const SECONDS: u32 = 60;

/// An input that takes longer than this many seconds is a finding.
const SLOW: u32 = 10;

/// A target that takes more memory than this many MiB is a finding: readers are bounded.
const MEMORY: u32 = 1024;

/// Runs one target or all of them.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let seconds = crate::number(&mut arguments, "--seconds")?.unwrap_or(SECONDS);
    let target = (!arguments.is_empty()).then(|| arguments.remove(0));
    crate::nothing_left(&arguments)?;
    all(target.as_deref(), seconds)
}

/// Builds the targets and runs `only` or all of them, each for so many seconds.
pub(crate) fn all(only: Option<&str>, seconds: u32) -> Result<()> {
    ensure!(
        repository::has(&mut Command::new("g++")) || repository::has(&mut Command::new("c++")),
        "libFuzzer needs a C++ compiler: `apt-get install g++`, `dnf install gcc-c++` or `xcode-select --install`"
    );
    let names = targets()?;
    if let Some(only) = only {
        ensure!(
            names.iter().any(|name| name == only),
            "no target `{only}`: expected one of {}",
            names.join(", ")
        );
    }
    let host = host()?;
    let build = repository::target().join("fuzz");
    let mut command = repository::cargo();
    command.args(["build", "--release", "--manifest-path", MANIFEST, "--target", &host, "--target-dir"]);
    // The variable of the outer build would win over ours.
    repository::run(command.arg(&build).env_remove("CARGO_ENCODED_RUSTFLAGS").env("RUSTFLAGS", FLAGS))?;
    let programs = build.join(&host).join("release");
    let chosen = names.iter().filter(|name| only.is_none_or(|only| only == *name));
    let mut jobs = Vec::new();
    let before = chosen.clone().map(|name| Ok((name.as_str(), artifacts(name)?)));
    let before: BTreeMap<&str, Vec<PathBuf>> = before.collect::<Result<_>>()?;
    let explain = |name: &str| finding(&programs, name, before.get(name).map_or(&[], Vec::as_slice));
    for name in chosen {
        let command = target(&programs, &build, name, seconds)?;
        jobs.push(Job { name: name.clone(), command, explain: Some(&explain) });
    }
    together::run(jobs)
}

/// The names of the targets.
fn targets() -> Result<Vec<String>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--manifest-path", MANIFEST];
    let text = repository::output(repository::cargo().args(arguments))?;
    let metadata: Value = serde_json::from_str(&text).context("cargo metadata is not JSON")?;
    let targets = repository::packages(&metadata).iter().filter_map(|package| package["targets"].as_array());
    let binaries = targets.flatten().filter(|target| target["kind"][0] == "bin");
    let names: Vec<String> =
        binaries.filter_map(|target| Some(target["name"].as_str()?.to_owned())).collect();
    ensure!(!names.is_empty(), "no targets in {MANIFEST}");
    Ok(names)
}

/// The machine's own target triple; naming it keeps build scripts free of the instrumentation.
fn host() -> Result<String> {
    let text = repository::output(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// One target, to be run.
fn target(programs: &Path, build: &Path, name: &str, seconds: u32) -> Result<Command> {
    let found = build.join("corpus").join(name);
    let seeds = Path::new("fuzz/corpus").join(name);
    let artifacts = Path::new(ARTIFACTS).join(name);
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    }
    let mut command = Command::new(program(programs, name));
    // New inputs go to the first folder, so the seeds in the repository stay as they are.
    command.arg(&found).args(seeds.is_dir().then_some(&seeds)).args([
        format!("-max_total_time={seconds}"),
        format!("-timeout={SLOW}"),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-artifact_prefix={}/", artifacts.display()),
        "-verbosity=0".to_owned(),
        "-print_final_stats=1".to_owned(),
    ]);
    Ok(command)
}

fn program(programs: &Path, name: &str) -> PathBuf {
    programs.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What a target that failed found, and how to see it again.
fn finding(programs: &Path, name: &str, before: &[PathBuf]) -> String {
    let program = program(programs, name);
    let fresh = artifacts(name).unwrap_or_default().into_iter().filter(|file| !before.contains(file));
    let lines: Vec<String> = fresh
        .map(|file| format!("finding: {0}\n  see it again: {1} {0}", file.display(), program.display()))
        .collect();
    if lines.is_empty() {
        return "it failed and left no artifact".to_owned();
    }
    format!("{}\n  then put a smaller one into fuzz/corpus/{name}/ so that it stays fixed", lines.join("\n"))
}

/// The inputs that a target failed on.
fn artifacts(name: &str) -> Result<Vec<PathBuf>> {
    let folder = Path::new(ARTIFACTS).join(name);
    if folder.is_dir() { files(&folder) } else { Ok(Vec::new()) }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}
