//! Tensors whose elements lie in a file in another order: transposed, sliced, expanded, of the other byte order.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use reproof_digest::ReadAt;
use reproof_tensor::{DType, byte_length, element_count};

use super::{Gathered, Storage, StorageError};

/// Elements of a block whose places are worked out and read together.
const BLOCK: usize = 64 << 10;

/// Bytes between two elements that are read along rather than asked for anew: one page.
const GAP: u64 = 4 << 10;

/// Bytes read at a time while gathering.
const SPAN: u64 = 1 << 20;

/// Elements of a file in an order that dims and strides tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    file: usize,
    /// The byte of element (0, 0, ...).
    start: u64,
    dtype: DType,
    shape: Vec<u64>,
    /// Per dim, how many elements apart neighbours are.
    strides: Vec<u64>,
    /// Whether bytes of numbers are in the other order.
    swap: bool,
    /// Whether imaginary parts are stored negated.
    conjugate: bool,
    /// Whether values are stored negated.
    negative: bool,
}

impl View {
    /// A view of the bytes `storage` of a file, starting `offset` elements into it, with `strides` in elements.
    pub fn new(
        file: usize,
        storage: &Range<u64>,
        offset: u64,
        dtype: DType,
        shape: &[u64],
        strides: &[u64],
    ) -> Result<Self, StorageError> {
        if shape.len() != strides.len() {
            return Err(StorageError::Rank { dims: shape.len(), strides: strides.len() });
        }
        let overflow = || StorageError::Overflow { shape: shape.to_vec(), strides: strides.to_vec() };
        byte_length(dtype, shape).ok_or_else(overflow)?;
        let stored = storage.end - storage.start;
        let needed = needed(dtype, offset, shape, strides).ok_or_else(overflow)?;
        if needed > stored {
            return Err(StorageError::Beyond { needed, stored });
        }
        // An empty view reads nothing: its offset may be any number, and must not lead beyond the file.
        let offset = if element_count(shape) == Some(0) { 0 } else { offset };
        let skipped = bytes(dtype, offset).ok_or_else(overflow)?;
        let view = Self {
            file,
            start: storage.start.checked_add(skipped).ok_or_else(overflow)?,
            dtype,
            shape: shape.to_vec(),
            // The stride of a single element takes no step, and may be any number.
            strides: shape
                .iter()
                .zip(strides)
                .map(|(dim, stride)| if *dim == 1 { 0 } else { *stride })
                .collect(),
            swap: false,
            conjugate: false,
            negative: false,
        };
        let starts_whole = match dtype {
            DType::Block(block) => offset.is_multiple_of(block.elements()),
            _ => offset.checked_mul(dtype.bits()).is_some_and(|bits| bits.is_multiple_of(8)),
        };
        if view.has_own_bytes() || (starts_whole && view.is_contiguous()) {
            Ok(view)
        } else {
            Err(StorageError::Packed { dtype })
        }
    }

    /// The same elements, stored in the other byte order.
    #[must_use]
    pub fn swapped(mut self, swap: bool) -> Self {
        self.swap = swap && self.dtype.swapped_bytes() > 1;
        self
    }

    /// The same elements, stored as conjugates or negated: numbers of one byte or more that have a sign.
    pub fn negated(mut self, conjugate: bool, negative: bool) -> Result<Self, StorageError> {
        let dtype = self.dtype;
        let signless = matches!(dtype, DType::Bool | DType::F8E8M0 | DType::F8E4M3Fnuz | DType::F8E5M2Fnuz);
        if negative && (signless || !self.has_own_bytes()) {
            return Err(StorageError::Signless { dtype });
        }
        (self.conjugate, self.negative) = (conjugate && dtype.is_complex(), negative);
        Ok(self)
    }

    /// Index into the description's files.
    pub fn file(&self) -> usize {
        self.file
    }

    /// Strides in elements, outermost dim first.
    pub fn strides(&self) -> &[u64] {
        &self.strides
    }

