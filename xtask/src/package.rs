//! `package`: the wheel as a user has it: installed in a clean environment, imported, used, and checked by a type checker.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use reproof_testing::python;

use crate::together::{self, Job};
use crate::{dist, repository};

/// Folders of tests, the set of packages that each needs, and how many programs share its files; those that take long first.
const TESTS: [(&str, &str, usize); 5] = [
    ("tests/package/frameworks", "checkpoints", 3),
    ("tests/package/mlflow", "mlflow", 1),
    ("tests/package/jax", "jax", 1),
    ("tests/package/keras", "tf", 1),
    ("tests/package/plain", "package", 1),
];

/// What `cargo xtask guides` follows.
const GUIDES: (&str, &str, usize) = ("tests/package/guides", "checkpoints", 1);

/// Sets whose packages lie behind an interpreter's own: pytest, and ONNX with its engine, which the sets of frameworks lack.
const BEHIND: [&str; 2] = ["package", "suite"];

/// Runs pytest with folders of packages behind the interpreter's own, so that none of them hides one of its packages. Who
/// chooses tests chooses none of some folders, which pytest tells with 5; that some were run is told by a file.
const PYTEST: &str = "\
import os, sys
sys.path.extend(sys.argv.pop(1).split(os.pathsep))
chosen = sys.argv.pop(1)
import pytest
code = pytest.main(sys.argv[1:])
if chosen and code == 0:
    open(chosen, 'w').close()
sys.exit(0 if chosen and code == 5 else code)
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
    tests(&TESTS, &installed, arguments)
}

/// Follows the guides of the package.
pub(crate) fn guides() -> Result<()> {
    tests(&[GUIDES], &installed()?, &[])
}

fn tests(tests: &[(&str, &str, usize)], installed: &Path, arguments: &[String]) -> Result<()> {
    let behind = BEHIND.iter().map(|set| packages(&python::environment(set)?));
    let behind = env::join_paths(behind.collect::<Result<Vec<_>>>()?)?;
    let chosen = chosen();
    dist::clear(&chosen)?;
    let mut jobs = Vec::new();
    for (folder, set, programs) in tests {
        // The last share of the frameworks holds the trainings that resume, which take longest.
        for files in shares(folder, *programs)?.into_iter().rev() {
            let command = pytest(&python::environment(set)?, &behind, installed, &files, arguments);
            jobs.push(Job { name: files.join(" "), command, explain: None });
        }
    }
    together::run(jobs)?;
    ensure!(arguments.is_empty() || chosen.join("some").exists(), "no test is as {}", arguments.join(" "));
    Ok(())
}

/// Where it is told that a test was chosen.
fn chosen() -> PathBuf {
    folder().join("chosen")
}

/// The files of a folder of tests, dealt to so many programs.
fn shares(folder: &str, programs: usize) -> Result<Vec<Vec<String>>> {
    let entries = fs::read_dir(folder).with_context(|| format!("could not read {folder}"))?;
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names: Vec<String> = names.collect::<Result<_>>()?;
    names.retain(|name| name.starts_with("test_"));
    names.sort();
    let mut shares = vec![Vec::new(); programs];
    for (index, name) in names.iter().enumerate() {
        shares[index % programs].push(format!("{folder}/{name}"));
    }
    Ok(shares)
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
    tests: &[String],
    arguments: &[String],
) -> Command {
    let mut command = isolated(interpreter);
    command.args(["-c", PYTEST]).arg(behind);
    command.arg(if arguments.is_empty() { PathBuf::new() } else { chosen().join("some") });
    command
        .args(["-q", "-p", "no:cacheprovider", "--durations=5", "--durations-min=5"])
        .args(tests)
        .args(arguments);
    command.env("PYTHONPATH", installed).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// The folder of an interpreter's packages.
fn packages(interpreter: &Path) -> Result<PathBuf> {
    let code = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
    let printed = repository::output(Command::new(interpreter).args([OsString::from("-c"), code.into()]))?;
    Some(printed).filter(|path| !path.is_empty()).map(PathBuf::from).context("no folder of packages")
}
