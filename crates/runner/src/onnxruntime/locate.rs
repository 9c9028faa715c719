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
    #[error("no ONNX Runtime library found: no --onnxruntime, no ORT_DYLIB_PATH, and the python3 on the PATH has no onnxruntime package")]
    Nowhere,
}

/// What a Python interpreter is asked: where its onnxruntime package lies, without importing it.
const QUESTION: &str = "import importlib.util as u; s = u.find_spec('onnxruntime'); print(s.origin if s else '')";

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
    let answer = Command::new(python).args(["-I", "-c", QUESTION]).stdin(Stdio::null()).output();
    let answer = answer.map_err(|_| LocateError::Nowhere)?;
    let origin = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    let package = Path::new(&origin).parent().filter(|_| !origin.is_empty()).ok_or(LocateError::Nowhere)?;
    let library = library_in(&package.join("capi")).ok_or(LocateError::Nowhere)?;
    Ok(Located { library, origin: format!("the onnxruntime package of {}", python.display()) })
}

/// The library in a folder: `libonnxruntime.so.*`, `libonnxruntime.*.dylib` or `onnxruntime.dll`.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let named = name.starts_with("libonnxruntime.") && (name.contains(".so") || name.ends_with(".dylib"));
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

    #[test]
    fn a_python_without_the_package_is_nowhere() {
        assert!(matches!(locate(None, None, Some(Path::new("/bin/false"))), Err(LocateError::Nowhere)));
    }
}
