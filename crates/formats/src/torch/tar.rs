//! The first files of `torch.save`: tar archives of storages, tensors and a pickle that refers to them.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::path::Path;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;
use reproof_tensor::DType;

use super::{TorchError, boxed, trainer};
use crate::checkpoint::from_pickle::{
    Base, Converter, StorageBytes, Storages, StoredTensor, Wanted, class_dtype,
};
use crate::checkpoint::{CheckpointError, assemble, divide};
use crate::pickle::{self, Id, Pickle, Value};
use crate::{Description, FileDescription, Format, OpenOptions, Sources, tar, tensors};

/// Entries of a table at most.
const ENTRIES: u64 = 1_000_000;

/// Dims of a tensor at most, as PyTorch has it.
const RANK: u32 = 64;

/// Describes a tar archive.
pub(crate) fn describe(
    source: &dyn ReadAt,
    path: &Path,
    options: &OpenOptions,
) -> Result<Description, TorchError> {
    let members = tar::members(source)?;
    let member = |name: &str| {
        let found = members.iter().find(|member| member.name.trim_start_matches("./") == name);
        let found = found.ok_or_else(|| TorchError::NoMember { member: name.to_owned() })?;
        Ok::<_, TorchError>(found.data.clone())
    };
    let storages = storages(source, member("storages")?)?;
    let table = Table { tensors: tensors_of(source, member("tensors")?, &storages)? };
    let run = pickle::run(source, member("pickle")?);
    let what = "the pickle of the archive is not sound";
    let pickle = run.whole().map_err(|source| TorchError::Pickle { what, source })?;
    let mut converter = Converter::new(&pickle, source, Base::File { file: 0, shift: 0 }, &table);
    let values = converter.root()?;
    let findings = std::mem::take(&mut converter.findings);
    let trainer = trainer(&values);
    let parts = divide(values, options.model.as_deref())?;
    let (tensors, state) = assemble(parts, trainer, &Sources::new(vec![boxed(source)]));
    let layout = tensors::layout(0, source.size(), &tensors);
    Ok(Description {
        format: Format::TorchTar,
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata: BTreeMap::new(),
        state,
        findings,
    })
}

/// A storage with its element type.
#[derive(Clone)]
struct Stored {
    dtype: DType,
    range: Range<u64>,
}

/// Tensors by the keys that the pickle has for them.
struct Table {
    tensors: HashMap<String, StoredTensor>,
}

impl Storages for Table {
    fn find(&self, _key: &str, _length: u64) -> Result<Option<StorageBytes>, CheckpointError> {
        Ok(None)
    }

    fn tensor(&self, key: &str) -> Option<&StoredTensor> {
        self.tensors.get(key)
    }
}

/// A cursor over a member: pickles and numbers in turn.
struct Cursor<'a> {
    source: &'a dyn ReadAt,
    range: Range<u64>,
}

impl Cursor<'_> {
    fn wrong(&self, what: &'static str) -> TorchError {
        TorchError::Bookkeeping { offset: self.range.start, what }
    }

    fn pickle(&mut self) -> Result<Pickle, TorchError> {
        let run = pickle::run(self.source, self.range.clone());
        let what = "a pickle of the archive's tables is not sound";
        let pickle = run.whole().map_err(|source| TorchError::Pickle { what, source })?;
        self.range.start = pickle.range().end;
        Ok(pickle)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], TorchError> {
        let mut bytes = [0; N];
        if self.range.end - self.range.start < N as u64 {
            return Err(self.wrong("a number at the end of a table"));
        }
        let read = self.source.read_exact_at(&mut bytes, self.range.start);
        read.map_err(|source| TorchError::Io { action: "read a table", source })?;
        self.range.start += N as u64;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u64, TorchError> {
        let number = i64::from_le_bytes(self.array()?);
        u64::try_from(number).map_err(|_| self.wrong("a number in a table"))
    }

    fn count(&mut self) -> Result<u64, TorchError> {
        let pickle = self.pickle()?;
        let count = pickle.root().and_then(|root| pickle.unsigned(root)).filter(|count| *count <= ENTRIES);
        count.ok_or_else(|| self.wrong("the length of a table"))
    }
}

/// A key of a table: a number or a text.
fn key(pickle: &Pickle, id: Id) -> Option<String> {
    match pickle.get(id) {
        Value::Int(key) => Some(key.to_string()),
        _ => pickle.text(id).map(ToOwned::to_owned),
    }
}

