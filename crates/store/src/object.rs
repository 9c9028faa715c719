//! The bytes of stored objects.

use std::ops::Range;

use reproof_codec::{BLOCK_LENGTH, Header, MAX_DEPTH, decode_into};
use reproof_digest::{Digest, Kind, ReadAt};

use crate::catalog::{Catalog, Stored};
use crate::pack::{block_count, pack_key};
use crate::{Store, StoreError};

/// A stored object that is read where it is asked for: whoever reads files can read it from the store.
#[derive(Debug)]
pub struct Object<'a> {
    store: &'a Store,
    digest: Digest,
    length: u64,
}

/// Memory that decoding takes again and again: for what is asked for, for its base, and for the base of that.
#[derive(Default)]
pub(crate) struct Buffers([Vec<u8>; MAX_DEPTH as usize + 1]);

impl Store {
    /// A stored object.
    pub fn object(&self, digest: &Digest) -> Result<Object<'_>, StoreError> {
        let length = self.with_catalog(|catalog| Ok(self.find(catalog, digest.as_bytes())?.length))?;
        Ok(Object { store: self, digest: *digest, length })
    }

    pub(crate) fn find<'c>(&self, catalog: &'c Catalog, digest: &[u8; 32]) -> Result<&'c Stored, StoreError> {
        catalog.find(digest).ok_or_else(|| StoreError::MissingObject {
            store: self.bucket.name().to_owned(),
            digest: Digest::new(Kind::Blob, *digest),
        })
    }

    /// The bytes of some blocks of an object, decoded.
    pub(crate) fn blocks(
        &self,
        catalog: &Catalog,
        digest: &[u8; 32],
        range: Range<u32>,
    ) -> Result<Vec<u8>, StoreError> {
        let mut buffers = Buffers::default();
        let length = self.blocks_in(catalog, digest, range, &mut buffers)?.len();
        let [mut bytes, ..] = buffers.0;
        bytes.truncate(length);
        Ok(bytes)
    }

    /// As [`Self::blocks`], in memory that is there.
    pub(crate) fn blocks_in<'b>(
        &self,
        catalog: &Catalog,
        digest: &[u8; 32],
        range: Range<u32>,
        buffers: &'b mut Buffers,
    ) -> Result<&'b [u8], StoreError> {
        let stored = self.find(catalog, digest)?;
        self.decode(catalog, digest, stored, range, &mut buffers.0)
    }

    /// The bytes of some blocks of one encoding of an object, with a buffer for them and for each of its bases.
    fn decode<'b>(
        &self,
        catalog: &Catalog,
        digest: &[u8; 32],
        stored: &Stored,
        range: Range<u32>,
        buffers: &'b mut [Vec<u8>],
    ) -> Result<&'b [u8], StoreError> {
        let Some((own, deeper)) = buffers.split_first_mut() else {
            return Err(self.damaged(digest, "its bases lie deeper than bases may"));
        };
        let failed = |block: u32, source| StoreError::Block {
            store: self.bucket.name().to_owned(),
            digest: Digest::new(Kind::Blob, *digest),
            block,
            source,
        };
        let encoded = self.encoded(catalog, stored, range.clone())?;
        let start = u64::from(range.start) * BLOCK_LENGTH as u64;
        let end = stored.length.min(u64::from(range.end) * BLOCK_LENGTH as u64);
        let length = end.saturating_sub(start) as usize;
        // What is there already is written over.
        own.resize(own.len().max(length), 0);
        let (mut base, mut deeper): (Option<(u64, &[u8])>, _) = (None, Some(deeper));
        let targets = own[..length].chunks_mut(BLOCK_LENGTH);
        for ((number, encoded), bytes) in range.clone().zip(&encoded).zip(targets) {
            let header = Header::parse(encoded).map_err(|source| failed(number, source))?;
            let base = match (header.base_element, header.base_length()) {
                (Some(element), Some(length)) => {
                    // Where the same numbers lie in the base, whose numbers may be wider or narrower.
                    let place = |byte: u64| byte / header.element.width() as u64 * element.width() as u64;
                    if let Some(deeper) = deeper.take() {
                        base = Some(self.base_bytes(
                            catalog,
                            digest,
                            stored,
                            place(start)..place(end),
                            deeper,
                        )?);
                    }
                    let (first, bytes) = base.expect("it was just read");
                    let from = (place(u64::from(number) * BLOCK_LENGTH as u64) - first) as usize;
                    Some(bytes.get(from..from + length).unwrap_or_default())
                }
                _ => None,
            };
            decode_into(encoded, base, bytes).map_err(|source| failed(number, source))?;
        }
        Ok(&own[..length])
    }

    fn damaged(&self, digest: &[u8; 32], problem: &str) -> StoreError {
        StoreError::Damaged {
            store: self.bucket.name().to_owned(),
            key: format!("object {}", Digest::new(Kind::Blob, *digest).short()),
            problem: problem.to_owned(),
        }
    }

    /// Bytes of the base of an encoding that cover `range`, and where they begin.
    fn base_bytes<'b>(
        &self,
        catalog: &Catalog,
        digest: &[u8; 32],
        stored: &Stored,
        range: Range<u64>,
        buffers: &'b mut [Vec<u8>],
    ) -> Result<(u64, &'b [u8]), StoreError> {
        let unnamed = || self.damaged(digest, "a block is a difference from an object that is not named");
        let base = stored.base.ok_or_else(unnamed)?;
        let below = self.find(catalog, &base)?;
        let first = (range.start / BLOCK_LENGTH as u64) as u32;
        let last = range.end.min(below.length).div_ceil(BLOCK_LENGTH as u64) as u32;
        let bytes = self.decode(catalog, &base, below, first..last.max(first), buffers)?;
        Ok((u64::from(first) * BLOCK_LENGTH as u64, bytes))
    }

    /// The encoded bytes of some blocks, checked; blocks that lie beside each other are read at once.
    pub(crate) fn encoded(
        &self,
        catalog: &Catalog,
        stored: &Stored,
        range: Range<u32>,
    ) -> Result<Vec<bytes::Bytes>, StoreError> {
        let mut all = Vec::with_capacity(range.len());
        for piece in &stored.pieces {
            let mut place = piece.offset;
            let numbered = (piece.first..).zip(&piece.blocks).map(|(number, block)| {
                let here = place;
                place += u64::from(block.length);
                (number, here, block)
            });
            let wanted: Vec<_> = numbered.filter(|(number, ..)| range.contains(number)).collect();
            let (Some((_, start, _)), Some((_, last, block))) = (wanted.first(), wanted.last()) else {
                continue;
            };
            let key = pack_key(catalog.pack(piece.pack));
            let bytes = self.bucket.range(&key, *start..last + u64::from(block.length))?;
            for (number, here, block) in &wanted {
                let from = (here - start) as usize;
                let damaged = || StoreError::Damaged {
                    store: self.bucket.name().to_owned(),
                    key: key.clone(),
                    problem: format!("block {number} at byte {here} is not what was written"),
                };
                let to = from + block.length as usize;
                let encoded = if to <= bytes.len() { bytes.slice(from..to) } else { return Err(damaged()) };
                if crc32fast::hash(&encoded) != block.check {
                    return Err(damaged());
                }
                all.push(encoded);
            }
        }
        Ok(all)
    }
}

impl ReadAt for Object<'_> {
    fn size(&self) -> u64 {
        self.length
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64).filter(|end| *end <= self.length);
        let end = end.ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let mut rest = buffer;
        let mut offset = offset;
        while offset < end {
            let block = (offset / BLOCK_LENGTH as u64) as u32;
            let read = self
                .store
                .with_catalog(|catalog| self.store.blocks(catalog, self.digest.as_bytes(), block..block + 1));
            let bytes = read.map_err(std::io::Error::other)?;
            let from = (offset - u64::from(block) * BLOCK_LENGTH as u64) as usize;
            let part = &bytes[from..bytes.len().min(from + rest.len())];
            let (head, tail) = rest.split_at_mut(part.len());
            head.copy_from_slice(part);
            rest = tail;
            offset += part.len() as u64;
        }
        Ok(())
    }
}

/// Blocks of an object of so many bytes, as a range.
pub(crate) fn all_blocks(length: u64) -> Range<u32> {
    0..block_count(length) as u32
}
