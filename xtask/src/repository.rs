//! Where things are in this repository, and how to call the programs that every chore needs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Folders that hold nothing of ours, by name.
const FOREIGN: [&str; 3] = ["target", "__pycache__", "node_modules"];

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        // Cargo tells where it found us, which stays true for a checkout that was moved after the build.
        let ours = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        PathBuf::from(ours).parent().expect("xtask lies in the repository").to_owned()
    });
    &ROOT
}

/// The folder of build results.
pub(crate) fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |folder| root().join(folder))
}

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    building(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// A program that builds, without what cargo says of us in the environment: build scripts that look at such variables would
/// find others than in a build by hand, and crates with C in them, with all that stands on them, would be built again at each
/// change between the two.
pub(crate) fn building(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    let ours = |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
    for (name, _) in env::vars_os().filter(|(name, _)| name.to_str().is_some_and(ours)) {
        command.env_remove(name);
    }
    command
}

/// Builds the binary as the README's first command does, and gives its path.
pub(crate) fn binary() -> Result<PathBuf> {
    run(cargo().args(["build", "--release", "--quiet"]))?;
    Ok(target().join("release").join(format!("reproof{}", env::consts::EXE_SUFFIX)))
}

/// The workspace as cargo describes it, without dependencies of dependencies.
pub(crate) fn metadata() -> Result<Value> {
    let text = output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--offline"]))?;
    serde_json::from_str(&text).context("cargo metadata is not JSON")
}

/// The packages of [`metadata`].
pub(crate) fn packages(metadata: &Value) -> &[Value] {
    metadata["packages"].as_array().map_or(&[], Vec::as_slice)
}

/// The short name of one of our packages: its folder's name.
pub(crate) fn short(package: &str) -> &str {
    package.strip_prefix("reproof-").unwrap_or(package)
}

/// Our files whose names end in one of `extensions`, as paths below the root, sorted. Hidden folders and build
/// results are left out.
pub(crate) fn files(extensions: &[&str]) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    walk(Path::new(""), extensions, &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    let full = root().join(folder);
    let entries = fs::read_dir(&full).with_context(|| format!("could not list {}", full.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        let path = folder.join(&name);
        let kind = entry.file_type()?;
        if text.starts_with('.') || FOREIGN.contains(&&*text) {
            continue;
        }
        if kind.is_dir() {
            walk(&path, extensions, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| extensions.iter().any(|it| end == *it))
        {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads a file below the root.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String> {
    let full = root().join(&path);
    fs::read_to_string(full).with_context(|| format!("could not read {}", path.as_ref().display()))
}

/// Writes a file below the root, with its folders.
pub(crate) fn write(path: impl AsRef<Path>, text: &str) -> Result<()> {
    let full = root().join(&path);
    let folder = full.parent().context("a file has a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&full, text))
        .with_context(|| format!("could not write {}", path.as_ref().display()))
}

/// Runs a program that prints to the terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("could not start `{}`", line(command)))?;
    ensure!(status.success(), "`{}` failed with {status}", line(command));
    Ok(())
}

/// Runs a program and gives what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("could not start `{}`", line(command)))?;
    ensure!(output.status.success(), "`{}` failed with {}", line(command), output.status);
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed no UTF-8", line(command)))
}

/// Whether a program starts and ends well when asked for its version.
pub(crate) fn has(command: &mut Command) -> bool {
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success())
}

/// A command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
