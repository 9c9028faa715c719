//! Looks at the machine, and at what is installed for an interpreter.

mod files;
mod index;
mod installed;
mod libraries;
mod machine;
mod rebuild;

use std::path::PathBuf;

use reproof_contract::environment::{Library, Python};
use reproof_environment::lock::Package;

pub(crate) use files::Files;
pub use index::{Index, Resolution};
pub(crate) use installed::survey;
pub(crate) use libraries::Owners;
pub(crate) use machine::{accelerators, environment, home, machine, told};
pub use machine::{environment_class, machine_environment};
pub use rebuild::{Rebuild, RebuildError};

/// How installed files are checked against the hashes of their installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Those whose size or time says that they changed since their installation: as fast as looking at them.
    Changed,
    /// All; a hash that was computed before counts while path, size, time and inode are the same.
    Every,
    /// All, hashed again.
    Again,
}

/// What is installed for an interpreter.
#[derive(Debug)]
pub struct Survey {
    /// As documents tell it.
    pub python: Python,
    /// As a lock needs it.
    pub packages: Vec<Package>,
    /// The C library as the interpreter sees it.
    pub libc: String,
    owners: Owners,
    files: Files,
}

impl Survey {
    pub(crate) fn new(python: Python, libc: String, found: (Vec<Package>, Owners), files: Files) -> Self {
        let (packages, owners) = found;
        Self { python, packages, libc, owners, files }
    }

    /// The native libraries at these paths: which distribution brings each, and its digest.
    pub(crate) fn libraries(&mut self, paths: &[PathBuf]) -> Vec<Library> {
        let found = self.owners.libraries(paths, &mut self.files);
        self.files.save();
        found
    }
}
