//! Copies of folders, and proof that nothing in one changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use reproof_digest::{Digest, blob};

/// Copies the files below `from` to `to`, which is made where it is missing.
///
/// # Panics
/// If a file cannot be copied, or is a link: fixtures are plain files.
#[track_caller]
pub fn copy(from: &Path, to: &Path) {
    for (relative, source) in files(from) {
        let target = to.join(relative);
        let parent = target.parent().unwrap_or(to);
        fs::create_dir_all(parent)
            .and_then(|()| fs::copy(&source, &target))
            .unwrap_or_else(|error| panic!("could not copy {}: {error}", source.display()));
    }
}

/// The files of a folder as they were at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<String, Digest>);

impl Snapshot {
    /// Reads every file below `folder`; a missing folder has none.
    ///
    /// # Panics
    /// If a file cannot be read.
    #[track_caller]
    pub fn of(folder: &Path) -> Self {
        let read = |(relative, path): (String, PathBuf)| match fs::read(&path) {
            Ok(bytes) => (relative, blob(&bytes)),
            Err(error) => panic!("could not read {}: {error}", path.display()),
        };
        Self(files(folder).into_iter().map(read).collect())
    }

    /// The POSIX paths of the files, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The paths that were added, removed or changed since, each with a `+`, `-` or `~` before it.
    pub fn changes(&self, later: &Self) -> Vec<String> {
        let gone = self.0.keys().filter(|path| !later.0.contains_key(*path)).map(|path| format!("- {path}"));
        let other = later.0.iter().filter_map(|(path, digest)| match self.0.get(path) {
            None => Some(format!("+ {path}")),
            Some(before) if before != digest => Some(format!("~ {path}")),
            Some(_) => None,
        });
        gone.chain(other).collect()
    }

    /// Asserts that the folder is still as it was: nothing half-written, nothing touched.
    ///
    /// # Panics
    /// If a file was added, removed or changed, naming it.
    #[track_caller]
    pub fn unchanged(&self, folder: &Path) {
        let changes = self.changes(&Self::of(folder));
        assert!(changes.is_empty(), "files below {} changed:\n{}", folder.display(), changes.join("\n"));
    }
}

/// The files below a folder as POSIX path and full path; empty for a missing folder.
#[track_caller]
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    match walk(folder, "", &mut found) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            panic!("could not list {}: {error}", folder.display())
        }
        _ => found,
    }
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let relative = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{relative}/"), found)?;
        } else if kind.is_file() {
            found.push((relative, entry.path()));
        } else {
            return Err(io::Error::other(format!("`{relative}` is neither a file nor a folder")));
        }
    }
    Ok(())
}
