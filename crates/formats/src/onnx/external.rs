//! External data: which files a model may name, and what they must hold.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use reproof_digest::ReadAt;

use super::proto::Entry;

/// An external file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExternalError {
    /// No file is named.
    #[error("no location is given")]
    NoLocation,
    /// The named path could leave the model's folder.
    #[error("location `{location}` {reason}, expected a relative path inside the model's folder")]
    BadLocation {
        /// The path as the model names it.
        location: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Offset or length is no number.
    #[error("{key} `{value}` is not a number of bytes")]
    BadNumber {
        /// `offset` or `length`.
        key: &'static str,
        /// What is written.
        value: String,
    },
    /// The named file is not there.
    #[error("file `{location}` is missing")]
    Missing {
        /// The path as the model names it.
        location: String,
    },
    /// A link leads out of the model's folder.
    #[error("file `{location}` is a link that leads out of the model's folder")]
    Outside {
        /// The path as the model names it.
        location: String,
    },
    /// A folder, device or pipe.
    #[error("`{location}` is not a regular file")]
    NotRegular {
        /// The path as the model names it.
        location: String,
    },
    /// The named range ends beyond the file.
    #[error("file `{location}` has {size} bytes, expected {length} bytes from byte {offset} on")]
    TooShort {
        /// The path as the model names it.
        location: String,
        /// First byte.
        offset: u64,
        /// Bytes wanted.
        length: u64,
        /// Bytes there are.
        size: u64,
    },
    /// The declared length is not the one that the dims need.
    #[error("length is {actual} bytes, expected {expected}")]
    WrongLength {
        /// What dims and type need.
        expected: u64,
        /// What is declared.
        actual: u64,
    },
    /// The system refused.
    #[error("could not open `{location}`")]
    Io {
        /// The path as the model names it.
        location: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A place that a model names.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) location: String,
    pub(super) offset: u64,
    pub(super) length: Option<u64>,
}

impl Reference {
    /// Reads the keys of a tensor; of repeated ones the last counts, other keys are free.
    pub(super) fn new(entries: &[Entry]) -> Result<Self, ExternalError> {
        let last =
            |key: &str| entries.iter().rev().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key: &'static str| {
            last(key)
                .map(|text| {
                    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                    text.parse()
                        .ok()
                        .filter(|_| digits)
                        .ok_or_else(|| ExternalError::BadNumber { key, value: text.to_owned() })
                })
                .transpose()
        };
        let location = normal(last("location").ok_or(ExternalError::NoLocation)?)?;
        Ok(Self { location, offset: number("offset")?.unwrap_or(0), length: number("length")? })
    }
}

/// The POSIX path below the model's folder that `location` means, or why it may not be used.
///
/// Refused is whatever some system could read as leaving the folder: absolute paths, `..`, backslashes, drive
/// letters and NUL. A `.` component is dropped.
fn normal(location: &str) -> Result<String, ExternalError> {
    let refuse = |reason| Err(ExternalError::BadLocation { location: location.to_owned(), reason });
    if location.starts_with('/') {
        return refuse("is absolute");
    }
    if location.contains('\\') {
        return refuse("holds a backslash");
    }
    if location.contains('\0') {
        return refuse("holds a NUL character");
    }
    if location.as_bytes().get(1) == Some(&b':') {
        return refuse("begins with a drive letter");
    }
    let parts: Vec<&str> = location.split('/').filter(|part| *part != ".").collect();
    if parts.contains(&"..") {
        return refuse("holds `..`");
    }
    if parts.is_empty() || parts.contains(&"") {
        return refuse("has an empty component");
    }
    Ok(parts.join("/"))
}

/// The external files of one model, opened when first named.
#[derive(Debug)]
pub(super) struct ExternalFiles {
    folder: PathBuf,
    files: Vec<ExternalFile>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct ExternalFile {
    /// POSIX path below the model's folder.
    pub(super) location: String,
    /// Where it lies.
    pub(super) path: PathBuf,
    pub(super) file: File,
    pub(super) size: u64,
}

impl ExternalFiles {
    /// The files beside the model at `model`.
    pub(super) fn beside(model: &Path) -> Self {
        let folder = match model.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        Self { folder, files: Vec::new() }
    }

    /// The files opened so far, in the order in which they were named.
    pub(super) fn files(&self) -> &[ExternalFile] {
        &self.files
    }

    /// The position in [`Self::files`] of the file at `location`, a path that [`Reference`] has checked.
    pub(super) fn open(&mut self, location: &str) -> Result<usize, ExternalError> {
        if let Some(index) = self.files.iter().position(|file| file.location == location) {
            return Ok(index);
        }
        let failed = |source: io::Error| {
            let location = location.to_owned();
            match source.kind() {
                io::ErrorKind::NotFound => ExternalError::Missing { location },
                _ => ExternalError::Io { location, source },
            }
        };
        let path = self.folder.join(location);
        // The path is checked once links are followed: one of them may lead anywhere.
        let real = path.canonicalize().map_err(failed)?;
        let folder = self.folder.canonicalize().map_err(failed)?;
        if !real.starts_with(&folder) {
            return Err(ExternalError::Outside { location: location.to_owned() });
        }
        if !fs::metadata(&real).map_err(failed)?.is_file() {
            return Err(ExternalError::NotRegular { location: location.to_owned() });
        }
        let file = File::open(&real).map_err(failed)?;
        let size = file.size();
        self.files.push(ExternalFile { location: location.to_owned(), path, file, size });
        Ok(self.files.len() - 1)
    }

    /// Checks that `length` bytes lie at `offset` of an opened file.
    pub(super) fn check(&self, index: usize, offset: u64, length: u64) -> Result<(), ExternalError> {
        let file = &self.files[index];
        match offset.checked_add(length) {
            Some(end) if end <= file.size => Ok(()),
            _ => Err(ExternalError::TooShort {
                location: file.location.clone(),
                offset,
                length,
                size: file.size,
            }),
        }
    }
}
