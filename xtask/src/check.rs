//! `check`: everything that can be wrong without running a test.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::steps::{Ended, Steps};
use crate::{architecture, generate, layers, repository, sizes};

/// Compiles each file that it is told on the standard input and writes nothing.
const COMPILE: &str = "\
import sys
broken = 0
for path in sys.stdin.read().splitlines():
    try:
        with open(path, 'rb') as source:
            compile(source.read(), path, 'exec')
    except SyntaxError as error:
        print(f'{path}:{error.lineno}: {error.msg}')
        broken += 1
sys.exit(broken > 0)
";

/// Runs every check and shows all failures.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    crate::nothing_left(arguments)?;
    let mut steps = Steps::default();
    all(&mut steps);
    steps.optional("licences and advisories (cargo deny)", deny);
    steps.summary();
    steps.verdict()
}

/// The checks that need nothing but the toolchain and Python.
pub(crate) fn all(steps: &mut Steps) {
    steps.step("format (cargo fmt)", format);
    steps.step("layers", || layers::chore(&[]));
    steps.step("sizes", || sizes::chore(&[]));
    steps.step("architecture table and links", || architecture::chore(&[]));
    steps.step("syntax of Python files", python);
    steps.step("lints (cargo clippy)", || {
        let mut command = repository::cargo();
        command.args(["clippy", "--release", "--workspace", "--all-targets", "--locked", "--quiet"]);
        repository::run(command.args(["--", "--deny", "warnings"]))
    });
    steps.step("documentation (cargo doc)", || {
        let mut command = repository::cargo();
        command.args(["doc", "--release", "--workspace", "--no-deps", "--document-private-items"]);
        repository::run(command.args(["--locked", "--quiet"]).env("RUSTDOCFLAGS", "--deny warnings"))
    });
    steps.step("generated files", || generate::chore(&["--check".to_owned()]));
}

fn format() -> Result<()> {
    repository::run(repository::cargo().args(["fmt", "--all", "--check"]))?;
    if repository::root().join("fuzz/Cargo.toml").exists() {
        let fuzz = ["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"];
        repository::run(repository::cargo().args(fuzz))?;
    }
    Ok(())
}

fn python() -> Result<()> {
    let files = repository::files(&["py"])?;
    let mut child = Command::new("python3")
        .args(["-c", COMPILE])
        .stdin(Stdio::piped())
        .spawn()
        .context("could not start python3: is it installed and on the PATH?")?;
    let mut stdin = child.stdin.take().context("standard input was piped")?;
    for path in &files {
        writeln!(stdin, "{}", path.display())?;
    }
    drop(stdin);
    ensure!(child.wait()?.success(), "Python files with wrong syntax");
    println!("{} Python files", files.len());
    Ok(())
}

fn deny() -> Result<Ended> {
    if !repository::has(repository::cargo().arg("deny")) {
        let why = "cargo-deny is not installed; `cargo install cargo-deny --locked` gets it";
        return Ok(Ended::Skipped(why.to_owned()));
    }
    repository::run(repository::cargo().args(["deny", "check"]))?;
    Ok(Ended::Passed)
}
