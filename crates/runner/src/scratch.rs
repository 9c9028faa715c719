//! Folders for values that are needed for a while, which do not stay when their process is killed.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use tempfile::{Builder, NamedTempFile, TempDir};

/// How the names of these folders begin.
const PREFIX: &str = "reproof-";

/// The file in each that its process holds locked.
const HELD: &str = ".held";

/// A folder for temporary files, which nobody but its owner can look into: it holds inputs and outputs of models.
///
/// It goes when this is dropped. If the process is killed before, the next one that needs such a folder removes it: the lock
/// on it ends with the process.
#[derive(Debug)]
pub struct Scratch {
    // Closed first: some systems remove no file that is open.
    _held: File,
    folder: TempDir,
}

impl Scratch {
    /// A new folder among the system's temporary files.
    pub fn new() -> io::Result<Self> {
        Self::below(&std::env::temp_dir())
    }

    fn below(parent: &Path) -> io::Result<Self> {
        sweep(parent);
        let mut builder = Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir_in(parent)?;
        // It has its name only when it is locked, so that nobody takes a folder that is being made for one that was left.
        let mut file = NamedTempFile::new_in(folder.path())?;
        file.write_all(system().as_bytes())?;
        // Where there are no locks, nothing is ever taken for left.
        let _ = file.as_file().lock();
        let held = file.persist(folder.path().join(HELD))?;
        Ok(Self { _held: held, folder })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what killed processes left. Nothing depends on it, so nothing that fails is told.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_left(&entry.path()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether the process of a folder has ended. Folders of other users cannot be looked into, and what was made on another machine
/// is left alone: file systems that machines share often keep locks to themselves.
fn is_left(folder: &Path) -> bool {
    let held = folder.join(HELD);
    let whole = fs::symlink_metadata(&held).is_ok_and(|found| found.is_file());
    let here = whole && fs::read_to_string(&held).is_ok_and(|system| system == self::system());
    here && File::open(&held).is_ok_and(|file| file.try_lock().is_ok())
}

/// What tells this start of this machine's system from others; empty where the system does not tell.
fn system() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let mine = Scratch::below(parent.path()).unwrap();
        for (folder, file, system) in [
            ("reproof-left", HELD, system()),
            ("reproof-of-another-machine", HELD, "another".to_owned()),
            ("reproof-other", "notes.txt", system()),
            ("something", HELD, system()),
        ] {
            fs::create_dir(parent.path().join(folder)).unwrap();
            fs::write(parent.path().join(folder).join(file), system).unwrap();
        }
        let next = Scratch::below(parent.path()).unwrap();
        let there = |name: &str| parent.path().join(name).exists();
        assert!(mine.path().exists() && next.path().exists());
        assert!(there("reproof-of-another-machine") && there("reproof-other") && there("something"));
        assert!(!there("reproof-left"));
        let place = mine.path().to_owned();
        drop(mine);
        assert!(!place.exists());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_look_into_it() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = Scratch::new().unwrap();
        assert_eq!(folder.path().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    }
}
