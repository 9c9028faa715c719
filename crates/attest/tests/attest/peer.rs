//! model-signing, the reference implementation of OpenSSF Model Signing, in a Python of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// The interpreter that has it.
pub(crate) fn python() -> PathBuf {
    reproof_testing::python::environment("signing").unwrap_or_else(|error| panic!("{error}"))
}

/// Asks for all of `requests` in one process; the answers are `None` where it was done, else the reason.
pub(crate) fn ask(python: &Path, requests: &[Value]) -> Vec<Option<String>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/model_signing_peer.py");
    let mut child = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    let text = serde_json::to_vec(requests).expect("requests are JSON");
    child.stdin.take().expect("it was asked for").write_all(&text).expect("the script reads");
    let output = child.wait_with_output().expect("the script ends");
    assert!(output.status.success(), "model_signing_peer.py ended with {}", output.status);
    serde_json::from_slice(&output.stdout).expect("the script answers in JSON")
}
