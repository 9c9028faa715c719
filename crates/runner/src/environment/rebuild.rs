//! Builds environments again with the user's own `uv`, each once, below the cache folder.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use reproof_contract::environment::{Distribution, OriginKind, Python};
use reproof_environment::installed::{hex, normalised};
use sha2::Digest as _;

/// Beginnings of packages that a framework draws in by itself, in the versions that it is linked to.
const LINKED: [&str; 3] = ["cuda-", "nvidia-", "triton"];

/// How a package may be got from a place that is no index.
const SCHEMES: [&str; 4] = ["https://", "http://", "ssh://", "git://"];

/// What is told of a failure, in characters.
const TOLD: usize = 400;

/// Why an environment could not be built.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// A package cannot be got again.
    #[error("{package} cannot be installed: {why}")]
    Package {
        /// The package, or all of them where none is to blame.
        package: String,
        /// What the installer said.
        why: String,
    },
    /// The interpreter or the folder cannot be made.
    #[error("no environment with Python {version}: {why}")]
    Interpreter {
        /// The version that was asked for.
        version: String,
        /// What happened.
        why: String,
    },
}

/// Where and with what environments are built.
#[derive(Clone, Debug)]
pub struct Rebuild {
    /// The installer: a path, or its name on the `PATH`.
    pub uv: PathBuf,
    /// The folder that keeps what is built.
    pub cache: PathBuf,
    /// An interpreter to build upon, where it has the right version.
    pub base: PathBuf,
    /// When each step of the installer is given up.
    pub limit: Duration,
}

impl Rebuild {
    /// The interpreter of an environment with exactly the packages of `recorded`; or, with a requirement such as
    /// `torch==2.13.*`, with what that asks for in place of the recorded version.
    pub fn build(&self, recorded: &Python, requirement: Option<&str>) -> Result<PathBuf, RebuildError> {
        let version: String = recorded.version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
        let replaced = requirement.map(named);
        let stays = |name: &str| {
            let linked = replaced.is_some() && LINKED.iter().any(|beginning| name.starts_with(beginning));
            // The installer of packages takes no part in a model.
            name != "pip" && !linked && replaced.as_deref() != Some(name)
        };
        let kept = recorded.distributions.iter().filter(|(name, _)| stays(name));
        let pins = kept.map(|(name, found)| pin(name, found)).collect::<Result<Vec<_>, _>>()?;
        let key =
            [std::slice::from_ref(&version), pins.as_slice(), &[requirement.unwrap_or_default().to_owned()]]
                .concat();
        let key = hex(&sha2::Sha256::digest(key.join("\n")).into());
        let folder = self.cache.join("built");
        let finished = folder.join(&key[..16]);
        let failed = |error: std::io::Error| RebuildError::Interpreter {
            version: version.clone(),
            why: error.to_string(),
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        let guard = File::create(folder.join(format!("{}.lock", &key[..16]))).map_err(failed)?;
        guard.lock().map_err(failed)?;
        if starts(&interpreter(&finished)) {
            return Ok(interpreter(&finished));
        }
        // What a killed process left is no environment.
        let building = folder.join(format!("{}.building", &key[..16]));
        for leftover in [&building, &finished] {
            if leftover.exists() {
                fs::remove_dir_all(leftover).map_err(failed)?;
            }
        }
        let base = if minor(&self.base).as_deref() == Some(&version) {
            self.base.as_os_str()
        } else {
            OsStr::new(&version)
        };
        let made = self.uv(&[OsStr::new("venv"), OsStr::new("--python"), base, building.as_os_str()]);
        made.map_err(|why| RebuildError::Interpreter { version: version.clone(), why })?;
        let list = building.join("reproof-packages.txt");
        fs::write(&list, pins.join("\n")).map_err(failed)?;
        let python = interpreter(&building);
        let into = ["pip", "install", "--python"].map(OsStr::new);
        if !pins.is_empty() {
            let exactly = [python.as_os_str(), OsStr::new("--no-deps"), OsStr::new("-r"), list.as_os_str()];
            self.uv(&[&into[..], &exactly].concat()).map_err(|why| blamed(why, &pins))?;
        }
        if let Some(requirement) = requirement {
            let wanted = [python.as_os_str(), OsStr::new(requirement)];
            let asked = [requirement.to_owned()];
            self.uv(&[&into[..], &wanted].concat()).map_err(|why| blamed(why, &asked))?;
        }
        fs::rename(&building, &finished).map_err(failed)?;
        Ok(interpreter(&finished))
    }

    /// Runs the installer; what it said where it failed.
    fn uv(&self, arguments: &[&OsStr]) -> Result<(), String> {
        let mut command = Command::new(&self.uv);
        command.args(arguments).arg("--quiet").stdin(Stdio::null());
        // An environment that happens to be active must not leak into the one that is built.
        for variable in ["PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX"] {
            command.env_remove(variable);
        }
        let failed = |error: std::io::Error| format!("could not run {}: {error}", self.uv.display());
        let mut said = tempfile::tempfile().map_err(failed)?;
        command.process_group(0).stdout(Stdio::null()).stderr(said.try_clone().map_err(failed)?);
        let mut child = command.spawn().map_err(failed)?;
        let deadline = Instant::now() + self.limit;
        let status = loop {
            match child.try_wait().map_err(failed)? {
                Some(status) => break status,
                None if Instant::now() < deadline => std::thread::sleep(Duration::from_millis(20)),
                None => {
                    // What it started builds packages, and would go on.
                    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
                        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                    }
                    child.wait().map_err(failed)?;
                    let seconds = self.limit.as_secs();
                    return Err(format!("it took longer than {seconds} s; give it more time with --timeout"));
                }
            }
        };
        if status.success() {
            return Ok(());
        }
        let mut words = Vec::new();
        said.rewind().and_then(|()| said.read_to_end(&mut words)).map_err(failed)?;
        let words = String::from_utf8_lossy(&words);
        Err(words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TOLD).collect())
    }
}

