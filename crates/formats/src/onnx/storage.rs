//! Where the values of a tensor are, and their canonical bytes.

use std::ops::Range;
use std::path::Path;

use reproof_digest::{Digest, ReadAt, blob, identity, ranges};
use reproof_tensor::{DType, StringTensor, Tensor, TensorError, byte_length, element_count};

use super::external::{ExternalFiles, Reference};
use super::proto::{StoredTensor, TypedField};
use super::wire::Window;
use super::{Element, OnnxError};
use crate::Storage;

/// Where the values of a tensor are: this format has no other ways.
#[derive(Debug)]
pub(super) enum Place {
    /// Canonical in a file.
    Range { file: usize, offset: u64, length: u64 },
    /// Gathered from packed varints and repeated fields: at most the size of their file times 8.
    Gathered(Vec<u8>),
}

impl From<Place> for Storage {
    fn from(place: Place) -> Self {
        match place {
            Place::Range { file, offset, length } => Self::Range { file, offset, length },
            Place::Gathered(bytes) => Self::Gathered(bytes.into()),
        }
    }
}

/// A tensor with its values found.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) dtype: DType,
    pub(super) shape: Vec<u64>,
    pub(super) storage: Place,
}

/// Finds values in the main file, which is file 0, and in the external files after it.
pub(super) struct Locator<'a> {
    pub(super) window: &'a Window<'a>,
    pub(super) external: ExternalFiles,
}

impl<'a> Locator<'a> {
    /// A locator for the model at `path`.
    pub(super) fn new(window: &'a Window<'a>, path: &Path) -> Self {
        Self { window, external: ExternalFiles::beside(path) }
    }

    /// Finds the values of a tensor of numbers. Fixed-width values in one piece stay where they are; others
    /// are gathered.
    pub(super) fn locate(&mut self, tensor: &StoredTensor) -> Result<Located, OnnxError> {
        let Element::Number(dtype) = tensor.element() else {
            return Err(OnnxError::ElementType {
                tensor: tensor.name.clone(),
                offset: tensor.offset,
                code: tensor.element_code,
            });
        };
        let shape = shape(tensor)?;
        let mismatch =
            |source| OnnxError::Tensor { tensor: tensor.name.clone(), offset: tensor.offset, source };
        let expected = byte_length(dtype, &shape)
            .ok_or_else(|| mismatch(TensorError::TooLarge { dtype, shape: shape.clone() }))?;
        one_place(tensor)?;
        let (storage, actual) = if tensor.location == 1 {
            (self.external(tensor, expected)?, expected)
        } else if let Some(raw) = tensor.raw.as_ref().filter(|raw| !raw.is_empty()) {
            (range(raw), raw.end - raw.start)
        } else {
            let typed = gather(self.window, tensor, dtype)?;
            let actual = match &typed {
                Place::Range { length, .. } => *length,
                Place::Gathered(bytes) => bytes.len() as u64,
            };
            (typed, actual)
        };
        if actual != expected {
            return Err(mismatch(TensorError::WrongLength { dtype, shape, expected, actual }));
        }
        Ok(Located { dtype, shape, storage })
    }

    fn external(&mut self, tensor: &StoredTensor, expected: u64) -> Result<Place, OnnxError> {
        let files = &mut self.external;
        let mut find = || {
            let reference = Reference::new(&tensor.external)?;
            if let Some(actual) = reference.length.filter(|length| *length != expected) {
                return Err(super::ExternalError::WrongLength { expected, actual });
            }
            let index = files.open(&reference.location)?;
            files.check(index, reference.offset, expected)?;
            Ok(Place::Range { file: index + 1, offset: reference.offset, length: expected })
        };
        find().map_err(|problem| OnnxError::External { tensor: tensor.name.clone(), problem })
    }

    fn source(&self, file: usize) -> &dyn ReadAt {
        match file.checked_sub(1) {
            None => self.window.source(),
            Some(index) => &self.external.files()[index].file,
        }
    }

    /// The `tensor-v1` digest of a tensor whose values belong to the architecture.
    pub(super) fn digest(&self, name: &str, located: &Located) -> Result<Digest, OnnxError> {
        let values = match &located.storage {
            Place::Gathered(bytes) => blob(bytes),
            Place::Range { file, offset, length } => {
                let range = *offset..offset + length;
                let hashed = ranges::blobs(self.source(*file), &[range], &|_| ());
                let digests = hashed
                    .map_err(|error| OnnxError::Read { tensor: name.to_owned(), source: error.source })?;
                digests[0]
            }
        };
        Ok(identity::tensor(located.dtype.name(), &located.shape, &values))
    }

    /// A tensor of numbers in memory.
    pub(super) fn read(&mut self, stored: &StoredTensor) -> Result<Tensor, OnnxError> {
        let located = self.locate(stored)?;
        if let Place::Range { length, .. } = located.storage {
            self.window.charge(length, stored.offset)?;
        }
        self.load(stored, located)
    }

    /// A tensor of texts.
    pub(super) fn strings(&self, stored: &StoredTensor) -> Result<StringTensor, OnnxError> {
        let text = |bytes| {
            String::from_utf8(bytes)
                .map_err(|_| OnnxError::NotText { tensor: stored.name.clone(), offset: stored.offset })
        };
        let values = texts(self.window, stored)?.into_iter().map(text).collect::<Result<_, _>>()?;
        Ok(StringTensor { values, shape: shape(stored)? })
    }

