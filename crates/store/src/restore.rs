//! Writing the files of a manifest again, byte for byte.

use std::fs::{self, File, OpenOptions};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;
use reproof_codec::BLOCK_LENGTH;
use reproof_digest::{Digest, ranges};
use reproof_progress::{Progress, Unit};

use crate::object::{Buffers, all_blocks};
use crate::{Store, StoreError, StoredFile, StoredSegment};

/// Blocks that one thread restores at a time: one request to a bucket for each.
const RUN: u32 = 8;

/// A run of blocks of an object, and where it goes.
struct Task<'a> {
    digest: &'a Digest,
    blocks: std::ops::Range<u32>,
    offset: u64,
}

impl Store {
    /// Writes `files` below `root`, or as `root` where the path is empty. What is there already and is what it should
    /// be stays: an interrupted restore goes on. Nothing waits for the disk: what is to outlast a power failure is synced
    /// by whoever gives it its place, all files together. Memory: about 50 MB for each core.
    ///
    /// What the store holds is checked as it was written, block by block; whether it is what its names say, only
    /// [`Self::check_restored`] and the digest of the whole tell.
    pub fn restore(
        &self,
        files: &[StoredFile],
        root: &Path,
        progress: &dyn Progress,
    ) -> Result<(), StoreError> {
        let total = files.iter().map(|file| file.size).sum();
        progress.begin("restoring", Some(total), Unit::Bytes);
        for file in files {
            let path = destination(root, &file.path)?;
            self.restore_file(file, &path, progress)?;
        }
        progress.end();
        Ok(())
    }

    /// Reads files that were restored again and checks every byte; the error names the object that is not what its name
    /// says.
    pub fn check_restored(&self, files: &[StoredFile], root: &Path) -> Result<(), StoreError> {
        for file in files {
            let path = destination(root, &file.path)?;
            let failed = |source| StoreError::Destination { path: path.clone(), source };
            let target = File::open(&path).map_err(failed)?;
            let Some((offset, segment)) =
                differing(&target, &placed(&file.segments), &path)?.first().copied()
            else {
                continue;
            };
            let StoredSegment::Object { digest, .. } = segment else {
                return Err(failed(std::io::Error::other("it does not read as it was written")));
            };
            return Err(StoreError::Damaged {
                store: self.bucket.name().to_owned(),
                key: format!("object {}", digest.short()),
                problem: format!(
                    "its bytes are not what its name says (for byte {offset} of {})",
                    path.display()
                ),
            });
        }
        Ok(())
    }

    /// The bytes of a small file.
    pub fn read_file(&self, file: &StoredFile) -> Result<Vec<u8>, StoreError> {
        let mut bytes = Vec::new();
        for segment in &file.segments {
            match segment {
                StoredSegment::Inline(inline) => bytes.extend_from_slice(inline),
                StoredSegment::Object { digest, length } => {
                    bytes.extend(self.with_catalog(|catalog| {
                        self.blocks(catalog, digest.as_bytes(), all_blocks(*length))
                    })?);
                }
            }
        }
        Ok(bytes)
    }

    fn restore_file(
        &self,
        file: &StoredFile,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<(), StoreError> {
        let failed = |source| StoreError::Destination { path: path.to_owned(), source };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        let before = fs::metadata(path).ok().map(|metadata| metadata.len());
        // Never through a link that somebody put there.
        if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(failed(std::io::Error::other("something that is no file is in its place")));
        }
        let mut options = OpenOptions::new();
        let target =
            options.read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        target.set_len(file.size).map_err(failed)?;
        let segments = placed(&file.segments);
        let wanted = if before == Some(file.size) { differing(&target, &segments, path)? } else { segments };
        let done: u64 = wanted.iter().map(|(_, segment)| segment.length()).sum();
        progress.advance(file.size - done);
        for (offset, segment) in &wanted {
            if let StoredSegment::Inline(bytes) = segment {
                write_at(&target, bytes, *offset).map_err(failed)?;
                progress.advance(bytes.len() as u64);
            }
        }
        let tasks: Vec<Task<'_>> =
            wanted.iter().flat_map(|(offset, segment)| tasks(*offset, segment)).collect();
        // Memory that the system has to clear takes as long as what is decoded into it.
        let free = Mutex::new(Vec::new());
        tasks.par_iter().with_max_len(1).try_for_each(|task| {
            let mut buffers: Buffers = locked(&free).pop().unwrap_or_default();
            let (digest, blocks) = (task.digest.as_bytes(), task.blocks.clone());
            let bytes = self.with_catalog(|catalog| self.blocks_in(catalog, digest, blocks, &mut buffers))?;
            write_at(&target, bytes, task.offset).map_err(failed)?;
            progress.advance(bytes.len() as u64);
            locked(&free).push(buffers);
            Ok::<(), StoreError>(())
        })?;
        Ok(())
    }
}

