//! One block of an object: read, encoded, decoded again.

use reproof_codec::{BLOCK_LENGTH, Base, Header, decode_into, encode};
use reproof_digest::blob;
use reproof_digest::tree;

use super::base::{Chosen, From};
use super::plan::Job;
use super::{Source, SourceFile};
use crate::catalog::Catalog;
use crate::{Store, StoreError};

/// An encoded block.
pub(super) struct Encoded {
    pub(super) bytes: Vec<u8>,
    /// The value of its raw bytes in the tree of the object's digest; of an object of one block, the digest itself.
    pub(super) value: tree::ChainingValue,
    /// Raw bytes.
    pub(super) length: usize,
    /// Whether it is a difference from a base.
    pub(super) based: bool,
}

/// The file of a number: the artifact's first, the contract's after them.
pub(super) fn file<'s, 'a>(source: &'s Source<'a>, number: usize) -> &'s SourceFile<'a> {
    source.files.get(number).unwrap_or_else(|| &source.contract[number - source.files.len()])
}

fn read(source: &Source<'_>, number: usize, offset: u64, length: u64) -> Result<Vec<u8>, StoreError> {
    let file = file(source, number);
    let failed = |error| StoreError::Source { file: file.path.clone(), source: error };
    file.bytes.read_range(offset, length as usize).map_err(failed)
}

/// The raw bytes of a block.
pub(super) fn raw(source: &Source<'_>, job: &Job, block: u32) -> Result<Vec<u8>, StoreError> {
    let start = u64::from(block) * BLOCK_LENGTH as u64;
    let length = (job.length - start).min(BLOCK_LENGTH as u64);
    read(source, job.place.0, job.place.1 + start, length)
}

/// The bytes of the base of a block: one number for each number of the block.
pub(super) fn base_bytes(
    store: &Store,
    catalog: &Catalog,
    source: &Source<'_>,
    job: &Job,
    base: &Chosen,
    block: u32,
) -> Result<Vec<u8>, StoreError> {
    let (width, base_width) = (job.element.width() as u64, base.element.width() as u64);
    let start = u64::from(block) * BLOCK_LENGTH as u64;
    let length = (job.length - start).min(BLOCK_LENGTH as u64);
    let scaled = |bytes: u64| if width == base_width { bytes } else { bytes / width * base_width };
    let (start, end) = (scaled(start), scaled(start) + scaled(length));
    match base.from {
        From::Source(file, offset) => read(source, file, offset + start, end - start),
        From::Store => {
            let (first, last) = (start / BLOCK_LENGTH as u64, end.div_ceil(BLOCK_LENGTH as u64));
            let mut bytes = store.blocks(catalog, base.digest.as_bytes(), first as u32..last as u32)?;
            let from = (start - first * BLOCK_LENGTH as u64) as usize;
            bytes.truncate(from + (end - start) as usize);
            bytes.drain(..from);
            Ok(bytes)
        }
    }
}

/// Reads and encodes a block, and decodes it again unless that is left out.
pub(super) fn block(
    store: &Store,
    source: &Source<'_>,
    job: &Job,
    number: u32,
    trusting: bool,
) -> Result<Encoded, StoreError> {
    let raw = raw(source, job, number)?;
    let base_bytes = job
        .base
        .as_ref()
        .map(|base| store.with_catalog(|catalog| base_bytes(store, catalog, source, job, base, number)));
    let base_bytes = base_bytes.transpose()?;
    let base = job.base.zip(base_bytes.as_deref());
    let base = base.map(|(base, bytes)| Base { element: base.element, bytes, depth: base.depth });
    let failed = |source| StoreError::Encode { digest: job.digest, source };
    let bytes = encode(job.element, &raw, base).map_err(failed)?;
    if !trusting {
        let mut decoded = vec![0; raw.len()];
        let result = decode_into(&bytes, base_bytes.as_deref(), &mut decoded);
        if result.is_err() || decoded != raw {
            return Err(StoreError::Damaged {
                store: store.bucket.name().to_owned(),
                key: format!("object {}", job.digest.short()),
                problem: format!(
                    "block {number} did not decode to what was encoded; nothing was stored: the memory \
                                  of this machine may be at fault"
                ),
            });
        }
    }
    let value = if job.length <= BLOCK_LENGTH as u64 {
        *blob(&raw).as_bytes()
    } else {
        tree::subtree(&raw, u64::from(number) * BLOCK_LENGTH as u64)
    };
    let based = Header::parse(&bytes).is_ok_and(|header| header.base_element.is_some());
    Ok(Encoded { bytes, value, length: raw.len(), based })
}
