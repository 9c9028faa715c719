//! What the user trusts, remembered by digest in a file of the user's.
//!
//! A line is the digest of an artifact whose code may run, or of a contract whose loader may: of these very bytes, and
//! of nothing else. Taking a line out, or the file away, takes the trust back.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use reproof_contract::Report;
use reproof_digest::{Digest, Kind};

use crate::record::Recorded;

/// The largest file that is read, in bytes: a hundred thousand digests.
const LARGEST: u64 = 8 << 20;

const HEADER: &str = "# Artifacts whose code may run here, and contracts whose loader may. A line is a digest; remove it to\n\
                      # be asked again.\n";

/// Why the file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The file could not be read or written.
    #[error("could not {action} {}", path.display())]
    File {
        /// `read`, `make` or `write`.
        action: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is larger than it can be.
    #[error("{} has {size} bytes, expected at most {LARGEST}", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        size: u64,
    },
    /// A line is no digest of what can be trusted.
    #[error("{}: {line}: expected artifact-v1:HEX or contract-v1:HEX", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line.
        line: String,
    },
}

/// The file of what is trusted.
#[derive(Clone, Debug)]
pub struct Memory {
    path: PathBuf,
}

impl Memory {
    /// The file below the folder where the user keeps what programs remember.
    pub fn below(configuration: &Path) -> Self {
        Self { path: configuration.join("reproof").join("trusted") }
    }

    /// Every digest that is trusted.
    pub fn read(&self) -> Result<BTreeSet<Digest>, MemoryError> {
        let path = &self.path;
        let failed = |source| MemoryError::File { action: "read", path: path.clone(), source };
        let size = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            Err(error) => return Err(failed(error)),
        };
        if size > LARGEST {
            return Err(MemoryError::TooLarge { path: path.clone(), size });
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| {
                let digest: Option<Digest> = line.parse().ok();
                let known = |digest: &Digest| matches!(digest.kind(), Kind::Artifact | Kind::Contract);
                let wrong = || MemoryError::Line { path: path.clone(), line: line.to_owned() };
                digest.filter(known).ok_or_else(wrong)
            })
            .collect()
    }

    /// Keeps what a recording says of the user's trust: trust that was `given` holds for the artifact, and what the
    /// new contract names (a loader, packages to install again) is what ran here just now.
    ///
    /// Whoever accepts a change was asked for the loader of the contract before, or named another.
    pub fn keep_recording(&self, given: bool, recorded: &Recorded) -> Result<(), MemoryError> {
        let artifact = given.then_some(recorded.contract.artifact.artifact_digest);
        let in_python = recorded.contract.loading.is_some();
        self.add(artifact.into_iter().chain(in_python.then_some(recorded.digest)))
    }

    /// Keeps what a verification says of it: trust that was `given` holds for the artifact, and for the contract, which
    /// may name a loader.
    pub fn keep_verification(&self, given: bool, report: &Report) -> Result<(), MemoryError> {
        let digests = report.artifact.artifact_digest.into_iter().chain([report.contract.digest]);
        if given { self.add(digests) } else { Ok(()) }
    }

    fn add(&self, digests: impl IntoIterator<Item = Digest>) -> Result<(), MemoryError> {
        let mut added = digests.into_iter().peekable();
        if added.peek().is_none() {
            return Ok(());
        }
        let mut known = self.read()?;
        let before = known.len();
        known.extend(added);
        if known.len() == before { Ok(()) } else { self.write(&known) }
    }

    fn write(&self, digests: &BTreeSet<Digest>) -> Result<(), MemoryError> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(folder).map_err(|source| MemoryError::File {
            action: "make",
            path: folder.to_owned(),
            source,
        })?;
        let lines: Vec<String> = digests.iter().map(Digest::to_string).collect();
        let failed = |source| MemoryError::File { action: "write", path: self.path.clone(), source };
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(format!("{HEADER}{}\n", lines.join("\n")).as_bytes()).map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}