fn locked<T>(list: &Mutex<Vec<T>>) -> MutexGuard<'_, Vec<T>> {
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The segments with their offsets.
fn placed(segments: &[StoredSegment]) -> Vec<(u64, &StoredSegment)> {
    let mut offset = 0;
    let placed = segments.iter().map(|segment| {
        let here = offset;
        offset += segment.length();
        (here, segment)
    });
    placed.collect()
}

/// Those whose bytes in `file` are not what they should be.
fn differing<'a>(
    file: &File,
    segments: &[(u64, &'a StoredSegment)],
    path: &Path,
) -> Result<Vec<(u64, &'a StoredSegment)>, StoreError> {
    let ranges: Vec<_> =
        segments.iter().map(|(offset, segment)| *offset..offset + segment.length()).collect();
    let opened = file.try_clone().and_then(reproof_digest::OpenFile::new);
    let opened = opened.map_err(|source| StoreError::Destination { path: path.to_owned(), source })?;
    let found = ranges::blobs(&opened, &ranges, &|_| ())
        .map_err(|error| StoreError::Destination { path: path.to_owned(), source: error.source })?;
    let wrong = segments.iter().zip(found).filter(|((_, segment), found)| match segment {
        StoredSegment::Object { digest, .. } => digest != found,
        StoredSegment::Inline(bytes) => reproof_digest::blob(bytes) != *found,
    });
    Ok(wrong.map(|(segment, _)| *segment).collect())
}

fn tasks(offset: u64, segment: &StoredSegment) -> impl Iterator<Item = Task<'_>> {
    let object = match segment {
        StoredSegment::Object { digest, length } => Some((digest, all_blocks(*length))),
        StoredSegment::Inline(_) => None,
    };
    object.into_iter().flat_map(move |(digest, blocks)| {
        let end = blocks.end;
        blocks.step_by(RUN as usize).map(move |first| Task {
            digest,
            blocks: first..end.min(first + RUN),
            offset: offset + u64::from(first) * BLOCK_LENGTH as u64,
        })
    })
}

/// Writes all of `bytes` at a place, from any thread.
#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// Writes all of `bytes` at a place, from any thread.
#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        let written = std::os::windows::fs::FileExt::seek_write(file, bytes, offset)?;
        bytes = &bytes[written..];
        offset += written as u64;
    }
    Ok(())
}

/// Where a file goes: plain names below the root, or the root itself.
fn destination(root: &Path, path: &str) -> Result<PathBuf, StoreError> {
    if path.is_empty() {
        return Ok(root.to_owned());
    }
    let plain = Path::new(path).components().all(|component| matches!(component, Component::Normal(_)));
    if !plain || path.contains(['\\', '\0']) || path.ends_with('/') || path.contains("//") {
        return Err(StoreError::Path { path: path.to_owned() });
    }
    Ok(root.join(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_below_the_root_are_written() {
        let root = Path::new("root");
        assert_eq!(destination(root, "").ok(), Some(root.to_owned()));
        assert_eq!(destination(root, "a/b.bin").ok(), Some(root.join("a/b.bin")));
        for path in ["/etc/passwd", "../up", "a/../../up", "a//b", "a/", "./a", "a\\b", "a\0b"] {
            assert!(destination(root, path).is_err(), "{path:?} was accepted");
        }
    }
}
