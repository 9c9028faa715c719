//! `package`: the wheel as a user has it: installed in a clean environment, imported, used, and checked by a type checker.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use reproof_testing::python;

use crate::together::{self, Job};
use crate::{dist, repository};

/// Folders of tests, and the set of packages that each needs; those that take long first.
const TESTS: [(&str, &str); 5] = [
    ("tests/package/frameworks", "checkpoints"),
    ("tests/package/plain", "package"),
    ("tests/package/keras", "tf"),
    ("tests/package/jax", "jax"),
    ("tests/package/mlflow", "mlflow"),
];

/// Sets whose packages lie behind an interpreter's own: pytest, and ONNX with its engine, which the sets of frameworks lack.
const BEHIND: [&str; 2] = ["package", "suite"];

/// Runs pytest with folders of packages behind the interpreter's own, so that none of them hides one of its packages.
const PYTEST: &str = "\
import os, sys
sys.path.extend(sys.argv.pop(1).split(os.pathsep))
import pytest
sys.exit(pytest.main(sys.argv[1:]))
";

/// Builds the wheel and tests it.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let built = dist::wheel()?;
    if arguments.is_empty() {
        clean(&folder().join("clean"), &built)?;
    }
    let installed = install(&built)?;
    let plain = python::environment("package")?;
    if arguments.is_empty() {
        types(&plain, &installed)?;
    }
    let behind = BEHIND.iter().map(|set| packages(&python::environment(set)?));
    let behind = env::join_paths(behind.collect::<Result<Vec<_>>>()?)?;
    let jobs = TESTS.iter().map(|(tests, set)| {
        let command = pytest(&python::environment(set)?, &behind, &installed, tests, arguments);
        Ok(Job { name: (*tests).to_owned(), command, explain: None })
    });
    together::run(jobs.collect::<Result<_>>()?)
}

/// A new environment with nothing but the wheel: the package imports and verifies, and the command runs.
fn clean(folder: &Path, wheel: &Path) -> Result<()> {
    dist::clear(folder)?;
    let base = env::var_os("REPROOF_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    repository::run(Command::new(base).args(["-m", "venv"]).arg(folder))?;
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let interpreter = bin.join("python");
    let mut pip = isolated(&interpreter);
    repository::run(pip.args(["-m", "pip", "install", "--quiet", "--no-index"]).arg(wheel))?;
    let version = repository::output(isolated(&bin.join("reproof")).arg("--version"))?;
    ensure!(
        version.trim() == format!("reproof {}", env!("CARGO_PKG_VERSION")),
        "`reproof --version`: {version}"
    );
    // From another folder, so that the package comes from where it was installed.
    let example = repository::root().join("examples/digits");
    let code = "import reproof, sys; report = reproof.verify(sys.argv[1]).check(); print(repr(report))";
    let mut verify = isolated(&interpreter);
    let printed = repository::output(verify.args(["-c", code]).arg(example).current_dir(folder))?;
    print!("{printed}");
    ensure!(printed.starts_with("Report("), "unexpected report: {printed}");
    // The engine itself runs in the command that the wheel brought.
    let used = "from reproof._command import command; print(command())";
    let found = repository::output(isolated(&interpreter).args(["-c", used]).current_dir(folder))?;
    ensure!(Path::new(found.trim()).starts_with(&bin), "the package uses another command: {found}");
    Ok(())
}

/// A program without the packages of whoever runs us.
fn isolated(program: &Path) -> Command {
    let mut command = Command::new(program);
    for variable in ["PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"] {
        command.env_remove(variable);
    }
    command
}

/// Builds the wheel and installs it into a folder of its own, for interpreters that have other packages.
pub(crate) fn installed() -> Result<PathBuf> {
    install(&dist::wheel()?)
}

fn install(wheel: &Path) -> Result<PathBuf> {
    let installed = folder().join("installed");
    dist::clear(&installed)?;
    let base = env::var_os("REPROOF_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let mut pip = Command::new(base);
    pip.args(["-m", "pip", "install", "--quiet", "--no-index", "--target"]).arg(&installed).arg(wheel);
    repository::run(&mut pip)?;
    Ok(installed)
}

fn folder() -> PathBuf {
    repository::target().join("dist")
}

/// The package is well typed, and the stubs of its native half say what is there.
fn types(interpreter: &Path, installed: &Path) -> Result<()> {
    let config = repository::root().join("python/pyproject.toml");
    let mut check = isolated(interpreter);
    check.args(["-m", "mypy", "--config-file"]).arg(config).current_dir(repository::root().join("python"));
    repository::run(check.env("MYPY_CACHE_DIR", repository::target().join("dist/mypy")))?;
    let mut stubs = isolated(interpreter);
    stubs.args(["-m", "mypy.stubtest", "reproof._reproof"]).current_dir(installed);
    repository::run(stubs.env("MYPYPATH", installed).env("PYTHONPATH", installed))
}

fn pytest(
    interpreter: &Path,
    behind: &OsStr,
    installed: &Path,
    tests: &str,
    arguments: &[String],
) -> Command {
    let mut command = isolated(interpreter);
    command.args(["-c", PYTEST]).arg(behind);
    command.args(["-q", "-p", "no:cacheprovider"]).arg(tests).args(arguments);
    command.env("PYTHONPATH", installed).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The folder of an interpreter's packages.
fn packages(interpreter: &Path) -> Result<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
    let printed = repository::output(Command::new(interpreter).args([OsString::from("-c"), code.into()]))?;
    Some(printed).filter(|path| !path.is_empty()).map(PathBuf::from).context("no folder of packages")
}
