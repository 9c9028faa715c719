//! How elements of a dtype lie in bytes, as far as comparing them needs to know.

use crate::{BlockType, DType, Elements};

/// How elements lie in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// One number after the other; complex ones are two.
    Plain(DType),
    /// Several elements to a byte.
    Packed {
        /// Bits of each.
        bits: usize,
        /// Whether they have values.
        readable: bool,
    },
    /// Blocks of elements that share a scale.
    Block {
        /// Which.
        block: BlockType,
        /// Whether elements have values; where not, a block is an element.
        readable: bool,
    },
}

/// Runs an expression for the [`Number`](super::number::Number) of an encoding, or another one where elements are not
/// plain numbers.
macro_rules! dispatch {
    ($encoding:expr, $number:ident => $plain:expr, elements => $elements:expr) => {{
        use $crate::compare::stream::{encoding::Encoding, number};
        macro_rules! plain {
            ($kind:ident) => {{
                type $number = number::$kind;
                $plain
            }};
        }
        match $encoding {
            Encoding::Plain(dtype) => match dtype {
                DType::F64 => plain!(F64),
                DType::F32 => plain!(F32),
                DType::F16 => plain!(F16),
                DType::BF16 => plain!(Bf16),
                DType::F8E8M0 => plain!(Scale8),
                DType::I64 => plain!(I64),
                DType::U64 => plain!(U64),
                DType::I32 => plain!(I32),
                DType::U32 => plain!(U32),
                DType::I16 => plain!(I16),
                DType::U16 => plain!(U16),
                DType::I8 => plain!(I8),
                dtype if dtype.is_float() => plain!(Float8),
                _ => plain!(U8),
            },
            Encoding::Packed { .. } | Encoding::Block { .. } => $elements,
        }
    }};
}
pub(crate) use dispatch;

impl Encoding {
    pub(super) fn of(dtype: DType) -> Self {
        let readable = Elements::new(dtype, &[], 0).is_some();
        match dtype {
            DType::Block(block) => Self::Block { block, readable },
            DType::C128 => Self::Plain(DType::F64),
            DType::C64 => Self::Plain(DType::F32),
            DType::C32 => Self::Plain(DType::F16),
            _ if dtype.bits() < 8 => Self::Packed { bits: dtype.bits() as usize, readable },
            _ => Self::Plain(dtype),
        }
    }

    pub(super) fn is_readable(self) -> bool {
        match self {
            Self::Plain(_) => true,
            Self::Packed { readable, .. } | Self::Block { readable, .. } => readable,
        }
    }

    /// Whether neighbours on the number line are one step apart.
    pub(super) fn has_steps(self) -> bool {
        matches!(self, Self::Plain(_))
    }

    /// The shape in elements as they are counted here.
    pub(super) fn shape(self, dtype: DType, shape: &[u64]) -> Vec<u64> {
        let mut shape = shape.to_vec();
        match self {
            Self::Plain(_) if dtype.is_complex() => shape.push(2),
            Self::Packed { bits, readable: false } => {
                let count = crate::element_count(&shape).unwrap_or(u64::MAX);
                shape = vec![(u128::from(count) * bits as u128).div_ceil(8) as u64];
            }
            Self::Block { block, readable: false } => {
                let count = crate::element_count(&shape).unwrap_or(u64::MAX);
                shape = vec![count.div_ceil(block.elements())];
            }
            _ => {}
        }
        shape
    }

    /// Bytes of so many elements, a multiple of 256.
    pub(super) fn bytes(self, elements: usize) -> usize {
        match self {
            Self::Plain(dtype) => elements * dtype.bits() as usize / 8,
            Self::Packed { readable: false, .. } => elements,
            Self::Packed { bits, .. } => elements * bits / 8,
            Self::Block { block, readable: false } => elements * block.bytes() as usize,
            Self::Block { block, .. } => elements / block.elements() as usize * block.bytes() as usize,
        }
    }

    /// Elements in so many bytes.
    pub(super) fn elements(self, bytes: usize) -> usize {
        self.position(bytes as u64) as usize
    }

    /// The element that a byte belongs to, or the first of those.
    pub(super) fn position(self, byte: u64) -> u64 {
        match self {
            Self::Plain(dtype) => byte * 8 / dtype.bits(),
            Self::Packed { readable: false, .. } => byte,
            Self::Packed { bits, .. } => byte * 8 / bits as u64,
            Self::Block { block, readable: false } => byte / block.bytes(),
            Self::Block { block, .. } => byte / block.bytes() * block.elements(),
        }
    }

    /// The smallest number of whole bytes that hold whole elements.
    pub(super) fn whole_bytes(self) -> usize {
        match self {
            Self::Plain(dtype) => dtype.bits() as usize / 8,
            Self::Packed { .. } => 1,
            Self::Block { block, .. } => block.bytes() as usize,
        }
    }
}
