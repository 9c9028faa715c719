//! The sandbox, the models and the engines that the tests share.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use reproof_digest::blob;
use reproof_testing::{Finished, Sandbox, folder, python};

/// An empty sandbox for the binary; it finds neither ONNX Runtime nor Python.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(env!("CARGO_BIN_EXE_reproof"))
}

/// Runs a command that finds ONNX Runtime.
#[track_caller]
pub(crate) fn run(sandbox: &Sandbox, arguments: &[&str]) -> Finished {
    sandbox.command(arguments).variable("ORT_DYLIB_PATH", onnxruntime()).run()
}

/// The Python with the packages of the tests and the real models.
pub(crate) fn interpreter() -> &'static Path {
    static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
        python::environment("models").unwrap_or_else(|error| panic!("no Python for the tests: {error}"))
    });
    &PYTHON
}

/// What the tests' Python prints.
pub(crate) fn python(arguments: &[&str]) -> String {
    let output = Command::new(interpreter()).args(arguments).output().expect("the environment starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "python {} failed:\n{errors}", arguments.join(" "));
    String::from_utf8(output.stdout).expect("the scripts print UTF-8")
}

/// The folder of the ONNX Runtime library.
pub(crate) fn onnxruntime() -> &'static str {
    static FOLDER: LazyLock<String> = LazyLock::new(|| package("onnxruntime", "capi"));
    &FOLDER
}

/// A folder inside an installed package.
pub(crate) fn package(name: &str, inner: &str) -> String {
    let question =
        "import importlib.util as u, sys; print(u.find_spec(sys.argv[1]).submodule_search_locations[0])";
    format!("{}/{inner}", python(&["-c", question, name]).trim())
}

/// The folder with `planted`, `shipped`, `unrefereed`, `local` and `twin`; see `models.py`. It is made once, and anew
/// when a script changes, however many tests and processes ask for it.
pub(crate) fn models() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(make_models);
    &FOLDER
}

fn make_models() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let planting = repository.join("tests/python/planting");
    let scripts = [repository.join("tests/python/planted.py"), repository.join("crates/cli/tests/models.py")];
    let modules = fs::read_dir(planting).unwrap().map(|entry| entry.unwrap().path());
    let mut sources: Vec<PathBuf> =
        modules.filter(|path| path.extension().is_some_and(|e| e == "py")).collect();
    sources.extend(scripts.iter().cloned());
    sources.sort();
    let mut key = interpreter().as_os_str().as_encoded_bytes().to_vec();
    key.extend(sources.iter().flat_map(|path| fs::read(path).unwrap()));
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(cache).unwrap();
    let guard = File::create(cache.join("models.lock")).unwrap();
    guard.lock().unwrap();
    let finished = cache.join(format!("models-{}", &blob(&key).to_hex()[..16]));
    if !finished.exists() {
        let building = cache.join("models.building");
        let _ = fs::remove_dir_all(&building);
        fs::create_dir(&building).unwrap();
        python(&[scripts[0].to_str().unwrap(), building.join("planted").to_str().unwrap()]);
        python(&[scripts[1].to_str().unwrap(), building.to_str().unwrap()]);
        fs::rename(&building, &finished).unwrap();
    }
    finished
}

/// Copies one of the [`models`] into the sandbox under a name of its own.
#[track_caller]
pub(crate) fn place(sandbox: &Sandbox, model: &str, name: &str) -> PathBuf {
    let bytes = fs::read(models().join(model)).unwrap_or_else(|error| panic!("no model {model}: {error}"));
    sandbox.write(name, bytes)
}

/// Copies a folder of the checkout into the sandbox, without the contract that may lie in it.
pub(crate) fn place_example(sandbox: &Sandbox, name: &str) -> PathBuf {
    let target = sandbox.path(name);
    folder::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name), &target);
    let _ = fs::remove_dir_all(target.join("reproof"));
    target
}
