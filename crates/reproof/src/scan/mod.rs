//! What would run, or leak, if an artifact were loaded: a file, or every file of a folder.

mod files;
mod fold;
mod refusal;

use std::fs::File;
use std::path::Path;

use rayon::prelude::*;
use reproof_contract::Scan;
use reproof_contract::scan::Severity;
use reproof_digest::{Digest, OpenFile};
use reproof_formats::scan::{FileScan, ScanOptions as FileOptions, scan as scan_file};
use reproof_progress::{Progress, Unit};

use files::{Entry, Listed};
use fold::Folder;

/// Files that one thread scans at least.
const TOGETHER: usize = 16;

/// How to scan.
#[derive(Clone, Debug)]
pub struct ScanOptions {
    /// Also read tensors, to compare the checksums that archives have for them.
    pub deep: bool,
    /// The least severity of a finding that counts for the verdict.
    pub fail_on: Severity,
    /// The artifact's path as documents show it.
    pub shown: String,
    /// Its artifact digest, to be told in the document.
    pub artifact: Option<Digest>,
}

/// Why an artifact could not be scanned at all.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The file or folder could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Scans the artifact at `path`. What cannot be read inside a folder is told in the coverage.
pub fn scan(path: &Path, options: &ScanOptions, progress: &dyn Progress) -> Result<Scan, ScanError> {
    let Listed { entries, notes } = files::list(path)?;
    progress.begin(&format!("scanning {}", options.shown), Some(entries.len() as u64), Unit::Items);
    let scanned: Vec<(&Entry, FileScan)> = entries
        .par_iter()
        // A small file costs less than handing it to another thread.
        .with_min_len(TOGETHER)
        .map(|entry| {
            let scanned = one(entry, options.deep);
            progress.advance(1);
            (entry, scanned)
        })
        .collect();
    progress.end();
    let mut folder = Folder::default();
    folder.notes(notes);
    folder.files(scanned);
    folder.refused(refusal::finding(path));
    Ok(folder.document(options))
}

fn one(entry: &Entry, deep: bool) -> FileScan {
    match File::open(&entry.location).and_then(OpenFile::new) {
        Ok(file) => scan_file(&file, &entry.path, FileOptions { deep }),
        Err(error) => fold::unreadable(&entry.path, &error),
    }
}
