//! The recorded files against what lies there now.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::Verdict;
use reproof_contract::contract::{ArtifactKind, FileRecord};
use reproof_contract::report::Check;
use reproof_digest::layout::Layout;

use super::super::Subject;
use super::super::checks::{Details as _, check};
use crate::artifact::{hash_segments, sha256};

/// Where a recorded file lies now.
pub(super) fn locate(path: &Path, kind: ArtifactKind, file: &str) -> PathBuf {
    match (kind, file) {
        (ArtifactKind::File, "") => path.to_owned(),
        (ArtifactKind::File, file) => path.parent().unwrap_or(Path::new("")).join(file),
        (ArtifactKind::Folder, file) => path.join(file),
    }
}

/// Compares one file with its record; `None` if it is as recorded.
pub(super) fn compare_file(subject: &Subject<'_>, file: &FileRecord, location: &Path) -> Option<Check> {
    let name = if file.path.is_empty() {
        location.file_name().unwrap_or_default().to_string_lossy().into_owned()
    } else {
        file.path.clone()
    };
    let corrupt = |actual: String| {
        check("load.integrity.files", format!("file {name}"), Verdict::Corrupt)
            .expected(format!("{}, {}", bytes(file.size), file.digest.short()))
            .actual(actual)
            .hint("restore the file, or accept the change: reproof accept PATH --reason TEXT")
    };
    let size = match fs::metadata(location) {
        Ok(metadata) if metadata.is_file() => metadata.len(),
        Ok(_) => return Some(corrupt("not a file".to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Some(corrupt("missing".to_owned()));
        }
        Err(error) => return Some(corrupt(format!("unreadable: {error}"))),
    };
    if size != file.size {
        return Some(corrupt(format!("{} ({size} bytes instead of {})", bytes(size), file.size)));
    }
    let layout = match Layout::new(file.segments.clone()) {
        Ok(layout) if layout.size() == file.size => layout,
        Ok(layout) => {
            return Some(corrupt(format!(
                "the recorded segments end at byte {}, not {}",
                layout.size(),
                file.size
            )));
        }
        Err(error) => return Some(corrupt(format!("the recorded segments do not tile it: {error}"))),
    };
    let digest = match hash_segments(location, layout.segments(), subject.progress) {
        Ok(blobs) => layout.digest(&blobs),
        Err(error) => return Some(corrupt(crate::chain(&error))),
    };
    if digest != file.digest {
        return Some(corrupt(format!("{}, {}", bytes(size), digest.short())));
    }
    if subject.options.sha256 {
        match sha256(location) {
            Ok(actual) if actual == file.sha256 => {}
            Ok(actual) => return Some(corrupt(format!("SHA-256 {actual}"))),
            Err(error) => return Some(corrupt(crate::chain(&error))),
        }
    }
    None
}

/// Files of a folder artifact that were not recorded.
pub(super) fn strays(subject: &Subject<'_>) -> Vec<Check> {
    let recorded = &subject.stored.contract.artifact;
    if recorded.kind != ArtifactKind::Folder {
        return Vec::new();
    }
    let known: BTreeMap<&str, &FileRecord> =
        recorded.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let found = crate::artifact::list_files(subject.path).unwrap_or_default();
    let strays = found.into_iter().filter(|(name, _)| !known.contains_key(name.as_str()));
    strays
        .map(|(name, _)| {
            check("load.integrity.files", format!("file {name}"), Verdict::Corrupt)
                .expected("no such file")
                .actual("a file that was not recorded")
                .hint("remove it, or accept the change: reproof accept PATH --reason TEXT")
        })
        .collect()
}

/// A size for people.
pub(super) fn bytes(size: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match UNITS.iter().find(|(_, unit)| size >= *unit) {
        Some((name, unit)) => format!("{:.1} {name}", size as f64 / *unit as f64),
        None => format!("{size} bytes"),
    }
}