/// The requirement that makes a distribution again.
fn pin(name: &str, found: &Distribution) -> Result<String, RebuildError> {
    let origin = &found.origin;
    let url = origin.url.as_deref().filter(|url| !url.starts_with("file:") && url.contains("://"));
    let revision = origin.revision.as_deref().unwrap_or_default();
    // One line of a list of requirements each, which must not become an option or another line.
    let is = |text: &str, also: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c));
    let plain = is(name, "-_.")
        && name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && is(&found.version, ".!+_-")
        && is(revision, " =:._/-")
        && url.is_none_or(|url| {
            SCHEMES.iter().any(|scheme| url.starts_with(scheme)) && url.chars().all(|c| c.is_ascii_graphic())
        });
    if !plain {
        return Err(RebuildError::Package {
            package: format!("{name:?}"),
            why: "its name, version or origin is none that a package has".to_owned(),
        });
    }
    match (origin.kind, url) {
        (OriginKind::Index | OriginKind::Unknown, _) => Ok(format!("{name}=={}", found.version)),
        (OriginKind::Archive, Some(url)) => Ok(format!("{name} @ {url}")),
        (OriginKind::Vcs, Some(url)) => {
            let (system, commit) = revision.split_once(' ').unwrap_or(("git", revision));
            Ok(format!("{name} @ {system}+{url}@{commit}"))
        }
        (kind, _) => Err(RebuildError::Package {
            package: format!("{name} {}", found.version),
            why: format!("it came from a place that is not known here ({})", kind.as_str()),
        }),
    }
}

/// The package that a message names, of those that were asked for.
fn blamed(why: String, pins: &[String]) -> RebuildError {
    let says = |pin: &&String| {
        let name = named(pin);
        why.to_lowercase().split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).any(|word| {
            let word = word.trim_matches('.');
            // `name==1.0`, `name-1.0.tar.gz`, `name`
            normalised(word) == name
        })
    };
    let package = pins.iter().find(says).cloned();
    RebuildError::Package {
        package: package.unwrap_or_else(|| "a package of the environment".to_owned()),
        why,
    }
}

/// The normalised name of a requirement.
fn named(requirement: &str) -> String {
    let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)));
    normalised(requirement.get(..end.unwrap_or(requirement.len())).unwrap_or_default())
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

fn starts(python: &Path) -> bool {
    minor(python).is_some()
}

/// The minor version of an interpreter that starts.
fn minor(python: &Path) -> Option<String> {
    let ask = "import sys; print('{}.{}'.format(*sys.version_info))";
    let output = Command::new(python).args(["-I", "-c", ask]).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use reproof_contract::environment::Origin;

    use super::*;

    #[test]
    fn requirements_make_distributions_again_or_say_why_not() {
        let with = |kind, url: &str, revision: &str| Distribution {
            version: "1".to_owned(),
            origin: Origin { kind, url: Some(url.to_owned()), revision: Some(revision.to_owned()) },
            ..Distribution::default()
        };
        let made = |found: &Distribution| pin("x", found).map_err(|error| error.to_string());
        assert_eq!(
            made(&Distribution { version: "1".to_owned(), ..Distribution::default() }).unwrap(),
            "x==1"
        );
        let vcs = with(OriginKind::Vcs, "https://host/x.git", "git abc");
        assert_eq!(made(&vcs).unwrap(), "x @ git+https://host/x.git@abc");
        for hostile in ["1\n--extra-index-url=https://evil", "1 ; python_version>'3'", "1 -e ."] {
            let found = Distribution { version: hostile.to_owned(), ..Distribution::default() };
            assert!(made(&found).unwrap_err().contains("none that a package has"), "{hostile}");
        }
        assert!(made(&with(OriginKind::Archive, "https://host/x.tar.gz\n-e .", "")).is_err());
        let local = with(OriginKind::Editable, "file://~/x", "");
        assert!(made(&local).unwrap_err().contains("not known here (editable)"));
    }

    #[test]
    fn the_package_to_blame_is_found_in_what_the_installer_said() {
        let pins = ["numpy==1".to_owned(), "My_Thing==2".to_owned()];
        let blame = |why: &str| blamed(why.to_owned(), &pins).to_string();
        assert!(blame("Because my-thing was not found").starts_with("My_Thing==2 cannot"));
        assert!(blame("no space left").starts_with("a package of the environment"));
        assert_eq!(named("Torch[x]==2.13.*"), "torch");
    }
}
