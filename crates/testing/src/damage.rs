//! Files broken in one exact place.

use std::fs::{self, OpenOptions};
use std::path::Path;

/// Flips one bit of a file; `bit` counts from the lowest bit of byte 0 of `offset`.
///
/// # Panics
/// If the file cannot be read or written or has no such byte.
#[track_caller]
pub fn flip_bit(file: &Path, offset: u64, bit: u8) {
    let mut bytes = read(file);
    let size = bytes.len();
    let byte = usize::try_from(offset).ok().and_then(|offset| bytes.get_mut(offset));
    *byte.unwrap_or_else(|| panic!("{} has {size} bytes, none at {offset}", file.display())) ^= 1 << bit;
    write(file, &bytes);
}

/// Cuts a file to its first `size` bytes.
///
/// # Panics
/// If the file cannot be opened or is not longer than that: a test that cuts nothing proves nothing.
#[track_caller]
pub fn truncate(file: &Path, size: u64) {
    let opened = OpenOptions::new().write(true).open(file);
    let opened = opened.unwrap_or_else(|error| panic!("could not open {}: {error}", file.display()));
    let actual = opened.metadata().map_or(0, |metadata| metadata.len());
    assert!(size < actual, "{} has {actual} bytes, cannot be cut to {size}", file.display());
    opened.set_len(size).unwrap_or_else(|error| panic!("could not cut {}: {error}", file.display()));
}

/// Replaces the only occurrence of `from` by `to`, of any length.
///
/// # Panics
/// If the file cannot be read or written, or does not hold `from` exactly once.
#[track_caller]
pub fn replace(file: &Path, from: &[u8], to: &[u8]) {
    assert!(!from.is_empty(), "nothing to replace");
    let bytes = read(file);
    let found: Vec<usize> = bytes
        .windows(from.len())
        .enumerate()
        .filter(|(_, window)| *window == from)
        .map(|(at, _)| at)
        .collect();
    let [at] = found[..] else {
        let text = String::from_utf8_lossy(from);
        panic!("{} holds `{text}` {} times, expected once", file.display(), found.len())
    };
    write(file, &[&bytes[..at], to, &bytes[at + from.len()..]].concat());
}

#[track_caller]
fn read(file: &Path) -> Vec<u8> {
    fs::read(file).unwrap_or_else(|error| panic!("could not read {}: {error}", file.display()))
}

#[track_caller]
fn write(file: &Path, bytes: &[u8]) {
    fs::write(file, bytes).unwrap_or_else(|error| panic!("could not write {}: {error}", file.display()));
}