    /// The bytes of the file from the first to the last element.
    pub fn span(&self) -> Range<u64> {
        let length = needed(self.dtype, 0, &self.shape, &self.strides);
        self.start..self.start + length.expect("checked when the view was made")
    }

    /// Whether the values lie in canonical order and encoding, so that they can be hashed where they are.
    pub fn is_canonical(&self) -> bool {
        self.is_contiguous() && !self.swap && !self.conjugate && !self.negative
    }

    /// Bytes of its values in canonical order.
    pub(super) fn size_of_values(&self) -> Option<u64> {
        byte_length(self.dtype, &self.shape)
    }

    /// The values, when `storage` is not in a file but in memory: shared with it where they are canonical there.
    pub(crate) fn gathered(&self, storage: &Arc<Vec<u8>>) -> Result<Storage, StorageError> {
        let stored = storage.len() as u64;
        if self.is_canonical() {
            let beyond = StorageError::Beyond { needed: self.span().end, stored };
            return Gathered::shared(storage, self.span()).map(Storage::Gathered).ok_or(beyond);
        }
        let size = byte_length(self.dtype, &self.shape).expect("checked when the view was made");
        if size > stored.saturating_mul(16).max(1 << 20) {
            return Err(StorageError::Inflated { logical: size, stored });
        }
        let mut bytes = vec![0; size as usize];
        let read = self.read(&**storage, &mut bytes, 0);
        read.map_err(|_| StorageError::Beyond { needed: self.span().end, stored })?;
        Ok(Storage::Gathered(bytes.into()))
    }

    pub(super) fn moved(mut self, files: usize, shift: u64) -> Self {
        self.file += files;
        self.start += shift;
        self
    }

    /// Whether each element has bytes that it shares with none.
    fn has_own_bytes(&self) -> bool {
        self.dtype.bits().is_multiple_of(8) && !matches!(self.dtype, DType::Block(_))
    }

    fn is_contiguous(&self) -> bool {
        let mut expected = 1_u64;
        if self.shape.contains(&0) {
            return true;
        }
        for (dim, stride) in self.shape.iter().zip(&self.strides).rev() {
            if *dim != 1 && *stride != expected {
                return false;
            }
            expected = expected.saturating_mul(*dim);
        }
        true
    }

    /// Bytes per element.
    fn size(&self) -> usize {
        self.dtype.bits() as usize / 8
    }

    /// Fills `buffer` with the canonical bytes from `offset`, which the caller has checked.
    pub(super) fn read(&self, source: &dyn ReadAt, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        if self.is_canonical() {
            return source.read_exact_at(buffer, self.start + offset);
        }
        let size = self.size();
        // Whole elements are gathered; a request that cuts one is served from a copy.
        let first = offset / size as u64;
        let last = (offset + buffer.len() as u64).div_ceil(size as u64);
        let aligned = first * size as u64 == offset && (last - first) as usize * size == buffer.len();
        if aligned {
            return self.gather(source, buffer, first);
        }
        let mut whole = vec![0; (last - first) as usize * size];
        self.gather(source, &mut whole, first)?;
        let skip = (offset - first * size as u64) as usize;
        buffer.copy_from_slice(&whole[skip..skip + buffer.len()]);
        Ok(())
    }

    /// Gathers whole elements from the element `first` of the canonical order.
    fn gather(&self, source: &dyn ReadAt, buffer: &mut [u8], first: u64) -> io::Result<()> {
        let size = self.size();
        let mut places = Vec::new();
        let mut scratch = Vec::new();
        for (index, block) in buffer.chunks_mut(BLOCK * size).enumerate() {
            self.places(first + (index * BLOCK) as u64, block.len() / size, &mut places);
            self.fill(source, block, &mut places, &mut scratch)?;
            self.decode(block);
        }
        Ok(())
    }

