//! Processes that end before a write of the test's choice, as `kill -9` may end them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use reproof_digest::blob;

use crate::{Finished, Invocation};

const SOURCE: &str = include_str!("sudden_end.c");

/// A library that ends whoever loads it.
#[derive(Debug, Clone)]
pub struct SuddenEnd {
    library: PathBuf,
}

impl SuddenEnd {
    /// Compiles the library below `cache`, where it is missing. Needs a C compiler and glibc.
    pub fn compile(cache: &Path) -> io::Result<Self> {
        let library = cache.join(format!("sudden-end-{}.so", &blob(SOURCE.as_bytes()).to_hex()[..16]));
        if !library.is_file() {
            fs::create_dir_all(cache)?;
            let building = tempfile::tempdir_in(cache)?;
            let (source, built) = (building.path().join("library.c"), building.path().join("library.so"));
            fs::write(&source, SOURCE)?;
            let mut command = Command::new("cc");
            let done = command.args(["-shared", "-fPIC", "-O1", "-o"]).args([&built, &source]).output()?;
            if !done.status.success() {
                return Err(io::Error::other(String::from_utf8_lossy(&done.stderr).into_owned()));
            }
            fs::rename(&built, &library)?;
        }
        Ok(Self { library })
    }

    /// Runs `invocation` up to its `at`-th write, from 1, or to its own end with 0. Writes are calls that change a file or a folder; of those that
    /// write bytes, half of the bytes are written. It ends by itself when it has fewer. Nothing
    /// waits for the disk.
    pub fn run(&self, invocation: Invocation, at: usize) -> Finished {
        invocation.variable("LD_PRELOAD", &self.library).variable("REPROOF_TEST_END_AT", at.to_string()).run()
    }
}
