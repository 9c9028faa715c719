//! What persistent references stand for: the bytes of storages.

use std::ops::Range;
use std::sync::Arc;

use reproof_tensor::DType;

use super::super::CheckpointError;
use crate::pickle::{Id, Pickle, Value};
use crate::{Storage, View};

/// Where ranges of a source lie.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// In a file of the description, so many bytes further.
    File {
        /// Index into the description's files.
        file: usize,
        /// Bytes before the source.
        shift: u64,
    },
    /// In memory: what was compressed.
    Memory(Arc<Vec<u8>>),
}

/// The bytes of a storage.
#[derive(Clone, Debug)]
pub(crate) struct StorageBytes {
    pub(crate) base: Base,
    pub(crate) range: Range<u64>,
    /// Whether numbers are big-endian.
    pub(crate) swap: bool,
}

/// A view to be taken of a storage.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) dtype: DType,
    /// Elements into the storage.
    pub(crate) offset: u64,
    pub(crate) shape: &'a [u64],
    pub(crate) strides: &'a [u64],
    pub(crate) conjugate: bool,
    pub(crate) negative: bool,
}

impl StorageBytes {
    /// The storage of a view; what lies in memory is gathered from there.
    pub(crate) fn view(&self, wanted: &Wanted<'_>) -> Result<Storage, crate::StorageError> {
        let (file, range) = match &self.base {
            Base::File { file, shift } => (*file, self.range.start + shift..self.range.end + shift),
            Base::Memory(_) => (0, self.range.clone()),
        };
        let view = View::new(file, &range, wanted.offset, wanted.dtype, wanted.shape, wanted.strides)?
            .swapped(self.swap)
            .negated(wanted.conjugate, wanted.negative)?;
        match &self.base {
            Base::File { .. } => Ok(view.into()),
            Base::Memory(bytes) => view.gathered(bytes),
        }
    }
}

/// Finds the bytes of storages by their keys.
pub(crate) trait Storages {
    /// The bytes of the storage `key`, of which the pickle says that it has `length` bytes; `None` where there is none.
    fn find(&self, key: &str, length: u64) -> Result<Option<StorageBytes>, CheckpointError>;

    /// The tensor `key`, in files whose references name tensors.
    fn tensor(&self, _key: &str) -> Option<&StoredTensor> {
        None
    }
}

/// A tensor that a file tells outside of its pickle.
#[derive(Clone, Debug)]
pub(crate) struct StoredTensor {
    pub(crate) dtype: DType,
    pub(crate) shape: Vec<u64>,
    pub(crate) storage: Storage,
}

/// No storages: a plain pickle.
impl Storages for () {
    fn find(&self, _key: &str, _length: u64) -> Result<Option<StorageBytes>, CheckpointError> {
        Ok(None)
    }
}

/// A reference to a storage, as the tuple of a persistent id tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    /// Element type; `None` for untyped storages, whose elements are bytes.
    pub(crate) dtype: Option<DType>,
    pub(crate) key: String,
    pub(crate) location: String,
    /// Bytes.
    pub(crate) length: u64,
    /// Elements into the storage at which a view of it starts, in very old files.
    pub(crate) offset: u64,
}

impl Reference {
    /// Reads `('storage', class, key, location, numel[, view])`.
    pub(crate) fn of(pickle: &Pickle, name: Id) -> Option<Self> {
        let [kind, class, key, location, count, rest @ ..] = pickle.sequence(name)? else { return None };
        if pickle.text(*kind)? != "storage" {
            return None;
        }
        let (_, class) = pickle.global(*class)?;
        let dtype = class_dtype(class)?;
        let count = pickle.unsigned(*count)?;
        let view = rest.first().and_then(|view| pickle.sequence(*view));
        let offset = view.and_then(|view| pickle.unsigned(*view.get(1)?)).unwrap_or(0);
        let key = match pickle.get(*key) {
            Value::Int(key) => key.to_string(),
            _ => pickle.text(*key)?.to_owned(),
        };
        Some(Self {
            dtype,
            key,
            location: pickle.text(*location)?.to_owned(),
            length: count.checked_mul(dtype.map_or(8, DType::bits))?.div_ceil(8),
            offset,
        })
    }
}

/// The element type of a storage class by its name: `Some(None)` for untyped ones, `None` for what is no storage.
#[expect(clippy::option_option, reason = "an untyped storage is a storage")]
pub(crate) fn class_dtype(class: &str) -> Option<Option<DType>> {
    Some(Some(match class.strip_suffix("Storage")? {
        "Double" => DType::F64,
        "Float" => DType::F32,
        "Half" => DType::F16,
        "BFloat16" => DType::BF16,
        "Long" => DType::I64,
        "Int" | "QInt32" => DType::I32,
        "Short" => DType::I16,
        "Char" | "QInt8" => DType::I8,
        "QUInt4x2" => DType::U4,
        "QUInt2x4" => DType::U2,
        "Byte" | "QUInt8" | "Bits8" | "Bits1x8" | "Bits2x4" | "Bits4x2" => DType::U8,
        "Bool" => DType::Bool,
        "ComplexDouble" => DType::C128,
        "ComplexFloat" => DType::C64,
        "ComplexHalf" => DType::C32,
        "UInt16" | "Bits16" => DType::U16,
        "UInt32" => DType::U32,
        "UInt64" => DType::U64,
        "Float8_e5m2" => DType::F8E5M2,
        "Float8_e4m3fn" => DType::F8E4M3,
        "Float8_e5m2fnuz" => DType::F8E5M2Fnuz,
        "Float8_e4m3fnuz" => DType::F8E4M3Fnuz,
        "Float8_e8m0fnu" => DType::F8E8M0,
        "Untyped" | "_Untyped" | "Typed" | "_Typed" => return Some(None),
        _ => return None,
    }))
}
