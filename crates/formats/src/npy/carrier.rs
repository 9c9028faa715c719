//! Element types as tensors carry them: numbers as they are, everything else as raw integers that NumPy's own
//! description explains.

use reproof_tensor::DType;

use super::NpyError;
use super::descr::{self, Elements};
use super::header::Descr;

/// How the elements of an array become those of a tensor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Carrier {
    /// The element type of the tensor.
    pub(super) dtype: DType,
    /// Elements of the tensor per element of the array, as one more dim, where they are not the same.
    pub(super) parts: Option<u64>,
    /// Whether numbers are stored in the other byte order.
    pub(super) swap: bool,
    /// NumPy's description, where the tensor's type does not tell all.
    pub(super) note: Option<String>,
}

/// What carries elements of this type; `None` for Python objects, whose file has no elements.
pub(super) fn carrier(descr: &Descr) -> Result<Option<Carrier>, NpyError> {
    let descr = match descr {
        Descr::Plain(descr) => descr,
        Descr::Structure(structure) if structure.has_objects() => return Ok(None),
        Descr::Structure(structure) => {
            let written = &structure.written;
            let too_large = || refused(written, "its elements are larger than any file");
            return Ok(Some(raw(structure.size().ok_or_else(too_large)?, written)));
        }
    };
    let parsed = Code::parse(descr)?;
    Ok(match (parsed.kind, descr::parse(descr)) {
        (b'O', _) => None,
        (_, Ok(Elements::Numbers { dtype, swap, .. })) => {
            Some(Carrier { dtype, parts: None, swap: swap && dtype.swapped_bytes() > 1, note: None })
        }
        (b'U', _) => Some(Carrier {
            dtype: DType::U32,
            parts: Some(parsed.number),
            swap: parsed.swap,
            note: Some(noted(descr)),
        }),
        (b'M' | b'm', _) => {
            Some(Carrier { dtype: DType::I64, parts: None, swap: parsed.swap, note: Some(noted(descr)) })
        }
        _ => Some(raw(parsed.number, descr)),
    })
}

/// Bytes per element of a code; `None` beyond 64 bits.
pub(super) fn size(descr: &str) -> Result<Option<u64>, NpyError> {
    let code = Code::parse(descr)?;
    Ok(if code.kind == b'U' { code.number.checked_mul(4) } else { Some(code.number) })
}

/// Whether a code stands for Python objects.
pub(super) fn is_object(descr: &str) -> bool {
    matches!(Code::parse(descr), Ok(Code { kind: b'O', .. }))
}

/// Elements of bytes whose meaning is lost here.
fn raw(size: u64, descr: &str) -> Carrier {
    Carrier { dtype: DType::U8, parts: Some(size), swap: false, note: Some(noted(descr)) }
}

fn noted(descr: &str) -> String {
    format!("numpy {descr}")
}

fn refused(descr: &str, reason: &'static str) -> NpyError {
    NpyError::ElementType { descr: descr.to_owned(), reason }
}

/// The parts of a code.
struct Code {
    /// Whether the bytes of numbers are in the other order.
    swap: bool,
    kind: u8,
    /// Bytes, or characters of `U`.
    number: u64,
}

impl Code {
    fn parse(descr: &str) -> Result<Self, NpyError> {
        let (swap, rest) = match descr.as_bytes() {
            [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order == b'>', rest),
            rest => (false, rest),
        };
        let Some((kind, rest)) = rest.split_first() else { return Err(refused(descr, "it is empty")) };
        // Dates have their unit in brackets behind the number.
        let digits = if matches!(kind, b'M' | b'm') {
            rest.split(|byte| *byte == b'[').next().unwrap_or_default()
        } else {
            rest
        };
        let number = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse::<u64>().ok());
        let sound = match kind {
            // Objects are pointers, whose size says nothing.
            b'O' => true,
            b'b' => number == Some(1),
            b'u' | b'i' => matches!(number, Some(1 | 2 | 4 | 8)),
            // Long doubles have 10, 12 or 16 bytes, depending on the machine.
            b'f' => matches!(number, Some(2 | 4 | 8 | 10 | 12 | 16)),
            b'c' => matches!(number, Some(8 | 16 | 20 | 24 | 32)),
            b'M' | b'm' => number == Some(8),
            b'U' | b'S' | b'a' | b'V' => number.is_some(),
            _ => false,
        };
        if sound {
            Ok(Self { swap, kind: *kind, number: number.unwrap_or(8) })
        } else {
            Err(refused(descr, "it is not a type of NumPy"))
        }
    }
}
