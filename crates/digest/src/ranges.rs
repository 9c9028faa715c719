//! Parallel hashing of byte ranges with bounded memory.
//!
//! Measured on 2 cores (2 GiB in the page cache): parallel `pread` into 256 KiB buffers is faster than a
//! memory map, and one task per small range is far faster than a parallel hasher inside each. So a range is
//! one task until it is large, and a large one is split into subtrees of the BLAKE3 tree.

use std::io;
use std::ops::Range;

use blake3::hazmat::{self, HasherExt as _};
use rayon::prelude::*;

use crate::{Digest, Kind, ReadAt};

/// Bytes read at a time by each thread.
const BUFFER: usize = 256 << 10;

/// Ranges above this many bytes are split over threads.
const SPLIT: u64 = 16 << 20;

/// Bytes per subtree of a split range: a power of two, as the BLAKE3 tree needs.
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
    ranges
        .par_iter()
        .with_max_len(1)
        .map(|range| {
            let hash = if range.end.saturating_sub(range.start) > SPLIT {
                split(source, range, advance)?
            } else {
                let mut hasher = blake3::Hasher::new();
                feed(source, range, &mut hasher, advance)?;
                hasher.finalize()
            };
            Ok(Digest::new(Kind::Blob, *hash.as_bytes()))
        })
        .collect()
}

/// Feeds a range to a hasher through a small buffer.
fn feed(
    source: &dyn ReadAt,
    range: &Range<u64>,
    hasher: &mut blake3::Hasher,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<(), RangeError> {
    let mut buffer = vec![0; BUFFER.min((range.end - range.start) as usize)];
    let mut offset = range.start;
    while offset < range.end {
        let length = BUFFER.min((range.end - offset) as usize);
        let chunk = &mut buffer[..length];
        source
            .read_exact_at(chunk, offset)
            .map_err(|source| RangeError { range: offset..offset + length as u64, source })?;
        hasher.update(chunk);
        advance(length as u64);
        offset += length as u64;
    }
    Ok(())
}

/// Hashes one large range as subtrees in parallel and merges their chaining values.
fn split(
    source: &dyn ReadAt,
    range: &Range<u64>,
    advance: &(dyn Fn(u64) + Sync),
) -> Result<blake3::Hash, RangeError> {
    let length = range.end - range.start;
    let subtrees: Vec<hazmat::ChainingValue> = (0..length.div_ceil(SUBTREE) as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(|index| {
            let start = index as u64 * SUBTREE;
            let end = length.min(start + SUBTREE);
            let mut hasher = blake3::Hasher::new();
            hasher.set_input_offset(start);
            feed(source, &(range.start + start..range.start + end), &mut hasher, advance)?;
            Ok(hasher.finalize_non_root())
        })
        .collect::<Result<_, _>>()?;
    let middle = left(subtrees.len());
    let (first, second) = (merge(&subtrees[..middle]), merge(&subtrees[middle..]));
    Ok(hazmat::merge_subtrees_root(&first, &second, hazmat::Mode::Hash))
}

/// The number of subtrees left of the root: the largest power of two below `count`, as BLAKE3 defines.
fn left(count: usize) -> usize {
    count.next_power_of_two() / 2
}

fn merge(subtrees: &[hazmat::ChainingValue]) -> hazmat::ChainingValue {
    if let [only] = subtrees {
        return *only;
    }
    let middle = left(subtrees.len());
    let (first, second) = (merge(&subtrees[..middle]), merge(&subtrees[middle..]));
    hazmat::merge_subtrees_non_root(&first, &second, hazmat::Mode::Hash)
}
