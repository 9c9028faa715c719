//! Coding of one byte plane: the cheapest of a few ways, told by one byte in front.

use std::borrow::Cow;

use crate::classes::Reference;
use crate::cursor::{Cursor, write_varint};
use crate::decode::DecodeError;
use crate::histogram::{self, Histogram};
use crate::{huffman, sparse};

/// The bytes follow as they are.
const RAW: u8 = 0;
/// One byte follows, which all places hold.
const CONSTANT: u8 = 1;
/// A Huffman-coded plane follows, see [`huffman`].
const HUFFMAN: u8 = 2;
/// The common byte, the number of others (varint), the bitmap as a plane, the others as a plane, see [`sparse`].
const SPARSE: u8 = 3;
/// The exponent of the first class (varint), then a plane with a code for each class, see [`huffman::by_class`].
const BY_CLASS: u8 = 4;

/// How often a plane may be taken apart: the plane, then its bitmap. Decoding recurses no deeper.
const SPARSE_LEVELS: u32 = 2;

/// The share of its bytes below which a coded plane is worth it: one that saves less takes more time to decode than its
/// bytes take to read.
const WORTH: f64 = 0.99;

/// The share of one byte in a plane from which on it is worth looking at the bitmap: below, a code of one bit for that byte
/// wastes little.
const COMMON: f64 = 0.6;

/// The share of the size below which the bytes of each class are worth a code of their own, which takes longer to decode.
const CLASSES_WORTH: f64 = 0.96;

/// The share of the Huffman-coded size below which a sparse plane is worth its slower decoding.
const SPARSE_WORTH: f64 = 0.97;

/// Whether a plane, of which `sample` is the histogram of a part, is kept as it is.
pub(crate) fn is_noise(sample: &Histogram) -> bool {
    histogram::entropy_of_whole(sample) > 8.0 * WORTH
}

/// The predicted share of its bytes that a plane costs, of which `sample` is the histogram of a part.
pub(crate) fn estimate(sample: &Histogram) -> f64 {
    if is_noise(sample) { 1.0 } else { histogram::entropy_of_whole(sample) / 8.0 }
}

/// Appends `plane`, of which `sample` is the histogram of a part; of a difference, with what it is one from.
pub(crate) fn encode(
    plane: &[u8],
    sample: &Histogram,
    reference: Option<&mut Reference<'_>>,
    target: &mut Vec<u8>,
) {
    if is_noise(sample) {
        write_raw(plane, target);
        return;
    }
    let start = target.len();
    let (common, count) = histogram::most_common(sample);
    let is_sparse = f64::from(count) > f64::from(sample.iter().sum::<u32>()) * COMMON;
    if is_sparse {
        encode_sparse(plane, common, SPARSE_LEVELS - 1, target);
    }
    // A code takes a bit for each byte at least, which a sparse plane may be far below.
    let sparse = is_sparse.then(|| (target.len() - start) as f64);
    let is_counted = sparse.is_none_or(|size| size * CLASSES_WORTH > plane.len() as f64 / 8.0);
    let Some(classes) = reference.filter(|_| is_counted).and_then(Reference::suited) else {
        if !is_sparse {
            encode_dense(plane, &histogram::count(plane), target);
        }
        return;
    };
    let histograms = classes.histograms(plane);
    let whole = sum(histograms.as_slice());
    let size = sparse.unwrap_or_else(|| huffman::plan(&whole).map_or(plane.len(), |plan| plan.size) as f64);
    let by_class = huffman::by_class::plan(&histograms);
    if (by_class.size as f64) < size * CLASSES_WORTH {
        target.truncate(start);
        target.push(BY_CLASS);
        write_varint(usize::from(classes.top), target);
        by_class.write(plane, classes.of(), target);
    } else if !is_sparse {
        encode_dense(plane, &whole, target);
    }
}

fn sum(histograms: &[Histogram]) -> Histogram {
    let mut whole = [0_u32; 256];
    for histogram in histograms {
        for (sum, count) in whole.iter_mut().zip(histogram) {
            *sum = sum.wrapping_add(*count);
        }
    }
    whole
}

/// Appends a plane of which nothing is known.
fn encode_level(plane: &[u8], levels: u32, target: &mut Vec<u8>) {
    let histogram = histogram::count(plane);
    let (common, count) = histogram::most_common(&histogram);
    if levels > 0 && f64::from(count) > plane.len() as f64 * COMMON {
        encode_sparse(plane, common, levels - 1, target);
    } else {
        encode_dense(plane, &histogram, target);
    }
}

/// Appends a plane in which `common` is said to be common, taken apart where that helps.
fn encode_sparse(plane: &[u8], common: u8, levels: u32, target: &mut Vec<u8>) {
    let start = target.len();
    let (bitmap, others) = sparse::split(plane, common);
    if others.is_empty() {
        target.extend([CONSTANT, common]);
        return;
    }
    let mut histogram = histogram::count(&others);
    target.extend([SPARSE, common]);
    write_varint(others.len(), target);
    encode_level(&bitmap, levels, target);
    encode_dense(&others, &histogram, target);
    let size = (target.len() - start) as f64;
    // What the plane would cost as a whole: the others are all its bytes but the common ones.
    histogram[usize::from(common)] = (plane.len() - others.len()) as u32;
    let whole = huffman::plan(&histogram).map_or(0, |plan| plan.size).min(plane.len());
    if size >= whole as f64 * SPARSE_WORTH {
        target.truncate(start);
        encode_dense(plane, &histogram, target);
    }
}