    /// A tensor of numbers whose values were found. It takes as much memory as they take in the file.
    pub(super) fn load(&self, stored: &StoredTensor, located: Located) -> Result<Tensor, OnnxError> {
        let bytes = match located.storage {
            Place::Gathered(bytes) => bytes,
            Place::Range { file, offset, length } => self
                .source(file)
                .read_range(offset, length as usize)
                .map_err(|source| OnnxError::Read { tensor: stored.name.clone(), source })?,
        };
        Tensor::new(located.dtype, located.shape, bytes).map_err(|source| OnnxError::Tensor {
            tensor: stored.name.clone(),
            offset: stored.offset,
            source,
        })
    }
}

/// The dims of a stored tensor.
pub(super) fn shape(tensor: &StoredTensor) -> Result<Vec<u64>, OnnxError> {
    let dims = tensor.dims.iter().map(|dim| {
        u64::try_from(*dim).map_err(|_| OnnxError::NegativeDim {
            tensor: tensor.name.clone(),
            offset: tensor.offset,
            dim: *dim,
        })
    });
    dims.collect()
}

/// Refuses values in more than one place: readers would disagree about which counts.
fn one_place(tensor: &StoredTensor) -> Result<(), OnnxError> {
    if tensor.segmented {
        return Err(OnnxError::Segmented { tensor: tensor.name.clone(), offset: tensor.offset });
    }
    let external = (tensor.location == 1).then_some("an external file");
    let raw = tensor.raw.as_ref().filter(|raw| !raw.is_empty()).map(|_| "raw_data");
    let typed = tensor
        .typed
        .iter()
        .filter(|data| data.ranges.iter().any(|range| !range.is_empty() || data.field == TypedField::Text))
        .map(|data| data.field.name());
    let mut places = external.into_iter().chain(raw).chain(typed);
    match (places.next(), places.next()) {
        (Some(first), Some(second)) => {
            Err(OnnxError::TwoPlaces { tensor: tensor.name.clone(), offset: tensor.offset, first, second })
        }
        _ => Ok(()),
    }
}

/// The texts of a tensor of texts.
pub(super) fn texts(window: &Window<'_>, tensor: &StoredTensor) -> Result<Vec<Vec<u8>>, OnnxError> {
    one_place(tensor)?;
    let ranges = typed_ranges(tensor, TypedField::Text)?;
    let expected = element_count(&shape(tensor)?).unwrap_or(u64::MAX);
    if expected != ranges.len() as u64 {
        let (offset, actual) = (tensor.offset, ranges.len() as u64);
        return Err(OnnxError::ValueCount { tensor: tensor.name.clone(), offset, expected, actual });
    }
    let mut texts = Vec::new();
    for range in ranges {
        window.charge(2 * size_of::<Vec<u8>>() as u64, range.start)?;
        texts.push(window.bytes(range)?);
    }
    Ok(texts)
}

/// The ranges of the field in which values of this type belong.
fn typed_ranges(tensor: &StoredTensor, expected: TypedField) -> Result<&[Range<u64>], OnnxError> {
    let wrong = |actual| OnnxError::WrongField {
        tensor: tensor.name.clone(),
        offset: tensor.offset,
        element: tensor.element().dtype().map_or("STRING", DType::name),
        expected: expected.name(),
        actual,
    };
    if tensor.location == 1 {
        return Err(wrong("an external file"));
    }
    if tensor.raw.as_ref().is_some_and(|raw| !raw.is_empty()) {
        return Err(wrong("raw_data"));
    }
    match tensor.typed.iter().find(|data| data.ranges.iter().any(|range| !range.is_empty())) {
        Some(data) if data.field != expected => Err(wrong(data.field.name())),
        _ => Ok(tensor.typed.iter().find(|data| data.field == expected).map_or(&[], |data| &data.ranges)),
    }
}

/// The field in which values of a dtype lie, and the bytes that each of its numbers stands for.
const fn field_of(dtype: DType) -> (TypedField, usize) {
    match dtype {
        DType::F32 | DType::C64 => (TypedField::Float, 4),
        DType::F64 | DType::C128 => (TypedField::Double, 8),
        DType::I64 => (TypedField::Int64, 8),
        DType::U64 => (TypedField::Uint64, 8),
        DType::U32 => (TypedField::Uint64, 4),
        DType::I32 => (TypedField::Int32, 4),
        DType::I16 | DType::U16 | DType::F16 | DType::BF16 => (TypedField::Int32, 2),
        // Types of at most 8 bits; those of less hold one packed byte per number.
        _ => (TypedField::Int32, 1),
    }
}

/// Values from a typed field.
fn gather(window: &Window<'_>, tensor: &StoredTensor, dtype: DType) -> Result<Place, OnnxError> {
    let (field, width) = field_of(dtype);
    let ranges = typed_ranges(tensor, field)?;
    let mut bytes = Vec::new();
    match (field, ranges) {
        // A packed list of floats is the canonical bytes already.
        (TypedField::Float | TypedField::Double, [only]) => return Ok(range(only)),
        (TypedField::Float | TypedField::Double, pieces) => {
            for piece in pieces {
                bytes.extend(window.bytes(piece)?);
            }
        }
        (_, pieces) => {
            for piece in pieces {
                let mut offset = piece.start;
                while offset < piece.end {
                    let (value, next) = window.varint("TensorProto", offset, piece.end)?;
                    window.charge(2 * width as u64, offset)?;
                    bytes.extend_from_slice(&value.to_le_bytes()[..width]);
                    offset = next;
                }
            }
        }
    }
    Ok(Place::Gathered(bytes))
}

fn range(range: &Range<u64>) -> Place {
    Place::Range { file: 0, offset: range.start, length: range.end - range.start }
}
