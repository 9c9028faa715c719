//! Where the user's ONNX Runtime is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A library and how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The shared library.
    pub library: PathBuf,
    /// How it was found, for messages.
    pub origin: String,
}

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// A path was named and there is no file.
    #[error("no ONNX Runtime library at {} (from {origin})", path.display())]
    Missing {
        /// The named path.
        path: PathBuf,
        /// Who named it.
        origin: String,
    },
    /// Nothing was named and nothing found.
    #[error(
        "no ONNX Runtime library found: no --onnxruntime, no ORT_DYLIB_PATH, and the python3 on the PATH has no onnxruntime package"
    )]
    Nowhere,
}

/// What a Python interpreter is asked: where its onnxruntime package lies, without importing it.
const QUESTION: &str =
    "import importlib.util as u; s = u.find_spec('onnxruntime'); print(s.origin if s else '')";

/// Finds the library: the path that the user named, else `variable` (the value of `ORT_DYLIB_PATH`), else the
/// onnxruntime package of `python`.
pub fn locate(
    named: Option<&Path>,
    variable: Option<&Path>,
    python: Option<&Path>,
) -> Result<Located, LocateError> {
    let explicit = named.map(|path| (path, "--onnxruntime"));
    if let Some((path, origin)) = explicit.or(variable.map(|path| (path, "ORT_DYLIB_PATH"))) {
        let library = if path.is_dir() { library_in(path) } else { Some(path.to_owned()) };
        return match library.filter(|library| library.is_file()) {
            Some(library) => Ok(Located { library, origin: origin.to_owned() }),
            None => Err(LocateError::Missing { path: path.to_owned(), origin: origin.to_owned() }),
        };
    }
    let python = python.ok_or(LocateError::Nowhere)?;
    let library = beside(python).or_else(|| ask(python)).ok_or(LocateError::Nowhere)?;
    Ok(Located { library, origin: format!("the onnxruntime package of {}", python.display()) })
}

/// The library of an interpreter's own package folder, found without starting it: that takes longer than verifying
/// a small model. `None` where the folders do not tell, and then only the interpreter knows.
fn beside(python: &Path) -> Option<PathBuf> {
    let program = if python.components().count() > 1 { python.to_owned() } else { on_path(python)? };
    let environment = |program: &Path| Some(program.parent()?.parent()?.to_owned());
    let own = environment(&program)?;
    // A virtual environment links to its base interpreter; without one, the link leads to the folders that count.
    let root =
        if own.join("pyvenv.cfg").is_file() { own } else { environment(&program.canonicalize().ok()?)? };
    let lib = std::fs::read_dir(root.join("lib")).ok()?.flatten().map(|entry| entry.path());
    let is_version = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.strip_prefix("python3.").is_some_and(|minor| minor.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut versions = lib.filter(is_version);
    // Of several versions only the interpreter knows which is its own.
    let (Some(only), None) = (versions.next(), versions.next()) else { return None };
    library_in(&only.join("site-packages/onnxruntime/capi"))
}

/// The first file of that name in the folders of `PATH`.
fn on_path(program: &Path) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Asks the interpreter itself.
fn ask(python: &Path) -> Option<PathBuf> {
    let answer = Command::new(python).args(["-I", "-c", QUESTION]).stdin(Stdio::null()).output().ok()?;
    let origin = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let package = Path::new(&origin).parent().filter(|_| !origin.is_empty())?;
    library_in(&package.join("capi"))
}

/// The library in a folder: `libonnxruntime.so.*`, `libonnxruntime.*.dylib` or `onnxruntime.dll`.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let named = name.starts_with("libonnxruntime.")
            && (name.contains(".so") || path.extension().is_some_and(|end| end == "dylib"));
        named || name == "onnxruntime.dll"
    });
    found.sort();
    found.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_path_that_is_missing_is_not_replaced_by_another() {
        let error = locate(Some(Path::new("/nowhere/libonnxruntime.so")), None, Some(Path::new("python3")));
        assert!(matches!(error, Err(LocateError::Missing { .. })));
    }

    #[test]
    fn the_newest_library_of_a_folder_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["libonnxruntime.so.1.9.0", "libonnxruntime_providers_shared.so", "readme.txt"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let located = locate(None, Some(folder.path()), None).unwrap();
        assert!(located.library.ends_with("libonnxruntime.so.1.9.0"));
        assert_eq!(located.origin, "ORT_DYLIB_PATH");
    }

    #[cfg(unix)]
    #[test]
    fn the_package_of_a_virtual_environment_is_found_without_starting_its_python() {
        let folder = tempfile::tempdir().unwrap();
        let capi = folder.path().join("lib/python3.11/site-packages/onnxruntime/capi");
        std::fs::create_dir_all(&capi).unwrap();
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(folder.path().join("pyvenv.cfg"), "").unwrap();
        let python = folder.path().join("bin/python3");
        // It ends with an error, so that whatever is found was not its answer.
        std::os::unix::fs::symlink("/bin/false", &python).unwrap();
        let locate = || locate(None, None, Some(&python));
        assert!(matches!(locate(), Err(LocateError::Nowhere)));
        std::fs::write(capi.join("libonnxruntime.so.1.32.0"), "").unwrap();
        assert!(locate().unwrap().library.ends_with("capi/libonnxruntime.so.1.32.0"));
        std::fs::create_dir(folder.path().join("lib/python3.12")).unwrap();
        assert!(matches!(locate(), Err(LocateError::Nowhere)));
    }

    #[test]
    fn a_python_without_the_package_is_nowhere() {
        assert!(matches!(locate(None, None, Some(Path::new("/bin/false"))), Err(LocateError::Nowhere)));
    }
}
