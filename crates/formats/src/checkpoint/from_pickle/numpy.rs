//! Arrays and scalars of NumPy.

use reproof_tensor::{DType, TensorView, element_count};
use serde_json::Value as Json;

use super::super::CheckpointError;
use super::super::tree::{Node, TensorNode};
use super::storage::{Base, StorageBytes, Wanted};
use super::{Converter, float};
use crate::pickle::{ArrayData, ArrayLayout, Blob, Id, Text, Value};

/// Calls around a byte string at most: `bytearray(_codecs.encode(text))` has two.
const WRAPPERS: u32 = 4;

/// Byte strings up to this length are shown as they are.
const SHORT: u64 = 64;

impl Converter<'_> {
    /// The array that a value is.
    pub(super) fn array(&mut self, id: Id) -> Result<Node, CheckpointError> {
        match ArrayLayout::of(self.pickle, id) {
            Some(array) => self.laid_out(id, &array),
            None => Ok(Node::Opaque("an array in a form that is not known".to_owned())),
        }
    }

    /// An array as a tensor; an array of objects as a record of them.
    pub(super) fn laid_out(&mut self, at: Id, array: &ArrayLayout) -> Result<Node, CheckpointError> {
        let wrong = |what| CheckpointError::Constructor { offset: self.pickle.offset(at), what };
        let bytes = match &array.data {
            ArrayData::Objects(objects) => {
                let fields = vec![("objects".to_owned(), self.node(*objects)?)];
                return Ok(Node::Record { class: "numpy.ndarray".to_owned(), fields });
            }
            ArrayData::Stream(range) => self.in_source(range.clone()),
            ArrayData::Value(id) => self.bytes(*id)?.ok_or_else(|| wrong("its data"))?,
        };
        // What has no dtype is carried as bytes, in rows of an element each.
        let element = &array.element;
        let mut shape = array.shape.clone();
        let dtype = match element.dtype {
            Some(dtype) => dtype,
            None if element.descr.contains(['M', 'm']) && element.size == 8 => DType::I64,
            None => {
                shape.push(element.size);
                DType::U8
            }
        };
        let stored = bytes.range.end - bytes.range.start;
        let expected = element_count(&array.shape).and_then(|count| count.checked_mul(element.size));
        if expected != Some(stored) {
            return Err(CheckpointError::ArrayLength {
                offset: self.pickle.offset(at),
                shape: array.shape.clone(),
                expected,
                actual: stored,
            });
        }
        let strides = strides(&shape, array.fortran.then_some(array.shape.len()));
        let wanted =
            Wanted { dtype, offset: 0, shape: &shape, strides: &strides, conjugate: false, negative: false };
        let storage = StorageBytes { swap: element.swap && dtype != DType::U8, ..bytes }.view(&wanted);
        let offset = self.pickle.offset(at);
        let storage = storage.map_err(|source| CheckpointError::Tensor { offset, source })?;
        self.charge_gathered(&storage, at)?;
        let note = element.dtype.is_none().then(|| format!("numpy {}", element.descr));
        let mut tensor = TensorNode::new(dtype, shape, storage);
        tensor.note = note;
        Ok(tensor.into())
    }

    /// A scalar of NumPy as a number; `None` if it is something else.
    pub(super) fn numpy_scalar(&mut self, id: Id) -> Result<Option<Node>, CheckpointError> {
        let Some(array) = ArrayLayout::of(self.pickle, id) else { return Ok(None) };
        let (ArrayData::Value(data), Some(dtype)) = (&array.data, array.element.dtype) else {
            return Ok(None);
        };
        let Some(stored) = self.bytes(*data)? else { return Ok(None) };
        let Base::Memory(bytes) = stored.base else { return Ok(None) };
        Ok(number(&array, dtype, bytes.to_vec()))
    }

    /// A range of the pickle's source.
    fn in_source(&self, range: std::ops::Range<u64>) -> StorageBytes {
        StorageBytes { base: self.base.clone(), range, swap: false }
    }

    /// A byte string: a short one as text of its digits, a long one as a tensor of bytes, since it may be a model that
    /// another library keeps in a form of its own.
    pub(super) fn byte_string(&mut self, at: Id, bytes: &StorageBytes) -> Result<Node, CheckpointError> {
        let length = bytes.range.end - bytes.range.start;
        if length <= SHORT {
            let Base::Memory(bytes) = &bytes.base else { return Ok(Node::Opaque(format!("{length} bytes"))) };
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok(Node::text(format!("bytes {}", digits.concat())));
        }
        let wanted = Wanted {
            dtype: DType::U8,
            offset: 0,
            shape: &[length],
            strides: &[1],
            conjugate: false,
            negative: false,
        };
        let offset = self.pickle.offset(at);
        let storage = bytes.view(&wanted).map_err(|source| CheckpointError::Tensor { offset, source })?;
        self.charge_gathered(&storage, at)?;
        Ok(TensorNode::new(DType::U8, vec![length], storage).noted("bytes").into())
    }

    /// The bytes that a value is: a byte string, or a call that makes one from a text of Latin-1.
    pub(super) fn bytes(&mut self, id: Id) -> Result<Option<StorageBytes>, CheckpointError> {
        self.unwrapped(id, WRAPPERS)
    }

    /// As [`Self::bytes`], through at most `wrappers` calls.
    fn unwrapped(&mut self, id: Id, wrappers: u32) -> Result<Option<StorageBytes>, CheckpointError> {
        let pickle = self.pickle;
        let owned = |bytes: Vec<u8>| {
            let range = 0..bytes.len() as u64;
            StorageBytes { base: Base::Memory(std::sync::Arc::new(bytes)), range, swap: false }
        };
        match pickle.get(id) {
            Value::Bytes(Blob::Inline(bytes)) => {
                self.copies(bytes.len(), id)?;
                Ok(Some(owned(bytes.to_vec())))
            }
            Value::Bytes(Blob::Stored(range)) => Ok(Some(self.in_source(range.clone()))),
            // Python 2 wrote bytes as texts.
            Value::Text(text) => self.latin(id, text).map(|bytes| bytes.map(owned)),
            Value::Object(object) => {
                let arguments = pickle.arguments(object).unwrap_or_default();
                match (pickle.global(object.callable), arguments) {
                    (Some(("builtins", "bytes" | "bytearray")), []) => Ok(Some(owned(Vec::new()))),
                    (
                        Some(
                            ("builtins", "bytes" | "bytearray" | "str")
                            | ("_codecs", "encode")
                            | ("pickle", "PickleBuffer"),
                        ),
                        [inner, ..],
                    ) => match wrappers.checked_sub(1) {
                        Some(wrappers) => self.unwrapped(*inner, wrappers),
                        None => Ok(None),
                    },
                    _ => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// The bytes whose Latin-1 is this text; `None` if it has other characters.
    fn latin(&mut self, at: Id, text: &Text) -> Result<Option<Vec<u8>>, CheckpointError> {
        let read;
        let text = match text {
            Text::Inline(text) => &**text,
            Text::Stored(range) => {
                let length = range.end - range.start;
                self.charge(length, at)?;
                let bytes = self.source.read_range(range.start, length as usize);
                read = bytes.map_err(CheckpointError::Io)?;
                match std::str::from_utf8(&read) {
                    Ok(text) => text,
                    Err(_) => return Ok(None),
                }
            }
        };
        Ok(text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect())
    }
}

/// Strides in elements of a contiguous array; the first `fortran` dims with the first of them varying fastest.
fn strides(shape: &[u64], fortran: Option<usize>) -> Vec<u64> {
    let dims = fortran.unwrap_or(0);
    let mut strides = vec![1_u64; shape.len()];
    // Saturation meets only shapes that were refused for their size, or strides of single elements.
    let mut next = 1_u64;
    for axis in (dims..shape.len()).rev() {
        strides[axis] = next;
        next = next.saturating_mul(shape[axis]);
    }
    for axis in 0..dims {
        strides[axis] = next;
        next = next.saturating_mul(shape[axis]);
    }
    strides
}

/// The number that the bytes of a scalar are.
fn number(array: &ArrayLayout, dtype: DType, mut bytes: Vec<u8>) -> Option<Node> {
    if array.element.swap {
        bytes.chunks_exact_mut(dtype.swapped_bytes()).for_each(<[u8]>::reverse);
    }
    let number = TensorView::new(dtype, &[], &bytes).ok()?.elements()?.get(0);
    Some(Node::Scalar(match dtype {
        DType::Bool => Json::Bool(number != 0.0),
        DType::I64 => Json::Number(i64::from_le_bytes(bytes.try_into().ok()?).into()),
        DType::U64 => Json::Number(u64::from_le_bytes(bytes.try_into().ok()?).into()),
        dtype if dtype.is_float() => float(number),
        _ => Json::Number((number as i64).into()),
    }))
}
