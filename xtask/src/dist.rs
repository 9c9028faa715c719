//! `dist`: what users install: the wheel, and a static binary where the target for one is there.

use std::env::consts::EXE_SUFFIX;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use reproof_testing::python;

use crate::repository;

/// The target whose C library can be linked in.
const STATIC: &str = "x86_64-unknown-linux-musl";

/// Builds everything and says where it is.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let alone = crate::flag(&mut arguments, "--wheel");
    crate::nothing_left(&arguments)?;
    println!("wheel: {}", wheel()?.display());
    if alone {
        return Ok(());
    }
    match static_binary()? {
        Some(path) => println!("static binary: {}", path.display()),
        None => println!(
            "no static binary: `rustup target add {STATIC}` gets its target. The command in the wheel links the C \
             library of this machine and nothing else"
        ),
    }
    Ok(())
}

/// Builds the wheel: the extension module, the package, and the command.
pub(crate) fn wheel() -> Result<PathBuf> {
    let environment = python::environment("package")?;
    let folder = repository::target().join("dist");
    // Both at once, so that what they share is built with one set of features.
    let packages = ["--package", "reproof-cli", "--package", "reproof-python"];
    repository::run(repository::cargo().args(["build", "--release", "--locked", "--quiet"]).args(packages))?;
    let scripts = folder.join("reproof.data/scripts");
    fs::create_dir_all(&scripts).with_context(|| format!("could not make {}", scripts.display()))?;
    let name = format!("reproof{EXE_SUFFIX}");
    stripped(&repository::target().join("release").join(&name), &scripts.join(&name))?;
    let wheels = folder.join("wheels");
    clear(&wheels)?;
    let maturin = environment.with_file_name(format!("maturin{EXE_SUFFIX}"));
    let mut command = repository::building(maturin);
    command.args(["build", "--release", "--locked", "--quiet", "--out"]).arg(&wheels);
    command.arg("--interpreter").arg(&environment).current_dir(repository::root().join("python"));
    repository::run(&mut command)?;
    only_file(&wheels)
}

/// Copies a program without its symbols of debugging, where the system has a tool for that.
fn stripped(program: &Path, copy: &Path) -> Result<()> {
    fs::copy(program, copy).with_context(|| format!("could not copy {}", program.display()))?;
    if repository::has(Command::new("strip").arg("--version")) {
        repository::run(Command::new("strip").arg(copy))?;
    }
    Ok(())
}

/// Builds the command with everything linked in; nothing where the toolchain lacks the target.
fn static_binary() -> Result<Option<PathBuf>> {
    let targets = repository::output(Command::new("rustup").args(["target", "list", "--installed"]));
    if !targets.is_ok_and(|targets| targets.lines().any(|target| target == STATIC)) {
        return Ok(None);
    }
    let mut command = repository::cargo();
    command.args([
        "build",
        "--release",
        "--locked",
        "--quiet",
        "--package",
        "reproof-cli",
        "--target",
        STATIC,
    ]);
    // The engine has kernels in assembly, for which any C compiler of the machine will do.
    if !repository::has(Command::new("musl-gcc").arg("--version")) {
        command.env("CC_x86_64_unknown_linux_musl", "cc");
    }
    repository::run(&mut command)?;
    let folder = repository::target().join("dist/static");
    fs::create_dir_all(&folder).with_context(|| format!("could not make {}", folder.display()))?;
    let path = folder.join("reproof");
    stripped(&repository::target().join(STATIC).join("release/reproof"), &path)?;
    Ok(Some(path))
}

/// Makes an empty folder.
pub(crate) fn clear(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("could not clear {}", folder.display()));
        }
        _ => {}
    }
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))
}

fn only_file(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder).with_context(|| format!("could not list {}", folder.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    match (files.pop(), files.is_empty()) {
        (Some(file), true) => Ok(file),
        _ => bail!("expected one wheel in {}", folder.display()),
    }
}
