//! Bytes from blocks. Blocks are untrusted: every way in which one can be wrong has an error, and what is taken of
//! memory is bounded by the length that the caller expects, never by what a block claims.

use crate::cast;
use crate::classes::Reference;
use crate::cursor::Cursor;
use crate::header::{HEADER_LENGTH, Header, Transform};
use crate::plane::{self, Plane};
use crate::planes;

/// Why a block could not be decoded. Offsets are bytes from the start of the block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The block ends too early.
    #[error("block ends in {what} at byte {offset}: expected {expected} more bytes, got {got}")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// Where it begins.
        offset: usize,
        /// The bytes that it has.
        expected: usize,
        /// The bytes that are left.
        got: usize,
    },
    /// These are other bytes than a block.
    #[error("not a block: first byte is {got:#04x}, expected {expected:#04x}")]
    Magic {
        /// The first byte of every block.
        expected: u8,
        /// The first byte of this one.
        got: u8,
    },
    /// A later version wrote the block.
    #[error("block of format version {got}, expected at most {newest}")]
    Version {
        /// The newest version that is read.
        newest: u8,
        /// The block's version.
        got: u8,
    },
    /// The header is damaged.
    #[error("damaged block header: checksum is {got:#06x}, expected {expected:#06x}")]
    HeaderCheck {
        /// The checksum that the header states.
        expected: u16,
        /// The checksum of what it holds.
        got: u16,
    },
    /// A number that stands for something stands for nothing here.
    #[error("unknown or misplaced {what} at byte {offset}: got {got}")]
    Unknown {
        /// What the number should stand for.
        what: &'static str,
        /// Where it is.
        offset: usize,
        /// The number.
        got: u8,
    },
    /// The block holds another number of bytes than the caller knows it to have.
    #[error("block decodes to {got} bytes, expected {expected}")]
    Length {
        /// What the caller expects.
        expected: usize,
        /// What the block claims.
        got: usize,
    },
    /// The block is a difference from a base that was not given.
    #[error("block of depth {depth} without its base, expected one of {expected} bytes")]
    BaseMissing {
        /// The block's depth.
        depth: u8,
        /// The bytes of its base.
        expected: usize,
    },
    /// The base is not of this block.
    #[error("base of {got} bytes, expected {expected}")]
    BaseLength {
        /// The bytes of this block's base.
        expected: usize,
        /// The bytes of the given one.
        got: usize,
    },
    /// What follows the header contradicts itself.
    #[error("damaged block: {what} at byte {offset} is not valid")]
    Corrupt {
        /// What is wrong.
        what: &'static str,
        /// Where it begins.
        offset: usize,
    },
    /// Bytes follow what the block consists of.
    #[error("{count} bytes after the end of the block at byte {offset}")]
    Trailing {
        /// Where the block ends.
        offset: usize,
        /// How many bytes follow.
        count: usize,
    },
}

/// Decodes a block of which the caller knows that it has `length` bytes.
///
/// `base` are the decoded bytes that were its [`Base`](crate::Base); a block that needs none ignores them. A wrong base of
/// the right length gives wrong bytes without an error: whoever keeps blocks keeps digests too.
pub fn decode(encoded: &[u8], base: Option<&[u8]>, length: usize) -> Result<Vec<u8>, DecodeError> {
    // Before the memory is taken.
    let header = parse(encoded, length)?;
    let mut bytes = vec![0; length];
    decode_parsed(header, encoded, base, &mut bytes)?;
    Ok(bytes)
}

/// [`decode`] into memory that the caller has, of the block's length. After an error its content is unspecified.
pub fn decode_into(encoded: &[u8], base: Option<&[u8]>, bytes: &mut [u8]) -> Result<(), DecodeError> {
    let header = parse(encoded, bytes.len())?;
    decode_parsed(header, encoded, base, bytes)
}

fn parse(encoded: &[u8], length: usize) -> Result<Header, DecodeError> {
    let header = Header::parse(encoded)?;
    if header.length as usize != length {
        return Err(DecodeError::Length { expected: length, got: header.length as usize });
    }
    Ok(header)
}

fn decode_parsed(
    header: Header,
    encoded: &[u8],
    base: Option<&[u8]>,
    bytes: &mut [u8],
) -> Result<(), DecodeError> {
    let mut cursor = Cursor::new(encoded.get(HEADER_LENGTH..).unwrap_or_default(), HEADER_LENGTH);
    let reference = match (header.base_element, header.base_length()) {
        (Some(element), Some(expected)) => {
            let missing = DecodeError::BaseMissing { depth: header.depth, expected };
            let base = base.ok_or(missing)?;
            if base.len() != expected {
                return Err(DecodeError::BaseLength { expected, got: base.len() });
            }
            let unknown = DecodeError::Unknown { what: "base element", offset: 4, got: element.code() };
            Some(cast::convert(element, header.element, base).ok_or(unknown)?)
        }
        _ => None,
    };
    match (header.transform, reference.as_deref()) {
        (Transform::Stored, _) => bytes.copy_from_slice(cursor.take("stored bytes", bytes.len())?),
        (Transform::Same, Some(reference)) if reference.len() == bytes.len() => {
            bytes.copy_from_slice(reference);
        }
        (Transform::Planes | Transform::Delta, reference) => {
            decode_planes(header, &mut cursor, reference, bytes)?;
        }
        // A conversion gives whole elements only, so an encoder never says this of odd bytes.
        (Transform::Same, _) => return Err(DecodeError::Corrupt { what: "length", offset: 6 }),
    }
    cursor.finish()
}

fn decode_planes(
    header: Header,
    cursor: &mut Cursor<'_>,
    reference: Option<&[u8]>,
    bytes: &mut [u8],
) -> Result<(), DecodeError> {
    let width = header.element.width();
    let count = bytes.len() / width;
    let mut decoded = Vec::with_capacity(width);
    let mut based = reference.map(|reference| Reference::new(header.element, reference));
    for _ in 0..if count == 0 { 0 } else { width } {
        let plane = plane::decode(cursor, count, based.as_mut())?;
        decoded.push(Plane::into_bytes(plane, count));
    }
    let mut slices = [[].as_slice(); 8];
    for (slice, plane) in slices.iter_mut().zip(&decoded) {
        *slice = plane;
    }
    let (whole, odd) = bytes.split_at_mut((count * width).min(bytes.len()));
    planes::join(header.element, slices.get(..width).unwrap_or_default(), reference, whole);
    odd.copy_from_slice(cursor.take("odd bytes", odd.len())?);
    Ok(())
}
