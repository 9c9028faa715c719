//! A folder of one's own for each test, and the binary in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{Finished, Invocation};

/// Runs the built binary with nothing of the machine around it: an environment of a handful of variables, a
/// home, a temporary folder and a working folder of its own, and no program on the `PATH`. Only what is known of installed
/// packages (hashes, fingerprints) is shared, beside the binary: finding it anew would cost each test seconds.
///
/// In what a command prints, the path of the working folder reads `[SANDBOX]`.
#[derive(Debug)]
pub struct Sandbox {
    root: TempDir,
    binary: PathBuf,
}

impl Sandbox {
    /// An empty sandbox for `binary`, usually `env!("CARGO_BIN_EXE_reproof")`.
    ///
    /// # Panics
    /// If its folders cannot be made.
    pub fn new(binary: impl Into<PathBuf>) -> Self {
        let root = tempfile::Builder::new()
            .prefix("sandbox-")
            .tempdir()
            .unwrap_or_else(|error| panic!("could not make a sandbox: {error}"));
        for name in ["home", "tmp", "bin", "work"] {
            fs::create_dir(root.path().join(name))
                .unwrap_or_else(|error| panic!("could not make `{name}` in the sandbox: {error}"));
        }
        Self { root, binary: binary.into() }
    }

    /// The working folder: where commands run and relative paths begin.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// A path in the working folder.
    pub fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.folder().join(relative)
    }

    /// The only folder on the `PATH` of commands, empty until a test puts a program there.
    pub fn programs(&self) -> PathBuf {
        self.root.path().join("bin")
    }

    /// The home of commands, where they find no configuration until a test puts some there.
    pub fn home(&self) -> PathBuf {
        self.root.path().join("home")
    }

    /// Where commands keep what is slow to make, for all sandboxes of this binary.
    pub fn cache(&self) -> PathBuf {
        shared_cache(&self.binary)
    }

    /// Where commands keep what they do not keep: empty again when one has cleaned up after itself.
    pub fn temporary(&self) -> PathBuf {
        self.root.path().join("tmp")
    }

    /// Writes a file in the working folder and gives its path.
    ///
    /// # Panics
    /// If it cannot be written.
    #[track_caller]
    pub fn write(&self, relative: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(relative);
        let parent = path.parent().expect("a joined path has a parent");
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .unwrap_or_else(|error| panic!("could not write {}: {error}", path.display()));
        path
    }

    /// A command to be described further and run.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Invocation {
        let arguments = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        Invocation::new(&self.binary, self.root.path(), arguments)
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// If it cannot be started or does not end in time.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Finished {
        self.command(arguments).run()
    }
}

/// A folder beside the one of the binary.
pub(crate) fn shared_cache(binary: &Path) -> PathBuf {
    binary.ancestors().nth(2).unwrap_or(binary).join("tmp/cache")
}
