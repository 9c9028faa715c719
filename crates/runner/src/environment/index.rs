//! Asks an index of packages, through the user's own `uv`, for the files of exact versions and their hashes.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// What says that the index itself cannot be reached, so that asking again for fewer packages is no use. Whole phrases:
/// there are packages called `network` something.
const UNREACHABLE: [&str; 8] = [
    "dns error",
    "Failed to fetch",
    "error sending request",
    "Could not connect",
    "Connection refused",
    "network was disabled",
    "Network connectivity is disabled",
    "Network is unreachable",
];

/// The user's `uv` and the interpreter that files are wanted for.
#[derive(Clone, Debug)]
pub struct Index {
    /// The program, or its name on the `PATH`.
    pub uv: PathBuf,
    /// The interpreter.
    pub python: PathBuf,
    /// Whether only what uv has in its cache counts.
    pub offline: bool,
}

/// What an index answered.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// Locks (`pylock.toml`), each of some of the packages.
    pub answers: Vec<String>,
    /// Packages that nobody answered for, each with the reason.
    pub failures: Vec<(String, String)>,
}

impl Index {
    /// Asks for exact versions, each as `NAME==VERSION`. One that the index does not have leaves the others alone.
    pub fn resolve(&self, pins: &[String]) -> Resolution {
        let mut resolution = Resolution::default();
        let mut open = vec![pins];
        while let Some(pins) = open.pop() {
            if pins.is_empty() {
                continue;
            }
            match self.ask(pins) {
                Ok(answer) => resolution.answers.push(answer),
                Err(why) => {
                    let hopeless =
                        UNREACHABLE.iter().any(|word| why.contains(word)) && !why.contains("not found");
                    if pins.len() == 1 || hopeless {
                        resolution.failures.extend(pins.iter().map(|pin| (pin.clone(), why.clone())));
                    } else {
                        let (left, right) = pins.split_at(pins.len() / 2);
                        open.extend([left, right]);
                    }
                }
            }
        }
        resolution
    }

    /// One question; the reason where there is no answer.
    fn ask(&self, pins: &[String]) -> Result<String, String> {
        let failed = |error: std::io::Error| format!("could not start {}: {error}", self.uv.display());
        let mut command = Command::new(&self.uv);
        command.args([
            "pip",
            "compile",
            "-",
            "--no-deps",
            "--quiet",
            "--no-header",
            "--format",
            "pylock.toml",
        ]);
        command.arg("--python").arg(&self.python);
        if self.offline {
            command.arg("--offline");
        }
        // uv reads none of pip's variables.
        for (variable, option) in [("PIP_INDEX_URL", "--default-index"), ("PIP_EXTRA_INDEX_URL", "--index")] {
            if let Some(value) = std::env::var_os(variable).filter(|value: &OsString| !value.is_empty()) {
                command.arg(option).arg(value);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut input) = child.stdin.take() {
            // A program that ended already says why itself.
            let _ = input.write_all(pins.join("\n").as_bytes());
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return String::from_utf8(output.stdout).map_err(|_| "an answer that is no text".to_owned());
        }
        let words = String::from_utf8_lossy(&output.stderr);
        Err(words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(300).collect())
    }
}