/// Appends a plane as it is, or Huffman-coded, or as one byte. `histogram` is its own.
fn encode_dense(plane: &[u8], histogram: &Histogram, target: &mut Vec<u8>) {
    let (common, count) = histogram::most_common(histogram);
    if count as usize == plane.len() {
        target.extend([CONSTANT, common]);
        return;
    }
    match huffman::plan(histogram) {
        Some(plan) if (plan.size as f64) < plane.len() as f64 * WORTH => {
            target.push(HUFFMAN);
            plan.write(plane, target);
        }
        _ => write_raw(plane, target),
    }
}

/// Bytes of a plane that is kept as it is.
pub(crate) fn raw_length(plane: usize) -> usize {
    plane.saturating_add(1)
}

/// Begins a plane that is kept as it is in its place, `record`, and gives the place of its bytes.
pub(crate) fn begin_raw(record: &mut [u8]) -> &mut [u8] {
    let Some((coding, bytes)) = record.split_first_mut() else { return &mut [] };
    *coding = RAW;
    bytes
}

fn write_raw(plane: &[u8], target: &mut Vec<u8>) {
    target.push(RAW);
    target.extend_from_slice(plane);
}

/// A decoded plane.
pub(crate) enum Plane<'a> {
    /// All places hold this byte.
    Constant(u8),
    /// The bytes, which lie in the block where they were not coded.
    Bytes(Cow<'a, [u8]>),
}

impl<'a> Plane<'a> {
    /// The bytes, of which there are `length`.
    pub(crate) fn into_bytes(self, length: usize) -> Cow<'a, [u8]> {
        match self {
            Self::Constant(byte) => Cow::Owned(vec![byte; length]),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Reads a plane of `length` bytes; of a difference, with what it is one from.
pub(crate) fn decode<'a>(
    cursor: &mut Cursor<'a>,
    length: usize,
    reference: Option<&mut Reference<'_>>,
) -> Result<Plane<'a>, DecodeError> {
    match reference {
        Some(reference) if cursor.peek() == Some(BY_CLASS) => decode_by_class(cursor, length, reference),
        _ => decode_level(cursor, length, SPARSE_LEVELS),
    }
}

fn decode_by_class<'a>(
    cursor: &mut Cursor<'a>,
    length: usize,
    reference: &mut Reference<'_>,
) -> Result<Plane<'a>, DecodeError> {
    let offset = cursor.offset();
    let got = cursor.byte("plane coding")?;
    let top_offset = cursor.offset();
    let corrupt = DecodeError::Corrupt { what: "highest exponent", offset: top_offset };
    let top = u16::try_from(cursor.varint("highest exponent")?).map_err(|_| corrupt)?;
    let unknown = DecodeError::Unknown { what: "plane coding", offset, got };
    let classes = reference.below(top).ok_or(unknown)?;
    let mut plane = vec![0; length];
    huffman::by_class::decode(cursor, classes.of(), &mut plane)?;
    Ok(Plane::Bytes(Cow::Owned(plane)))
}

fn decode_level<'a>(cursor: &mut Cursor<'a>, length: usize, levels: u32) -> Result<Plane<'a>, DecodeError> {
    let offset = cursor.offset();
    match cursor.byte("plane coding")? {
        RAW => cursor.take("raw plane", length).map(|bytes| Plane::Bytes(Cow::Borrowed(bytes))),
        CONSTANT => cursor.byte("constant plane").map(Plane::Constant),
        HUFFMAN => {
            let mut plane = vec![0; length];
            huffman::decode(cursor, &mut plane)?;
            Ok(Plane::Bytes(Cow::Owned(plane)))
        }
        SPARSE if levels > 0 => {
            let common = cursor.byte("common byte")?;
            let count_offset = cursor.offset();
            let count = cursor.varint("number of uncommon bytes")?;
            let corrupt = DecodeError::Corrupt { what: "number of uncommon bytes", offset: count_offset };
            if count > length {
                return Err(corrupt);
            }
            let bitmap_length = sparse::bitmap_length(length);
            let bitmap = decode_level(cursor, bitmap_length, levels - 1)?.into_bytes(bitmap_length);
            let behind = bitmap.last().filter(|_| length % 8 > 0).map_or(0, |last| last >> (length % 8));
            if sparse::marked(&bitmap) != count || behind != 0 {
                return Err(corrupt);
            }
            let others = decode_level(cursor, count, 0)?.into_bytes(count);
            Ok(Plane::Bytes(Cow::Owned(sparse::join(&bitmap, &others, common, length))))
        }
        got => Err(DecodeError::Unknown { what: "plane coding", offset, got }),
    }
}
