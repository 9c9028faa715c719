//! Folders of files that a script makes: made once, kept outside the checkout, made anew when the script changes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use reproof_digest::blob;

use crate::python;

/// The folder that `script OUT` fills, run by `interpreter`.
///
/// `script` and the folders `modules` lie below `tests/python/`; a change of any of their files makes another folder.
/// However many tests and processes ask, one makes it and the others wait.
///
/// # Panics
/// If the script fails or its folder cannot be made.
#[track_caller]
pub fn by_script(interpreter: &Path, script: &str, modules: &[&str]) -> PathBuf {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python");
    let mut sources = vec![scripts.join(script)];
    for module in modules {
        let entries =
            fs::read_dir(scripts.join(module)).unwrap_or_else(|error| panic!("no {module}: {error}"));
        sources.extend(entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_file()));
    }
    sources.sort();
    let mut key = interpreter.as_os_str().as_encoded_bytes().to_vec();
    for source in &sources {
        key.extend(fs::read(source).unwrap_or_else(|error| panic!("no {}: {error}", source.display())));
    }
    let cache = python::cache().unwrap_or_else(|error| panic!("{error}")).join("generated");
    let name = script.trim_end_matches(".py");
    let finished = cache.join(format!("{name}-{}", &blob(&key).to_hex()[..16]));
    let guard = cache.join(format!("{name}.lock"));
    let made = fs::create_dir_all(&cache).and_then(|()| File::create(&guard));
    let guard = made.unwrap_or_else(|error| panic!("could not make {}: {error}", guard.display()));
    guard.lock().unwrap_or_else(|error| panic!("could not lock {name}: {error}"));
    if finished.exists() {
        return finished;
    }
    let building = cache.join(format!("{name}.building"));
    let _ = fs::remove_dir_all(&building);
    let output = Command::new(interpreter).arg(scripts.join(script)).arg(&building).output();
    let output = output.unwrap_or_else(|error| panic!("could not start {}: {error}", interpreter.display()));
    let printed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script} failed:\n{printed}");
    fs::rename(&building, &finished).unwrap_or_else(|error| panic!("could not keep {name}: {error}"));
    finished
}
