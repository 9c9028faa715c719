//! Parallel hashing of byte ranges with bounded memory.
//!
//! Measured on 2 cores (2 GiB in the page cache): parallel `pread` into 256 KiB buffers is faster than a
//! memory map, and one task per small range is far faster than a parallel hasher inside each. So a large range
//! is split into subtrees of the BLAKE3 tree, one task each, and small ranges that follow each other share a task
//! of about the same size, a buffer and their reads: many small tensors cost no more per byte than few large ones.

use std::io;
use std::ops::Range;

use blake3::hazmat::HasherExt as _;
use rayon::prelude::*;

use crate::{Digest, Kind, ReadAt, blob, tree};

/// Bytes read at a time by each thread.
const BUFFER: u64 = 256 << 10;

/// Ranges above this many bytes are split over threads.
const SPLIT: u64 = 16 << 20;

/// Bytes per subtree of a split range: a power of two, as the BLAKE3 tree needs. Also the most that small ranges
/// bring together in one task.
const SUBTREE: u64 = 4 << 20;

/// Why ranges could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("could not read {} bytes at byte {}", range.end - range.start, range.start)]
pub struct RangeError {
    /// What was being read.
    pub range: Range<u64>,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// The BLAKE3 of each range of `source`, in the order given; `advance` is told of every number of bytes done.
pub fn blobs(
    source: &dyn ReadAt,
    ranges: &[Range<u64>],
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Digest>, RangeError> {
    let tasks: Vec<&[Range<u64>]> = groups(ranges, SUBTREE).collect();
    let digests: Vec<Vec<Digest>> = tasks
        .into_par_iter()
        .with_max_len(1)
        .map(|task| match task {
            [large] if length(large) > SPLIT => Ok(vec![split(source, large, advance)?]),
            small => neighbours(source, small, advance),
        })
        .collect::<Result<_, _>>()?;
    Ok(digests.concat())
}

fn digest(hash: blake3::Hash) -> Digest {
    Digest::new(Kind::Blob, *hash.as_bytes())
}

fn length(range: &Range<u64>) -> u64 {
    range.end.saturating_sub(range.start)
}

/// Cuts `ranges` into groups that lie side by side and have at most `limit` bytes together, or are one range.
fn groups(ranges: &[Range<u64>], limit: u64) -> impl Iterator<Item = &[Range<u64>]> {
    let mut together = 0;
    ranges.chunk_by(move |left, right| {
        together += length(left);
        let joined = left.end == right.start && together.saturating_add(length(right)) <= limit;
        if !joined {
            together = 0;
        }
        joined
    })
}

/// Hashes ranges that lie side by side, as many at a time as the buffer holds.
fn neighbours(
    source: &dyn ReadAt,
    ranges: &[Range<u64>],
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Vec<Digest>, RangeError> {
    let total: u64 = ranges.iter().map(length).sum();
    let mut buffer = vec![0; BUFFER.min(total) as usize];
    let mut digests = Vec::with_capacity(ranges.len());
    for group in groups(ranges, BUFFER) {
        match group {
            [large] if length(large) > BUFFER => {
                let mut hasher = blake3::Hasher::new();
                feed(source, large, &mut buffer, &mut hasher, advance)?;
                digests.push(digest(hasher.finalize()));
            }
            small => {
                let total: u64 = small.iter().map(length).sum();
                let mut rest = read(source, small[0].start, &mut buffer[..total as usize])?;
                advance(rest.len() as u64);
                for range in small {
                    let (bytes, others) = rest.split_at(length(range) as usize);
                    digests.push(blob(bytes));
                    rest = others;
                }
            }
        }
    }
    Ok(digests)
}

/// Fills `buffer` from `offset`.
fn read<'a>(source: &dyn ReadAt, offset: u64, buffer: &'a mut [u8]) -> Result<&'a [u8], RangeError> {
    let range = offset..offset + buffer.len() as u64;
    source.read_exact_at(buffer, offset).map_err(|source| RangeError { range, source })?;
    Ok(buffer)
}

/// Feeds a range to a hasher through the buffer.
fn feed(
    source: &dyn ReadAt,
    range: &Range<u64>,
    buffer: &mut [u8],
    hasher: &mut blake3::Hasher,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<(), RangeError> {
    let mut offset = range.start;
    while offset < range.end {
        let length = (buffer.len() as u64).min(range.end - offset);
        hasher.update(read(source, offset, &mut buffer[..length as usize])?);
        advance(length);
        offset += length;
    }
    Ok(())
}

/// Hashes one large range as subtrees in parallel and merges their chaining values.
fn split(
    source: &dyn ReadAt,
    range: &Range<u64>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<Digest, RangeError> {
    let length = length(range);
    let subtrees: Vec<tree::ChainingValue> = (0..length.div_ceil(SUBTREE) as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(|index| {
            let start = index as u64 * SUBTREE;
            let end = length.min(start + SUBTREE);
            let mut hasher = blake3::Hasher::new();
            hasher.set_input_offset(start);
            let mut buffer = vec![0; BUFFER.min(end - start) as usize];
            feed(source, &(range.start + start..range.start + end), &mut buffer, &mut hasher, advance)?;
            Ok(hasher.finalize_non_root())
        })
        .collect::<Result<_, _>>()?;
    Ok(tree::join(&subtrees))
}
