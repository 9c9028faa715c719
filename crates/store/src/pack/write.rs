//! Building a pack in memory.

use super::{Block, END, Entry, HEADER, index_key, pack_key};
use crate::{Bucket, StoreError};

/// A pack while it is filled.
#[derive(Debug, Default)]
pub(crate) struct PackWriter {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
}

/// A finished pack.
#[derive(Debug)]
pub(crate) struct Pack {
    /// The hexadecimal digits of its digest: its name.
    pub(crate) name: String,
    /// The file.
    pub(crate) bytes: Vec<u8>,
    /// Where in it the part begins that is stored once more as the index file.
    pub(crate) sidecar: usize,
    /// What it holds.
    pub(crate) entries: Vec<Entry>,
}

impl PackWriter {
    /// Bytes so far.
    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Begins an object, or goes on with it in this pack: `entry` without blocks and offset.
    pub(crate) fn begin(&mut self, entry: &Entry) {
        if self.bytes.is_empty() {
            self.bytes.extend_from_slice(HEADER);
        }
        self.entries.push(Entry { offset: self.bytes.len() as u64, blocks: Vec::new(), ..entry.clone() });
    }

    /// Adds the next block of the object that was begun last.
    ///
    /// # Panics
    /// If none was begun.
    pub(crate) fn block(&mut self, encoded: &[u8]) {
        let entry = self.entries.last_mut().expect("an object was begun");
        entry.blocks.push(Block { length: encoded.len() as u32, check: crc32fast::hash(encoded) });
        self.bytes.extend_from_slice(encoded);
    }

    /// Says that no block of the object that was begun last is a difference, where all of them are in this pack: what needs no
    /// base keeps none, and can be one itself.
    pub(crate) fn leave_base_out(&mut self) {
        if let Some(entry) = self.entries.last_mut().filter(|entry| entry.first == 0) {
            (entry.base, entry.depth, entry.steps) = (None, 0, 0);
        }
    }

    /// Closes the pack.
    pub(crate) fn finish(self) -> Pack {
        let Self { mut bytes, mut entries } = self;
        entries.sort_by_key(|entry| (entry.digest, entry.first));
        let sidecar = bytes.len();
        let mut index = (entries.len() as u32).to_le_bytes().to_vec();
        for entry in &entries {
            entry.write(&mut index);
        }
        bytes.extend_from_slice(&(sidecar as u64).to_le_bytes());
        bytes.extend_from_slice(&index);
        bytes.extend_from_slice(&(index.len() as u64 + 8).to_le_bytes());
        bytes.extend_from_slice(blake3::hash(&index).as_bytes());
        bytes.extend_from_slice(END);
        let name = blake3::hash(&bytes).to_hex().to_string();
        Pack { name, bytes, sidecar, entries }
    }
}

/// Writes a pack and then its index; its name and what it holds. A pack without an index was never finished.
pub(crate) fn publish(bucket: &Bucket, pack: Pack) -> Result<(String, Vec<Entry>), StoreError> {
    let bytes = bytes::Bytes::from(pack.bytes);
    let sidecar = bytes.slice(pack.sidecar..);
    bucket.create(&pack_key(&pack.name), bytes)?;
    bucket.create(&index_key(&pack.name), sidecar)?;
    Ok((pack.name, pack.entries))
}
