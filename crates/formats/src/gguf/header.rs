//! The header: metadata and the places of tensors.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use reproof_digest::ReadAt;

use super::cursor::Cursor;
use super::tensor::{self, Tensor};
use super::value::{self, Kind, Value};
use super::{GgufError, MAGIC};

/// The most entries of metadata, and the most tensors. The largest known models have some thousands.
const ENTRIES: u64 = 1_000_000;

/// The alignment of files that do not name one.
const ALIGNMENT: u64 = 32;

/// A checked header.
pub(super) struct Header {
    /// Whether numbers are stored with their highest byte first.
    pub(super) big_endian: bool,
    /// What the file says about itself, as text.
    pub(super) metadata: BTreeMap<String, String>,
    /// Which of how many files this is, where the model is split.
    pub(super) split: Option<(u64, u64)>,
    /// The tensors, in the order of the header.
    pub(super) tensors: Vec<Tensor>,
}

/// Reads and checks the header of a file that begins as one.
pub(super) fn read(source: &dyn ReadAt) -> Result<Header, GgufError> {
    let mut cursor = Cursor::new(source);
    cursor.skip("magic", MAGIC.len() as u64)?;
    match cursor.u32("version")? {
        1 => return Err(GgufError::FirstVersion),
        2 | 3 => {}
        // Version 3 brought files of the other byte order, whose version reads backwards.
        0x0300_0000 => cursor.big_endian = true,
        version => return Err(GgufError::Version { version }),
    }
    let tensors = count(&mut cursor, "tensors")?;
    let entries = count(&mut cursor, "metadata entries")?;
    // A key, a type and the smallest value; a name, a rank, a type and an offset.
    cursor.require("metadata", entries * (8 + 4 + 1))?;
    cursor.require("list of tensors", tensors * (8 + 4 + 4 + 8))?;
    let mut metadata = Metadata::default();
    for _ in 0..entries {
        metadata.entry(&mut cursor)?;
    }
    let mut infos = Vec::new();
    for _ in 0..tensors {
        infos.push(tensor::read(&mut cursor)?);
    }
    let start = cursor.position().next_multiple_of(metadata.alignment);
    let tensors = tensor::check(infos, start, metadata.alignment, source.size())?;
    let split = metadata.number.zip(metadata.shards);
    Ok(Header { big_endian: cursor.big_endian, metadata: metadata.texts, split, tensors })
}

fn count(cursor: &mut Cursor<'_>, what: &'static str) -> Result<u64, GgufError> {
    let actual = cursor.u64(what)?;
    if actual > ENTRIES {
        return Err(GgufError::TooMany { what, limit: ENTRIES, actual });
    }
    Ok(actual)
}

/// The entries read so far, and what this reader needs of them.
struct Metadata {
    texts: BTreeMap<String, String>,
    alignment: u64,
    /// `split.no`, from 0.
    number: Option<u64>,
    /// `split.count`.
    shards: Option<u64>,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { texts: BTreeMap::new(), alignment: ALIGNMENT, number: None, shards: None }
    }
}

impl Metadata {
    fn entry(&mut self, cursor: &mut Cursor<'_>) -> Result<(), GgufError> {
        let key = cursor.name("key")?;
        let vacant = match self.texts.entry(key) {
            Entry::Vacant(vacant) => vacant,
            Entry::Occupied(entry) => return Err(GgufError::DuplicateKey { key: entry.key().clone() }),
        };
        let value = value::read(cursor, vacant.key())?;
        match vacant.key().as_str() {
            "general.alignment" => self.alignment = alignment(&value)?,
            "split.no" => self.number = value.whole(),
            "split.count" => self.shards = value.whole(),
            _ => {}
        }
        vacant.insert(value.text);
        Ok(())
    }
}

fn alignment(value: &Value) -> Result<u64, GgufError> {
    let alignment = value.whole().filter(|alignment| value.kind == Kind::U32 && alignment.is_power_of_two());
    alignment.ok_or_else(|| GgufError::Alignment { actual: format!("{} {}", value.kind.name(), value.text) })
}
