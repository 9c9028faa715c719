//! Folders in which something is built before it appears in its place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::{Builder, TempDir};

/// How long after its last change a folder is taken for abandoned, if nobody holds it: on some shared file systems a lock is
/// seen on one machine only.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);

/// A folder for its owner alone, which goes with this unless it is kept.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: TempDir,
    // Tells others that somebody builds here; a process that ends in any way lets go of it.
    _held: Option<File>,
}

impl Scratch {
    /// A new folder in `parent`, whose name begins with `prefix`. Those that killed processes left there are removed.
    pub(crate) fn new(prefix: &str, parent: &Path) -> io::Result<Self> {
        remove_abandoned(prefix, parent);
        let mut builder = Builder::new();
        builder.prefix(prefix);
        // The default is what the umask leaves to others.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let folder = builder.tempdir_in(parent)?;
        let held = File::open(folder.path()).ok().filter(|file| file.try_lock().is_ok());
        Ok(Self { folder, _held: held })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Leaves the folder where it is.
    pub(crate) fn keep(self) -> PathBuf {
        self.folder.keep()
    }
}

/// Best effort: what cannot be looked at or removed stays.
fn remove_abandoned(prefix: &str, parent: &Path) {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix)) {
        let is_old = entry.metadata().is_ok_and(|metadata| metadata.is_dir() && is_old(&metadata));
        let Some(file) = is_old.then(|| File::open(entry.path()).ok()).flatten() else { continue };
        if file.try_lock().is_ok() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_old(metadata: &fs::Metadata) -> bool {
    let changed = metadata.modified().ok();
    let age = changed.and_then(|changed| SystemTime::now().duration_since(changed).ok());
    age.is_some_and(|age| age > ABANDONED_AFTER)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_after_a_day() {
        let parent = tempfile::tempdir().unwrap();
        let age = |path: &Path, age: Duration| {
            File::open(path).unwrap().set_modified(SystemTime::now() - age).unwrap();
        };
        let day = ABANDONED_AFTER + Duration::from_secs(1);
        let [held, left, young, other, file] =
            ["draft-held", "draft-left", "draft-young", "other", "draft-file"]
                .map(|name| parent.path().join(name));
        for folder in [&held, &left, &young, &other] {
            fs::create_dir(folder).unwrap();
            fs::write(folder.join("golden"), "1").unwrap();
        }
        fs::write(&file, "").unwrap();
        let holding = File::open(&held).unwrap();
        holding.lock().unwrap();
        for old in [&held, &left, &other, &file] {
            age(old, day);
        }
        let scratch = Scratch::new("draft-", parent.path()).unwrap();
        assert!(!left.exists());
        assert!([&held, &young, &other, &file].into_iter().all(|path| path.exists()));
        // One that is being used is held.
        age(scratch.path(), day);
        let _another = Scratch::new("draft-", parent.path()).unwrap();
        assert!(scratch.path().exists());
    }
}
