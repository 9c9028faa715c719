//! Native libraries in memory: which distribution brings each, and its digest.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::environment::Library;
use reproof_environment::installed::{Sha256, hex};
use reproof_environment::privacy;

use super::files::Files;
use crate::file::Mark;

/// An extension module of at least this size computes something itself; smaller ones only bind a library.
const LARGE: u64 = 1 << 20;

/// The native libraries that distributions brought.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    files: HashMap<PathBuf, Owned>,
}

#[derive(Debug)]
struct Owned {
    distribution: String,
    path: String,
    expected: Sha256,
    mark: Option<Mark>,
}

impl Owners {
    pub(super) fn add(&mut self, file: PathBuf, distribution: &str, path: &str, expected: Sha256) {
        let mark = fs::metadata(&file).ok().map(|metadata| Mark::of(&metadata));
        let (distribution, path) = (distribution.to_owned(), path.to_owned());
        self.files.insert(file, Owned { distribution, path, expected, mark });
    }

    /// The libraries at `paths`.
    pub(super) fn libraries(&self, paths: &[PathBuf], files: &mut Files) -> Vec<Library> {
        let home = super::home();
        let mut found = Vec::new();
        let mut unknown = Vec::new();
        for path in paths {
            let Ok(metadata) = fs::metadata(path) else { continue };
            let mark = Mark::of(&metadata);
            if !metadata.is_file() || !counts(path, mark.size) {
                continue;
            }
            let owned = self.files.get(path);
            let shown = || privacy::shortened(&path.to_string_lossy(), home.as_deref());
            let library = Library {
                path: owned.map_or_else(shown, |owned| owned.path.clone()),
                distribution: owned.map(|owned| owned.distribution.clone()),
                // What was checked against its list has the hash of the list.
                sha256: owned
                    .filter(|owned| owned.mark == Some(mark))
                    .map(|owned| owned.expected)
                    .or_else(|| files.known(path, mark))
                    .map(|hash| hex(&hash)),
            };
            if library.sha256.is_none() {
                unknown.push((found.len(), (path.clone(), mark)));
            }
            found.push(library);
        }
        let (places, marked): (Vec<usize>, Vec<_>) = unknown.into_iter().unzip();
        for (place, hash) in places.into_iter().zip(files.hash(&marked)) {
            if let Some(library) = found.get_mut(place) {
                library.sha256 = hash.map(|hash| hex(&hash));
            }
        }
        found.sort();
        found.dedup();
        found
    }
}

/// Whether a file can move bits by itself: a library, or an extension module with code of its own.
fn counts(path: &Path, size: u64) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let of_interpreter = path.parent().is_some_and(|folder| folder.ends_with("lib-dynload"));
    !of_interpreter && (name.starts_with("lib") || name.starts_with("ld-") || size >= LARGE)
}
