//! Hashes of installed files, on all cores, kept from one run to the next.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use reproof_environment::installed::{Sha256, hex};
use sha2::Digest as _;

use crate::file::{Mark, sha256};

/// The first line of a file of hashes; another one is not read.
const HEADER: &str = "reproof hashes of installed files, version 1";

/// The largest file of hashes that is read, in bytes: some 400,000 files.
const LARGEST: u64 = 64 << 20;

/// Hashes that are known, and the file that keeps them.
#[derive(Debug, Default)]
pub(crate) struct Files {
    known: HashMap<PathBuf, (Mark, Sha256)>,
    place: Option<PathBuf>,
    changed: bool,
}

impl Files {
    /// The hashes kept in `folder` for an environment, or none.
    pub(crate) fn load(folder: Option<&Path>, environment: &Path) -> Self {
        let name = sha2::Sha256::digest(environment.as_os_str().as_encoded_bytes());
        let place = folder
            .map(|folder| folder.join("environments").join(format!("{}.txt", &hex(&name.into())[..16])));
        let mut files = Self { place, ..Self::default() };
        if let Some(place) = &files.place
            && std::fs::metadata(place).is_ok_and(|metadata| metadata.len() <= LARGEST)
            && let Ok(text) = std::fs::read_to_string(place)
            && let Some(lines) = text.strip_prefix(HEADER)
        {
            files.known = lines.lines().filter_map(entry).collect();
        }
        files
    }

    /// Keeps the hashes; a folder that cannot be written only costs time later.
    pub(crate) fn save(&mut self) {
        let Some(place) = self.place.as_ref().filter(|_| self.changed) else { return };
        let mut text = String::from(HEADER);
        text.push('\n');
        for (path, (mark, hash)) in &self.known {
            let Some(path) = path.to_str().filter(|path| !path.contains('\n')) else { continue };
            let Mark { size, modified, inode } = mark;
            text += &[&hex(hash), " ", &size.to_string(), " ", &modified.to_string(), " "].concat();
            text += &[&inode.to_string(), " ", path, "\n"].concat();
        }
        let write = || -> std::io::Result<()> {
            let folder = place.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let mut partial = tempfile::NamedTempFile::new_in(folder)?;
            std::io::Write::write_all(&mut partial, text.as_bytes())?;
            partial.persist(place).map(drop).map_err(|error| error.error)
        };
        self.changed = write().is_err();
    }

    /// The hash of a file with this mark, if it is known.
    pub(super) fn known(&self, path: &Path, mark: Mark) -> Option<Sha256> {
        self.known.get(path).filter(|(known, _)| *known == mark).map(|(_, hash)| *hash)
    }

    /// Hashes files; one that cannot be read gives nothing.
    pub(super) fn hash(&mut self, paths: &[(PathBuf, Mark)]) -> Vec<Option<Sha256>> {
        let next = AtomicUsize::new(0);
        let results = Mutex::new(vec![None; paths.len()]);
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8).min(paths.len());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while let Some((place, (path, _))) = take(&next, paths) {
                        let hash = sha256(path).ok();
                        if let Ok(mut results) = results.lock()
                            && let Some(result) = results.get_mut(place)
                        {
                            *result = hash;
                        }
                    }
                });
            }
        });
        let results = results.into_inner().unwrap_or_default();
        for ((path, mark), hash) in paths.iter().zip(&results) {
            if let Some(hash) = hash {
                self.known.insert(path.clone(), (*mark, *hash));
                self.changed = true;
            }
        }
        results
    }
}

/// The next piece of work.
fn take<'a, T>(next: &AtomicUsize, work: &'a [T]) -> Option<(usize, &'a T)> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    Some((place, work.get(place)?))
}

fn entry(line: &str) -> Option<(PathBuf, (Mark, Sha256))> {
    let mut fields = line.splitn(5, ' ');
    let digits = fields.next()?;
    let mut hash = [0; 32];
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    let mark = Mark {
        size: fields.next()?.parse().ok()?,
        modified: fields.next()?.parse().ok()?,
        inode: fields.next()?.parse().ok()?,
    };
    Some((PathBuf::from(fields.next()?), (mark, hash)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_known_until_the_file_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b.py");
        std::fs::write(&path, b"one").unwrap();
        let mark = Mark::of(&std::fs::metadata(&path).unwrap());
        let mut files = Files::load(Some(folder.path()), Path::new("/env"));
        let hash = files.hash(&[(path.clone(), mark)])[0].unwrap();
        assert_eq!(hex(&hash), "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed");
        files.save();
        let again = Files::load(Some(folder.path()), Path::new("/env"));
        assert_eq!(again.known(&path, mark), Some(hash));
        std::fs::write(&path, b"two, longer").unwrap();
        assert_eq!(again.known(&path, Mark::of(&std::fs::metadata(&path).unwrap())), None);
        assert_eq!(Files::load(Some(folder.path()), Path::new("/other")).known(&path, mark), None);
    }

    #[test]
    fn damaged_hashes_are_no_hashes_and_unwritable_folders_no_failure() {
        let folder = tempfile::tempdir().unwrap();
        let mut files = Files::load(Some(folder.path()), Path::new("/env"));
        let place = files.place.clone().unwrap();
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::fs::write(&place, format!("{HEADER}\nxyz\n00 1 2\n{} 1 2 3 \u{e9}\n", "zz".repeat(32))).unwrap();
        assert!(Files::load(Some(folder.path()), Path::new("/env")).known.is_empty());
        std::fs::write(&place, b"\xff\xfe").unwrap();
        assert!(Files::load(Some(folder.path()), Path::new("/env")).known.is_empty());
        files.place = Some(PathBuf::from("/proc/nowhere/x.txt"));
        files.changed = true;
        files.save();
    }
}
