//! Files of `torch.save` before its zip archives: five pickles, then the storages in the order of the fifth.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;
use reproof_tensor::DType;

use super::{TorchError, boxed, trainer};
use crate::checkpoint::from_pickle::{Base, Converter, Reference, StorageBytes, Storages};
use crate::checkpoint::{CheckpointError, assemble, divide};
use crate::pickle::{self, Pickle, Value};
use crate::{Description, FileDescription, Format, OpenOptions, Sources, tensors};

/// The number that the first pickle holds: 0x1950a86a20f9469cfc6c, little-endian.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The only version of this layout.
const PROTOCOL: i64 = 1001;

/// Whether a file of these first bytes is meant as one: a pickle, of any protocol, of the magic number alone.
pub(crate) fn begins(head: &[u8]) -> bool {
    // Protocol 4 puts a frame of nine bytes before the number.
    let starts = [4, 13].into_iter().any(|at| {
        head.get(at..).is_some_and(|rest| rest.starts_with(&MAGIC)) && head[at - 2..at] == [0x8a, 10]
    });
    head.first() == Some(&0x80) && starts
}

/// Runs the pickle at `start` and tells where the next one begins.
fn run(source: &dyn ReadAt, start: u64, what: &'static str) -> Result<Pickle, TorchError> {
    let run = pickle::run(source, start..source.size());
    run.whole().map_err(|source| TorchError::Pickle { what, source })
}

/// The storages behind the pickles.
struct Table {
    ranges: HashMap<String, Range<u64>>,
    swap: bool,
}

impl Storages for Table {
    fn find(&self, key: &str, length: u64) -> Result<Option<StorageBytes>, CheckpointError> {
        let Some(range) = self.ranges.get(key) else { return Ok(None) };
        let actual = range.end - range.start;
        if actual < length {
            return Err(CheckpointError::StorageLength { key: key.to_owned(), expected: length, actual });
        }
        let base = Base::File { file: 0, shift: 0 };
        Ok(Some(StorageBytes { base, range: range.clone(), swap: self.swap }))
    }
}

/// The pickles of a file that matter.
struct Pickles {
    /// The values.
    object: Pickle,
    /// The keys of the storages, in the order in which they follow.
    keys: Pickle,
    /// Whether numbers are big-endian.
    swap: bool,
}

impl Pickles {
    fn read(source: &dyn ReadAt) -> Result<Self, TorchError> {
        let magic = run(source, 0, "the first pickle, which holds the magic number, is not sound")?;
        let protocol =
            run(source, magic.range().end, "the second pickle, which holds the version, is not sound")?;
        let version = protocol.root().and_then(|root| protocol.int(root));
        if version != Some(PROTOCOL) {
            return Err(TorchError::Bookkeeping { offset: protocol.range().start, what: "version 1001" });
        }
        let system =
            run(source, protocol.range().end, "the third pickle, which describes the system, is not sound")?;
        let little = system.root().and_then(|root| system.entry(root, "little_endian"));
        let swap = little.and_then(|id| system.boolean(id)) == Some(false);
        let object =
            run(source, system.range().end, "the fourth pickle, which holds the values, is not sound")?;
        let keys =
            run(source, object.range().end, "the fifth pickle, which lists the storages, is not sound")?;
        Ok(Self { object, keys, swap })
    }
}

/// Describes a file.
pub(crate) fn describe(
    source: &dyn ReadAt,
    path: &Path,
    options: &OpenOptions,
) -> Result<Description, TorchError> {
    let Pickles { object, keys, swap } = Pickles::read(source)?;
    let table = Table { ranges: storages(source, &object, &keys)?, swap };
    let mut converter = Converter::new(&object, source, Base::File { file: 0, shift: 0 }, &table);
    let values = converter.root()?;
    let findings = std::mem::take(&mut converter.findings);
    let trainer = trainer(&values);
    let parts = divide(values, options.model.as_deref())?;
    let (tensors, state) = assemble(parts, trainer, &Sources::new(vec![boxed(source)]));
    let layout = tensors::layout(0, source.size(), &tensors);
    let order = if swap { "big" } else { "little" };
    Ok(Description {
        format: Format::TorchLegacy,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata: BTreeMap::from([("torch.byteorder".to_owned(), order.to_owned())]),
        state,
        findings,
    })
}

/// The one storage that a whole file of this layout holds: what PyTorch writes when a storage is pickled by itself. Its
/// element type, and its bytes in `source`.
pub(crate) fn only_storage(source: &dyn ReadAt) -> Result<(Reference, Range<u64>, bool), TorchError> {
    let file = Pickles::read(source)?;
    let object = &file.object;
    let reference = object.root().and_then(|root| match object.get(root) {
        Value::Persistent(name) => Reference::of(object, *name),
        // Typed storages are an object around the reference.
        _ => object.iter().find_map(|(_, value)| match value {
            Value::Persistent(name) => Reference::of(object, *name),
            _ => None,
        }),
    });
    let wrong = || TorchError::Bookkeeping { offset: object.range().start, what: "the storage" };
    let reference = reference.ok_or_else(wrong)?;
    let ranges = storages(source, object, &file.keys)?;
    let range = ranges.get(&reference.key).cloned().ok_or_else(wrong)?;
    if range.end - range.start < reference.length {
        return Err(wrong());
    }
    Ok((reference, range, file.swap))
}

/// Where each listed storage lies: a number of elements, then that many.
fn storages(
    source: &dyn ReadAt,
    object: &Pickle,
    keys: &Pickle,
) -> Result<HashMap<String, Range<u64>>, TorchError> {
    // How many bytes an element of each storage has is told only where it is used.
    let mut sizes: HashMap<String, u64> = HashMap::new();
    for (_, value) in object.iter() {
        if let Value::Persistent(name) = value
            && let Some(reference) = Reference::of(object, *name)
        {
            sizes.insert(reference.key, reference.dtype.map_or(8, DType::bits));
        }
    }
    let wrong = |what| TorchError::Bookkeeping { offset: keys.range().start, what };
    let list =
        keys.root().and_then(|root| keys.sequence(root)).ok_or_else(|| wrong("the list of storages"))?;
    let mut ranges = HashMap::new();
    let mut offset = keys.range().end;
    for id in list {
        let key = match keys.get(*id) {
            Value::Int(key) => key.to_string(),
            _ => keys.text(*id).ok_or_else(|| wrong("the key of a storage"))?.to_owned(),
        };
        let bits = *sizes.get(&key).ok_or_else(|| wrong("a storage that no tensor uses"))?;
        let left = source.size() - offset;
        let truncated = |needed| TorchError::Truncated { offset, key: key.clone(), needed, left };
        if left < 8 {
            return Err(truncated(8));
        }
        let mut count = [0; 8];
        let read = source.read_exact_at(&mut count, offset);
        read.map_err(|source| TorchError::Io { action: "read the length of a storage", source })?;
        let count = u64::try_from(i64::from_le_bytes(count)).map_err(|_| wrong("the length of a storage"))?;
        let needed = count.saturating_mul(bits).div_ceil(8);
        if needed > left - 8 {
            return Err(truncated(needed.saturating_add(8)));
        }
        let range = offset + 8..offset + 8 + needed;
        offset = range.end;
        if ranges.insert(key, range).is_some() {
            return Err(wrong("a storage that is listed twice"));
        }
    }
    Ok(ranges)
}
