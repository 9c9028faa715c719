//! Element types as NumPy writes them: byte order, kind, bytes.

use reproof_tensor::DType;

use super::NpyError;

/// What the elements are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Elements {
    /// Numbers, each of `scalar` bytes (complex ones are two), to be reversed for big-endian files.
    Numbers { dtype: DType, scalar: usize, swap: bool },
    /// Texts of `length` UCS-4 characters, padded with NUL.
    Unicode { length: usize, swap: bool },
    /// Texts of `length` bytes, padded with NUL.
    Bytes { length: usize },
}

impl Elements {
    /// Bytes per element as stored.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Numbers { dtype, .. } => dtype.bits() as usize / 8,
            Self::Unicode { length, .. } => length * 4,
            Self::Bytes { length } => length,
        }
    }
}

/// The longest text that an element may declare, so that sizes stay far from overflowing.
const LONGEST_TEXT: usize = 1 << 28;

/// Reads an element type.
pub(super) fn parse(descr: &str) -> Result<Elements, NpyError> {
    let refuse = |reason| Err(NpyError::ElementType { descr: descr.to_owned(), reason });
    let (order, rest) = match descr.as_bytes() {
        [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
        rest => (b'=', rest),
    };
    // `=` is the byte order of the machine that wrote the file, which NumPy never writes; nearly all are little.
    let swap = order == b'>';
    let Some((kind, digits)) = rest.split_first() else { return refuse("it is empty") };
    let size = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<usize>().ok());
    let number = |dtype, scalar| Ok(Elements::Numbers { dtype, scalar, swap });
    match (kind, size) {
        (b'O', _) => Err(NpyError::Objects),
        (b'b', Some(1)) => number(DType::Bool, 1),
        (b'u', Some(1)) => number(DType::U8, 1),
        (b'i', Some(1)) => number(DType::I8, 1),
        (b'u', Some(2)) => number(DType::U16, 2),
        (b'i', Some(2)) => number(DType::I16, 2),
        (b'f', Some(2)) => number(DType::F16, 2),
        (b'u', Some(4)) => number(DType::U32, 4),
        (b'i', Some(4)) => number(DType::I32, 4),
        (b'f', Some(4)) => number(DType::F32, 4),
        (b'u', Some(8)) => number(DType::U64, 8),
        (b'i', Some(8)) => number(DType::I64, 8),
        (b'f', Some(8)) => number(DType::F64, 8),
        (b'c', Some(8)) => number(DType::C64, 4),
        (b'c', Some(16)) => number(DType::C128, 8),
        (b'f' | b'c', Some(_)) => refuse("long doubles differ between machines"),
        (b'U', Some(length)) if length <= LONGEST_TEXT => Ok(Elements::Unicode { length, swap }),
        (b'S' | b'a', Some(length)) if length <= LONGEST_TEXT => Ok(Elements::Bytes { length }),
        (b'U' | b'S' | b'a', Some(_)) => refuse("the texts are too long"),
        (b'M' | b'm', _) => refuse("dates and durations are not numbers"),
        (b'V', _) => refuse("raw bytes have lost their type, as bfloat16 does in this format"),
        _ => refuse("it is not a type of NumPy"),
    }
}