/// The storages: for each a tuple of key, location and class, a number of elements, and that many.
fn storages(source: &dyn ReadAt, range: Range<u64>) -> Result<HashMap<String, Stored>, TorchError> {
    let mut cursor = Cursor { source, range };
    let mut storages = HashMap::new();
    for _ in 0..cursor.count()? {
        let pickle = cursor.pickle()?;
        let told = pickle.root().and_then(|root| pickle.sequence(root)).unwrap_or_default();
        let [name, _location, class] = told else { return Err(cursor.wrong("a storage")) };
        let dtype = pickle.global(*class).and_then(|(_, class)| class_dtype(class)).flatten();
        let (Some(name), Some(dtype)) = (key(&pickle, *name), dtype) else {
            return Err(cursor.wrong("a storage"));
        };
        let count = cursor.number()?;
        let left = cursor.range.end - cursor.range.start;
        let needed = count.saturating_mul(dtype.bits() / 8);
        if needed > left {
            let offset = cursor.range.start;
            return Err(TorchError::Truncated { offset, key: name, needed, left });
        }
        let start = cursor.range.start;
        cursor.range.start += needed;
        storages.insert(name, Stored { dtype, range: start..start + needed });
    }
    // Views of storages as storages of their own: `(key, root, offset, length)` in elements.
    let views = cursor.pickle()?;
    for view in views.root().and_then(|root| views.sequence(root)).unwrap_or_default() {
        let parts = views.sequence(*view).unwrap_or_default();
        let [name, root, offset, length] = parts else { return Err(cursor.wrong("a view of a storage")) };
        let whole = key(&views, *root).and_then(|root| storages.get(&root).cloned());
        let numbers = (views.unsigned(*offset), views.unsigned(*length));
        let (Some(name), Some(whole), (Some(offset), Some(length))) = (key(&views, *name), whole, numbers)
        else {
            return Err(cursor.wrong("a view of a storage"));
        };
        let size = whole.dtype.bits() / 8;
        let bytes = |count: u64| count.checked_mul(size);
        let start = bytes(offset).and_then(|skipped| whole.range.start.checked_add(skipped));
        let end = start.zip(bytes(length)).and_then(|(start, length)| start.checked_add(length));
        let (Some(start), Some(end)) = (start, end.filter(|end| *end <= whole.range.end)) else {
            return Err(cursor.wrong("a view of a storage"));
        };
        storages.insert(name, Stored { dtype: whole.dtype, range: start..end });
    }
    Ok(storages)
}

/// The tensors: for each a tuple of key, storage and class, then dims, strides and offset.
fn tensors_of(
    source: &dyn ReadAt,
    range: Range<u64>,
    storages: &HashMap<String, Stored>,
) -> Result<HashMap<String, StoredTensor>, TorchError> {
    let mut cursor = Cursor { source, range };
    let mut tensors = HashMap::new();
    for _ in 0..cursor.count()? {
        let pickle = cursor.pickle()?;
        let told = pickle.root().and_then(|root| pickle.sequence(root)).unwrap_or_default();
        let [name, storage, _class] = told else { return Err(cursor.wrong("a tensor")) };
        let (Some(name), Some(storage)) = (key(&pickle, *name), key(&pickle, *storage)) else {
            return Err(cursor.wrong("a tensor"));
        };
        let rank = u32::from_le_bytes(cursor.array()?);
        // Four bytes that the first readers skipped.
        cursor.array::<4>()?;
        if rank > RANK {
            return Err(cursor.wrong("the number of dims of a tensor"));
        }
        let shape = (0..rank).map(|_| cursor.number()).collect::<Result<Vec<u64>, _>>()?;
        let strides = (0..rank).map(|_| cursor.number()).collect::<Result<Vec<u64>, _>>()?;
        let offset = cursor.number()?;
        let Some(stored) = storages.get(&storage) else {
            return Err(cursor.wrong("the storage of a tensor"));
        };
        let bytes =
            StorageBytes { base: Base::File { file: 0, shift: 0 }, range: stored.range.clone(), swap: false };
        let wanted = Wanted {
            dtype: stored.dtype,
            offset,
            shape: &shape,
            strides: &strides,
            conjugate: false,
            negative: false,
        };
        let storage = bytes
            .view(&wanted)
            .map_err(|error| TorchError::Tensor { tensor: name.clone(), problem: error.to_string() })?;
        tensors.insert(name, StoredTensor { dtype: stored.dtype, shape, storage });
    }
    Ok(tensors)
}
