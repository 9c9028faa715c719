//! What a pack's index says about an object, and its bytes.

use reproof_codec::{BLOCK_LENGTH, BLOCK_LIMIT, Element, HEADER_LENGTH, MAX_DEPTH};

/// Bytes of an entry without its base and blocks.
const FIXED: usize = 32 + 8 + 8 + 4 + 4 + 4 + 4;

/// An encoded block in its pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Encoded bytes.
    pub(crate) length: u32,
    /// CRC-32 (ISO-HDLC) of them: names the block that is damaged, where the digest names the object.
    pub(crate) check: u32,
}

/// Some or all blocks of one object in one pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// BLAKE3 of the whole object's bytes.
    pub(crate) digest: [u8; 32],
    /// The whole object's bytes.
    pub(crate) length: u64,
    /// Where the first of these blocks lies in the pack.
    pub(crate) offset: u64,
    /// The number of that block in the object.
    pub(crate) first: u32,
    /// What the bytes are.
    pub(crate) element: Element,
    /// The object that blocks may be differences from.
    pub(crate) base: Option<[u8; 32]>,
    /// How many bases lie below: 0 where there is none.
    pub(crate) depth: u8,
    /// How many checkpoints ago the whole object was written without a base.
    pub(crate) steps: u8,
    /// Which push wrote it: pieces of an object in several packs belong together only if one push wrote them all.
    pub(crate) session: u32,
    /// The blocks.
    pub(crate) blocks: Vec<Block>,
}

/// Blocks of an object of `length` bytes.
pub(crate) fn block_count(length: u64) -> u64 {
    length.div_ceil(BLOCK_LENGTH as u64)
}

impl Entry {
    /// Appends the entry's bytes.
    pub(crate) fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.digest);
        bytes.extend_from_slice(&self.length.to_le_bytes());
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&self.first.to_le_bytes());
        bytes.extend_from_slice(&(self.blocks.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&self.session.to_le_bytes());
        bytes.extend([self.element.code(), self.depth, self.steps, u8::from(self.base.is_some())]);
        bytes.extend(self.base.iter().flatten());
        for block in &self.blocks {
            bytes.extend_from_slice(&block.length.to_le_bytes());
            bytes.extend_from_slice(&block.check.to_le_bytes());
        }
    }
}

/// Takes an index apart; `end` is where the pack's blocks end. The error says what contradicts what.
pub(crate) fn parse_index(index: &[u8], end: u64) -> Result<Vec<Entry>, String> {
    let mut rest = index;
    let count = u32::from_le_bytes(take(&mut rest)?) as usize;
    if count > rest.len() / FIXED {
        return Err(format!("it counts {count} entries, more than its {} bytes can hold", rest.len()));
    }
    let mut entries: Vec<Entry> = Vec::with_capacity(count);
    for number in 0..count {
        let entry = parse_entry(&mut rest, end).map_err(|problem| format!("entry {number}: {problem}"))?;
        let order = |entry: &Entry| (entry.digest, entry.first);
        if entries.last().is_some_and(|last| order(last) >= order(&entry)) {
            return Err(format!("entry {number}: it does not follow the one before it"));
        }
        entries.push(entry);
    }
    if rest.is_empty() { Ok(entries) } else { Err(format!("{} bytes follow its last entry", rest.len())) }
}

fn parse_entry(rest: &mut &[u8], end: u64) -> Result<Entry, String> {
    let digest: [u8; 32] = take(rest)?;
    let length = u64::from_le_bytes(take(rest)?);
    let offset = u64::from_le_bytes(take(rest)?);
    let first = u32::from_le_bytes(take(rest)?);
    let count = u32::from_le_bytes(take(rest)?);
    let session = u32::from_le_bytes(take(rest)?);
    let [element, depth, steps, based] = take(rest)?;
    let element =
        Element::from_code(element).ok_or(format!("element {element} is not known to this version"))?;
    let base = match based {
        0 => None,
        1 => Some(take(rest)?),
        other => return Err(format!("flag {other}, expected 0 or 1")),
    };
    if depth > MAX_DEPTH || (depth == 0) != base.is_none() {
        return Err(format!("depth {depth} with {} base", if base.is_some() { "a" } else { "no" }));
    }
    if u64::from(first) + u64::from(count) > block_count(length) {
        return Err(format!(
            "blocks {first} to {} of an object of {length} bytes",
            u64::from(first) + u64::from(count)
        ));
    }
    if count as usize > rest.len() / 8 {
        return Err(format!("{count} blocks, more than the index can hold"));
    }
    let mut blocks = Vec::with_capacity(count as usize);
    let mut place = offset;
    for _ in 0..count {
        let block = Block { length: u32::from_le_bytes(take(rest)?), check: u32::from_le_bytes(take(rest)?) };
        if block.length as usize > BLOCK_LIMIT + HEADER_LENGTH {
            return Err(format!("a block of {} encoded bytes", block.length));
        }
        place =
            place.checked_add(u64::from(block.length)).ok_or("its blocks lie behind the end of numbers")?;
        blocks.push(block);
    }
    if place > end {
        return Err(format!("its blocks end at {place}, behind the pack's {end} bytes of blocks"));
    }
    Ok(Entry { digest, length, offset, first, element, base, depth, steps, session, blocks })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], String> {
    let (head, tail) = rest.split_first_chunk::<N>().ok_or("the index ends in the middle of it")?;
    *rest = tail;
    Ok(*head)
}