    /// The byte in the file of each of `count` elements from the element `first`, with its position in the block.
    fn places(&self, first: u64, count: usize, places: &mut Vec<(u64, u32)>) {
        places.clear();
        let mut index = vec![0; self.shape.len()];
        let mut rest = first;
        for (along, dim) in index.iter_mut().zip(&self.shape).rev() {
            *along = rest % dim;
            rest /= dim;
        }
        let mut element: u64 = index.iter().zip(&self.strides).map(|(along, stride)| along * stride).sum();
        let size = self.size() as u64;
        for position in 0..count {
            places.push((self.start + element * size, position as u32));
            // Counts up like an odometer, the innermost dim first.
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                element += self.strides[axis];
                if index[axis] < self.shape[axis] {
                    break;
                }
                element -= self.strides[axis] * index[axis];
                index[axis] = 0;
            }
        }
    }

    /// Reads the elements in the order of the file, near ones together.
    fn fill(
        &self,
        source: &dyn ReadAt,
        block: &mut [u8],
        places: &mut [(u64, u32)],
        scratch: &mut Vec<u8>,
    ) -> io::Result<()> {
        let size = self.size();
        if !places.is_sorted() {
            places.sort_unstable();
        }
        let mut rest = &*places;
        while let [(start, _), ..] = rest {
            let mut end = *start;
            let near = rest.iter().take_while(|(place, _)| {
                let joins = *place <= end + GAP && place + size as u64 - start <= SPAN;
                end = end.max(if joins { place + size as u64 } else { end });
                joins
            });
            let (together, others) = rest.split_at(near.count().max(1));
            end = together[together.len() - 1].0 + size as u64;
            scratch.resize((end - start) as usize, 0);
            source.read_exact_at(scratch, *start)?;
            for (place, position) in together {
                let from = (place - start) as usize;
                let to = *position as usize * size;
                block[to..to + size].copy_from_slice(&scratch[from..from + size]);
            }
            rest = others;
        }
        Ok(())
    }

    /// Turns stored numbers into canonical ones.
    fn decode(&self, bytes: &mut [u8]) {
        let scalar = self.dtype.swapped_bytes();
        if self.swap {
            bytes.chunks_exact_mut(scalar).for_each(<[u8]>::reverse);
        }
        // The sign of an IEEE number is the highest bit of its last little-endian byte.
        if self.conjugate {
            bytes.chunks_exact_mut(2 * scalar).for_each(|pair| pair[2 * scalar - 1] ^= 0x80);
        }
        if self.negative && self.dtype.is_discrete() {
            bytes.chunks_exact_mut(scalar).for_each(negate);
        } else if self.negative {
            bytes.chunks_exact_mut(scalar).for_each(|number| number[scalar - 1] ^= 0x80);
        }
    }
}

/// The negative of a little-endian integer in two's complement, which wraps as all arithmetic of tensors does.
fn negate(number: &mut [u8]) {
    let mut carry = true;
    for byte in number {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Bytes before the element at `offset`.
fn bytes(dtype: DType, offset: u64) -> Option<u64> {
    match dtype {
        DType::Block(block) => (offset / block.elements()).checked_mul(block.bytes()),
        _ => Some(offset.checked_mul(dtype.bits())? / 8),
    }
}

/// Bytes from the start of a storage to the end of the last element of a view; 0 for an empty one.
fn needed(dtype: DType, offset: u64, shape: &[u64], strides: &[u64]) -> Option<u64> {
    if element_count(shape)? == 0 {
        return Some(0);
    }
    let mut last = offset;
    for (dim, stride) in shape.iter().zip(strides) {
        last = last.checked_add((dim - 1).checked_mul(*stride)?)?;
    }
    byte_length(dtype, &[last.checked_add(1)?])
}

impl From<View> for Storage {
    /// A view in canonical order is a range, which is hashed where it lies.
    fn from(view: View) -> Self {
        if view.is_canonical() {
            let span = view.span();
            Self::Range { file: view.file, offset: span.start, length: span.end - span.start }
        } else {
            Self::View(view)
        }
    }
}
