//! Hostile files through the readers: an answer or a refusal, never a panic, never more time or memory than a bound.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use reproof_testing::generated;
use serde::Deserialize;
use serde_json::Value;

use crate::checkpoints::interpreter;

/// Address space of a run in KiB: what the program and its threads map, and 300 MB of values.
const ADDRESS_SPACE: u32 = 1 << 20;

/// A file as `hostile.py` lists it.
#[derive(Deserialize)]
pub(crate) struct Listed {
    pub(crate) path: String,
    pub(crate) family: String,
    /// `dangerous`, `flagged`, `refused`, `bounded` or `clean`.
    pub(crate) expect: String,
    pub(crate) needs: String,
}

/// The folder of `hostile.py` and its list.
pub(crate) fn files() -> &'static (PathBuf, Vec<Listed>) {
    static FILES: LazyLock<(PathBuf, Vec<Listed>)> = LazyLock::new(|| {
        let folder = generated::by_script(interpreter(), "hostile.py", &["attacks"]);
        let list = std::fs::read(folder.join("hostile.json")).unwrap();
        (folder, serde_json::from_slice(&list).unwrap())
    });
    &FILES
}

/// Runs the binary on a file, within a bound of memory.
pub(crate) fn bounded(arguments: &[&str], path: &Path) -> Output {
    Command::new("/bin/sh")
        .args(["-c", &format!("ulimit -v {ADDRESS_SPACE} && exec \"$0\" \"$@\"")])
        .arg(env!("CARGO_BIN_EXE_reproof"))
        .args(arguments)
        .arg(path)
        .output()
        .unwrap()
}

/// Calls `check` with every listed file, on all cores, and gives what it complains about.
pub(crate) fn complaints(check: impl Fn(&Listed, &Path) -> Option<String> + Sync) -> Vec<String> {
    let (folder, listed) = files();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(file) = listed.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Some(complaint) = check(file, &folder.join(&file.path)) {
                        found.lock().unwrap().push(format!("{} ({}): {complaint}", file.path, file.needs));
                    }
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn every_hostile_file_is_read_or_refused() {
    let complaints = complaints(|file, path| {
        let output = bounded(&["inspect", "--digest", "--json"], path);
        let errors = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        match (file.expect.as_str(), code) {
            _ if errors.contains("panicked") => Some(format!("panicked: {errors}")),
            ("refused", Some(0)) => Some("was not refused".to_owned()),
            ("clean", Some(3)) => Some(format!("was refused: {errors}")),
            (_, Some(0)) => None,
            // A refusal says what is wrong.
            (_, Some(3)) if errors.contains("because: ") || errors.contains("hint: ") => None,
            _ => Some(format!("ended with {code:?}: {errors}")),
        }
    });
    assert!(complaints.is_empty(), "{} of {}:\n{}", complaints.len(), files().1.len(), complaints.join("\n"));
    assert!(files().1.len() > 1000, "{} files", files().1.len());
    assert!(files().1.iter().any(|file| file.family == "bomb"));
}

#[test]
fn what_frameworks_write_is_no_danger() {
    let folder = crate::checkpoints::folder();
    let list = std::fs::read(folder.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_slice(&list).unwrap();
    for artifact in expected["artifacts"].as_array().unwrap() {
        let path = folder.join(artifact["path"].as_str().unwrap());
        let output = bounded(&["scan", "--json"], &path);
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        // A module of a class that nobody knows is worth a look, and nothing else here is.
        let is_module =
            artifact["kind"] == "torch-module" || path.file_stem().is_some_and(|stem| stem == "module");
        let verdict = document["verdict"].as_str().unwrap();
        assert!(verdict == "clean" || is_module, "{}: {document:#}", path.display());
        let findings = document["findings"].as_array().unwrap();
        assert!(findings.iter().all(|finding| finding["severity"] != "dangerous"), "{}", path.display());
    }
}
