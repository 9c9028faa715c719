//! The first bytes of every block: what it is, before anything is decoded.

use crate::decode::DecodeError;
use crate::element::Element;

/// The first byte of every block: a value that is neither text nor the start of a common compressed format.
pub(crate) const MAGIC: u8 = 0xb7;

/// The version that this crate writes, and the newest that it reads.
pub const FORMAT_VERSION: u8 = 0;

/// Bytes of a header; a block is never longer than its input and this.
pub const HEADER_LENGTH: usize = 12;

/// Bases between a block and one that needs none, at most: a leaf on an anchor on a keyframe.
///
/// Measured on successive checkpoints: a tree of depth 2 costs 9 % more than an unbounded chain, and one of depth 1
/// costs 9 % more again, while each level is one more block to decode on a cold read.
pub const MAX_DEPTH: u8 = 2;

/// What was done to the numbers before their bytes were coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transform {
    /// Nothing: the bytes follow as they are.
    Stored,
    /// Byte planes of the numbers themselves.
    Planes,
    /// Byte planes of the differences from a base.
    Delta,
    /// Nothing follows: the block is its base, converted to the block's element where that is another one.
    Same,
}

impl Transform {
    const ALL: [Self; 4] = [Self::Stored, Self::Planes, Self::Delta, Self::Same];

    /// Whether decoding needs a base.
    pub const fn needs_base(self) -> bool {
        matches!(self, Self::Delta | Self::Same)
    }

    const fn code(self) -> u8 {
        match self {
            Self::Stored => 0,
            Self::Planes => 1,
            Self::Delta => 2,
            Self::Same => 3,
        }
    }
}

/// What a block says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the decoded bytes are.
    pub element: Element,
    /// How they are encoded.
    pub transform: Transform,
    /// What the base's bytes are, where there is one.
    pub base_element: Option<Element>,
    /// Bases between this block and one that needs none: 0 without a base, at most [`MAX_DEPTH`].
    pub depth: u8,
    /// Decoded bytes.
    pub length: u32,
}

impl Header {
    /// Reads the header of `encoded` and checks that it agrees with itself. The length that it gives is a claim.
    pub fn parse(encoded: &[u8]) -> Result<Self, DecodeError> {
        let Some(bytes) = encoded.first_chunk::<HEADER_LENGTH>() else {
            return Err(DecodeError::Truncated {
                what: "header",
                offset: 0,
                expected: HEADER_LENGTH,
                got: encoded.len(),
            });
        };
        let [magic, version, element, transform, base_element, depth, l0, l1, l2, l3, c0, c1] = *bytes;
        if magic != MAGIC {
            return Err(DecodeError::Magic { expected: MAGIC, got: magic });
        }
        // Before the check, so that a later version is free to lay out what follows differently.
        if version != FORMAT_VERSION {
            return Err(DecodeError::Version { newest: FORMAT_VERSION, got: version });
        }
        let (expected, got) = (u16::from_le_bytes([c0, c1]), check(bytes));
        if expected != got {
            return Err(DecodeError::HeaderCheck { expected, got });
        }
        let unknown = |what, offset, got| DecodeError::Unknown { what, offset, got };
        let header = Self {
            element: Element::from_code(element).ok_or(unknown("element", 2, element))?,
            transform: Transform::ALL.into_iter().find(|known| known.code() == transform).ok_or(unknown(
                "transform",
                3,
                transform,
            ))?,
            base_element: match base_element {
                0 => None,
                code => Some(Element::from_code(code).ok_or(unknown("base element", 4, code))?),
            },
            depth,
            length: u32::from_le_bytes([l0, l1, l2, l3]),
        };
        let needs = header.transform.needs_base();
        if header.base_element.is_some() != needs {
            return Err(unknown("base element", 4, base_element));
        }
        if depth > MAX_DEPTH || (depth > 0) != needs {
            return Err(unknown("depth", 5, depth));
        }
        Ok(header)
    }

    /// The twelve bytes.
    pub(crate) fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let [l0, l1, l2, l3] = self.length.to_le_bytes();
        let base = self.base_element.map_or(0, Element::code);
        let mut bytes = [
            MAGIC,
            FORMAT_VERSION,
            self.element.code(),
            self.transform.code(),
            base,
            self.depth,
            l0,
            l1,
            l2,
            l3,
            0,
            0,
        ];
        let check = check(&bytes).to_le_bytes();
        if let Some(last) = bytes.last_chunk_mut::<2>() {
            *last = check;
        }
        bytes
    }

    /// The bytes that the base must have: one base element for each whole element, and the odd bytes after them
    /// where both elements are equally wide. `None` where no base is needed.
    pub fn base_length(self) -> Option<usize> {
        self.base_element.map(|base| base_length(self.element, base, self.length as usize))
    }
}

/// See [`Header::base_length`].
pub(crate) fn base_length(element: Element, base: Element, length: usize) -> usize {
    let width = element.width();
    if base.width() == width { length } else { (length / width).saturating_mul(base.width()) }
}

/// CRC-16/XMODEM (polynomial 0x1021, start 0) of all but the last two bytes: it finds every change of up to 16 bits in
/// a row and, in messages of this length, every change of up to three bits anywhere.
fn check(bytes: &[u8; HEADER_LENGTH]) -> u16 {
    let mut remainder = 0_u16;
    for byte in bytes.iter().take(HEADER_LENGTH - 2) {
        remainder ^= u16::from(*byte) << 8;
        for _ in 0..8 {
            let carry = remainder & 0x8000 != 0;
            remainder = (remainder << 1) ^ if carry { 0x1021 } else { 0 };
        }
    }
    remainder
}
