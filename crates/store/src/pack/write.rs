//! Building a pack in memory.

use bytes::Bytes;
use object_store::PutPayload;

use super::{Block, END, Entry, HEADER, index_key, pack_key, parse_sidecar};
use crate::{Bucket, StoreError};

/// Bytes of the pieces that a pack grows by. One vector would be copied to a larger one again and again, and take twice the
/// memory while it is.
const PIECE: usize = 4 << 20;

/// A pack while it is filled.
#[derive(Debug, Default)]
pub(crate) struct PackWriter {
    /// The file so far. None is empty.
    pieces: Vec<Vec<u8>>,
    length: usize,
    entries: Vec<Entry>,
}

/// A finished pack.
#[derive(Debug)]
pub(crate) struct Pack {
    /// The hexadecimal digits of its digest: its name.
    pub(crate) name: String,
    /// The file up to the index.
    blocks: Vec<Bytes>,
    /// Index and trailer, which are stored once more as the index file.
    index: Bytes,
    /// What it holds.
    entries: Vec<Entry>,
}

impl PackWriter {
    /// Bytes so far.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Whether nothing was added.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Begins an object, or goes on with it in this pack: `entry` without blocks and offset.
    pub(crate) fn begin(&mut self, entry: &Entry) {
        if self.length == 0 {
            self.append(HEADER);
        }
        self.entries.push(Entry { offset: self.length as u64, blocks: Vec::new(), ..entry.clone() });
    }

    /// Adds the next block of the object that was begun last.
    ///
    /// # Panics
    /// If none was begun.
    pub(crate) fn block(&mut self, encoded: &[u8]) {
        let entry = self.entries.last_mut().expect("an object was begun");
        entry.blocks.push(Block { length: encoded.len() as u32, check: crc32fast::hash(encoded) });
        self.append(encoded);
    }

    fn append(&mut self, bytes: &[u8]) {
        self.length += bytes.len();
        let room = self.pieces.last().map_or(0, |piece| piece.capacity() - piece.len());
        if room < bytes.len() {
            self.pieces.push(Vec::with_capacity(bytes.len().max(PIECE)));
        }
        let piece = self.pieces.last_mut().expect("there is one with room");
        piece.extend_from_slice(bytes);
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
        let Self { pieces, length, mut entries } = self;
        entries.sort_by_key(|entry| (entry.digest, entry.first));
        let mut index = (length as u64).to_le_bytes().to_vec();
        index.extend((entries.len() as u32).to_le_bytes());
        for entry in &entries {
            entry.write(&mut index);
        }
        let digest = blake3::hash(index.get(size_of::<u64>()..).unwrap_or_default());
        index.extend((index.len() as u64).to_le_bytes());
        index.extend_from_slice(digest.as_bytes());
        index.extend_from_slice(END);
        let mut hasher = blake3::Hasher::new();
        for piece in &pieces {
            hasher.update(piece);
        }
        let name = hasher.update(&index).finalize().to_hex().to_string();
        let blocks = pieces.into_iter().map(Bytes::from).collect();
        Pack { name, blocks, index: Bytes::from(index), entries }
    }
}

impl Pack {
    /// Bytes of both files.
    pub(crate) fn size(&self) -> u64 {
        let blocks: usize = self.blocks.iter().map(Bytes::len).sum();
        (blocks + 2 * self.index.len()) as u64
    }
}

/// Writes a pack and then its index; its name and what it holds. A pack without an index was never finished.
pub(crate) fn publish(bucket: &Bucket, pack: Pack) -> Result<(String, Vec<Entry>), StoreError> {
    // Nobody could read what cannot be found again.
    parse_sidecar(&pack.index).map_err(|problem| StoreError::Damaged {
        store: bucket.name().to_owned(),
        key: index_key(&pack.name),
        problem,
    })?;
    let payload: PutPayload = pack.blocks.into_iter().chain([pack.index.clone()]).collect();
    bucket.create(&pack_key(&pack.name), payload)?;
    bucket.create(&index_key(&pack.name), pack.index)?;
    Ok((pack.name, pack.entries))
}
