//! The files of an artifact, also those where nobody looks, and what is odd about the folder itself.

use std::fs;
use std::path::{Path, PathBuf};

use reproof_contract::scan::{ScanFinding, Severity, UnreadPart};

use super::ScanError;

/// A file to scan.
#[derive(Debug)]
pub(super) struct Entry {
    /// Its POSIX path below the artifact; for a single file, its name.
    pub(super) path: String,
    /// Where it lies.
    pub(super) location: PathBuf,
}

/// What the folder itself tells.
#[derive(Debug, Default)]
pub(super) struct Notes {
    pub(super) findings: Vec<ScanFinding>,
    pub(super) unread: Vec<UnreadPart>,
}

/// Files and notes.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    pub(super) notes: Notes,
}

/// Folders of version control that signatures leave out: a hiding place.
const HIDING: &[&str] = &[".git", ".github"];

/// The deepest folder that is entered.
const DEPTH: usize = 64;

/// Lists the artifact at `path`: a file, or a folder with everything below it, without following links.
pub(super) fn list(path: &Path) -> Result<Listed, ScanError> {
    let failed = |source| ScanError::Read { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(failed)?;
    let mut listed = Listed::default();
    if metadata.is_dir() {
        let root = path.canonicalize().map_err(failed)?;
        walk(&root, path, "", 0, &mut listed);
        listed.entries.sort_by(|left, right| left.path.cmp(&right.path));
    } else if metadata.is_file() {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        listed.entries.push(Entry { path: name, location: path.to_owned() });
    } else {
        let kind = std::io::ErrorKind::InvalidInput;
        return Err(failed(std::io::Error::new(
            kind,
            "expected a file or folder, got a device, pipe or socket",
        )));
    }
    Ok(listed)
}

fn walk(root: &Path, folder: &Path, below: &str, depth: usize, listed: &mut Listed) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) if depth <= DEPTH => entries,
        Ok(_) => return listed.notes.unread(below, 0, "too many folders in each other".to_owned()),
        Err(error) => return listed.notes.unread(below, 0, format!("could not be listed: {error}")),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                listed.notes.unread(below, 0, format!("could not be listed: {error}"));
                continue;
            }
        };
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        let location = entry.path();
        match entry.file_type() {
            Ok(kind) if kind.is_symlink() => link(root, &location, &path, listed),
            Ok(kind) if kind.is_dir() => {
                if below.is_empty() && HIDING.contains(&name.as_str()) {
                    let message =
                        "a folder that signatures and digests leave out: what lies there can change unseen";
                    listed.notes.finding("folder.hidden", Severity::Info, &path, None, message);
                }
                // Objects of git are compressed pieces of history, which no loader opens.
                if path != ".git/objects" {
                    walk(root, &location, &path, depth + 1, listed);
                }
            }
            Ok(kind) if kind.is_file() => listed.entries.push(Entry { path, location }),
            Ok(_) => {
                let message = "a device, pipe or socket instead of a file";
                listed.notes.finding("folder.special-file", Severity::Warning, &path, None, message);
                listed.notes.unread(&path, 0, message.to_owned());
            }
            Err(error) => listed.notes.unread(&path, 0, format!("could not be looked up: {error}")),
        }
    }
}

/// A link inside the folder leads to something that is scanned itself; any other one is told and not followed.
fn link(root: &Path, location: &Path, path: &str, listed: &mut Listed) {
    let target = fs::read_link(location).unwrap_or_default();
    let would = Some(format!("read {}", shown(&target)));
    match location.canonicalize() {
        Ok(resolved) if resolved.starts_with(root) => {}
        Ok(resolved) if is_cached(root, &resolved) && resolved.is_file() => {
            listed.entries.push(Entry { path: path.to_owned(), location: resolved });
        }
        Ok(_) => {
            let message = "a link that leads out of the folder; it was not followed";
            listed.notes.finding("folder.link", Severity::Warning, path, would, message);
            listed.notes.unread(path, 0, "a link that leads out of the folder".to_owned());
        }
        Err(_) => {
            let message = "a link that leads nowhere";
            listed.notes.finding("folder.link", Severity::Warning, path, would, message);
        }
    }
}

/// Whether a file belongs to a folder of Hugging Face's download cache: `snapshots/<revision>` is made of links to
/// `blobs`.
fn is_cached(root: &Path, resolved: &Path) -> bool {
    let snapshots = root.parent().filter(|parent| parent.ends_with("snapshots"));
    let blobs = snapshots.and_then(Path::parent).map(|repository| repository.join("blobs"));
    blobs.is_some_and(|blobs| resolved.parent() == Some(&blobs))
}

/// The target of a link without the names of people: the first and last component.
fn shown(target: &Path) -> String {
    let parts: Vec<String> = target.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    match parts.as_slice() {
        [first, _, .., last] if first == "/" => format!("/…/{last}"),
        _ => target.display().to_string(),
    }
}

impl Notes {
    fn finding(&mut self, id: &str, severity: Severity, path: &str, would: Option<String>, message: &str) {
        self.findings.push(ScanFinding {
            id: id.to_owned(),
            severity,
            member: path.to_owned(),
            offset: None,
            would,
            message: message.to_owned(),
            count: 1,
        });
    }

    fn unread(&mut self, path: &str, bytes: u64, reason: String) {
        let path = if path.is_empty() { ".".to_owned() } else { path.to_owned() };
        self.unread.push(UnreadPart { path, bytes, reason });
    }
}
