//! Packs: many encoded blocks in one file that is written once, named by its own digest.
//!
//! ```text
//! pack   := header | block bytes ... | index | trailer
//! header := "reproof pack" 0 0 0 | version u8                                    16 bytes
//! index  := end of blocks u64 | count u32 | entry ...                              entries by digest, then first block
//! entry  := digest 32 | length u64 | offset u64 | first u32 | blocks u32 | session u32 | element u8 | depth u8 | steps u8
//!           | based u8 | base 32, if based | (encoded length u32, CRC-32 u32) per block
//! trailer:= index length u64 | BLAKE3 of count and entries 32 | "endofpak"               48 bytes
//! ```
//!
//! Numbers are little-endian. A block's place is the entry's offset and the lengths before it. The name of a pack is
//! the BLAKE3 of the whole file, so that a copy of it anywhere can be checked alone. Index and trailer are stored once
//! more as a file of their own, after the pack: whoever wants to know what a store holds reads these and no pack, and
//! a pack without one was never finished.

mod entry;
mod read;
mod write;

pub(crate) use entry::{Block, Entry, block_count, parse_index};
pub(crate) use read::{parse_sidecar, sidecar_of};
pub(crate) use write::{Pack, PackWriter, publish};

/// The first bytes of a pack; the last of them is the version.
const HEADER: &[u8; 16] = b"reproof pack\0\0\0\0";

/// The last bytes of a pack.
const END: &[u8; 8] = b"endofpak";

/// Bytes of a trailer.
const TRAILER: usize = 48;

/// Bytes of a pack at which the next one begins. Few requests per gigabyte, and one pack fits into memory.
pub(crate) const PACK_TARGET: usize = 64 << 20;

/// Bytes of an index, at most: millions of entries.
pub(crate) const INDEX_LIMIT: u64 = 256 << 20;

/// The folder of packs.
pub(crate) const PACKS: &str = "packs";

/// The folder of their indexes.
pub(crate) const INDEXES: &str = "indexes";

/// The key of a pack; the first digits spread keys over partitions of a bucket.
pub(crate) fn pack_key(hex: &str) -> String {
    format!("{PACKS}/{}/{hex}.pack", &hex[..2])
}

/// The key of a pack's index.
pub(crate) fn index_key(hex: &str) -> String {
    format!("{INDEXES}/{}/{hex}.index", &hex[..2])
}

/// The pack that a key of either folder belongs to.
pub(crate) fn pack_of_key(key: &str) -> Option<&str> {
    let name = key.rsplit('/').next()?;
    let hex = name.strip_suffix(".pack").or_else(|| name.strip_suffix(".index"))?;
    (hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))).then_some(hex)
}
