//! Small checkpoints of every kind, cut at every byte and with every single bit flipped: an answer or a refusal, and
//! every tensor that is described can be read or is refused.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use reproof_digest::ReadAt as _;
use reproof_formats::{Description, ErrorKind, Sources, describe};
use reproof_testing::{generated, python};

/// Files up to this size are damaged in every way; of larger ones each kind of damage is done at every 31st place.
const WHOLE: usize = 2000;

/// Larger files are left out: they hold the same structures more often.
const LARGEST: usize = 24_000;

/// Reads every described tensor that is not large.
fn read_all(description: &Description, bytes: &[u8]) {
    let sources = Sources::new(vec![Box::new(bytes)]);
    for tensor in &description.tensors {
        if let Ok(values) = sources.bytes(tensor) {
            let size = values.size().min(1 << 16);
            let _ = values.read_range(0, size as usize);
        }
    }
}

/// Describes damaged bytes; what is refused as malformed says what is wrong.
fn answer(bytes: &[u8], path: &Path) {
    match describe(&bytes, path) {
        Ok(description) => {
            let layout = &description.files[0].layout;
            assert_eq!(layout.size(), bytes.len() as u64, "{}", path.display());
            read_all(&description, bytes);
        }
        Err(error) => {
            assert!(!crate::words(&error).is_empty());
            assert_ne!(error.kind(), ErrorKind::Missing, "{}", path.display());
        }
    }
}

fn damage(bytes: &[u8], path: &Path) {
    let step = if bytes.len() <= WHOLE { 1 } else { 31 };
    for length in (0..bytes.len()).step_by(step) {
        answer(&bytes[..length], path);
    }
    let mut copy = bytes.to_vec();
    for position in (0..bytes.len()).step_by(step) {
        for bit in 0..8 {
            copy[position] ^= 1 << bit;
            answer(&copy, path);
            copy[position] ^= 1 << bit;
        }
    }
}

/// Single files of checkpoints that frameworks wrote, small ones.
fn files() -> Vec<PathBuf> {
    let interpreter =
        python::environment("checkpoints").unwrap_or_else(|error| panic!("no frameworks: {error}"));
    let folder = generated::by_script(&interpreter, "checkpoints.py", &["checkpointing"]);
    let mut files = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if entry.metadata().unwrap().len() <= LARGEST as u64
                && entry.path().extension().is_some_and(|extension| extension != "json")
            {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    files
}

#[test]
fn damaged_checkpoints_are_read_or_refused() {
    let files = files();
    assert!(files.len() > 60, "{} files", files.len());
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    damage(&std::fs::read(path).unwrap(), path);
                }
            });
        }
    });
}
