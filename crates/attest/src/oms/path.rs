//! Paths in manifests.

/// Bytes of a path, at most: what Linux takes.
const LIMIT: usize = 4096;

/// Why a text is not the path of a file below a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("path `{path}` has {reason}: expected a relative POSIX path such as `folder/file`")]
pub struct PathError {
    /// The refused path, its first 200 characters.
    pub path: String,
    /// What is wrong.
    pub reason: &'static str,
}

/// The name of a model of one file, in manifests; here the path is empty.
pub(super) const SINGLE: &str = ".";

/// The name in a manifest of the file at `path`.
pub(super) fn to_name(path: &str) -> &str {
    if path.is_empty() { SINGLE } else { path }
}

/// The path of the file that a manifest calls `name`.
pub(super) fn from_name(name: &str) -> &str {
    if name == SINGLE { "" } else { name }
}

/// Refuses what is no path below a folder. The empty path, the file itself, is one.
pub(super) fn check(path: &str) -> Result<(), PathError> {
    let reason = if path.len() > LIMIT {
        Some("more than 4096 bytes")
    } else if path.contains('\0') {
        Some("a zero byte")
    } else if path.starts_with('/') {
        Some("a `/` at its start")
    } else if path.is_empty() {
        None
    } else {
        path.split('/').find_map(|part| match part {
            "" => Some("an empty part"),
            "." | ".." => Some("a part `.` or `..`"),
            _ => None,
        })
    };
    match reason {
        None => Ok(()),
        Some(reason) => Err(PathError { path: path.chars().take(200).collect(), reason }),
    }
}
