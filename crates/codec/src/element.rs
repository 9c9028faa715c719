//! What a block's bytes mean, as far as encoding them needs to know.

/// How the bytes of one number lie: its width, and whether sign, exponent and mantissa can be told apart.
///
/// An element chooses the transforms, never the result: every element gives back every sequence of bytes bit for
/// bit, and a wrong one only costs size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Element {
    /// Bytes without more structure: booleans, 8-bit integers, packed and block-quantised types, opaque bytes.
    Byte,
    /// 8-bit floats with a sign bit on top.
    Float8,
    /// Signed or unsigned 16-bit integers.
    Integer16,
    /// IEEE half precision.
    Float16,
    /// bfloat16.
    BFloat16,
    /// Signed or unsigned 32-bit integers.
    Integer32,
    /// IEEE single precision.
    Float32,
    /// Signed or unsigned 64-bit integers.
    Integer64,
    /// IEEE double precision.
    Float64,
}

impl Element {
    /// Every element, in the order of the numbers by which a block names them.
    pub const ALL: [Self; 9] = [
        Self::Byte,
        Self::Float8,
        Self::Integer16,
        Self::Float16,
        Self::BFloat16,
        Self::Integer32,
        Self::Float32,
        Self::Integer64,
        Self::Float64,
    ];

    /// The element of a dtype as safetensors spells it. Complex numbers are pairs of floats; what is not known here
    /// is [`Element::Byte`], which is right for everything.
    pub fn of_dtype(name: &str) -> Self {
        match name {
            "F64" | "C128" => Self::Float64,
            "F32" | "C64" => Self::Float32,
            "F16" | "C32" => Self::Float16,
            "BF16" => Self::BFloat16,
            "F8_E5M2" | "F8_E4M3" | "F8_E5M2FNUZ" | "F8_E4M3FNUZ" => Self::Float8,
            "I64" | "U64" => Self::Integer64,
            "I32" | "U32" => Self::Integer32,
            "I16" | "U16" => Self::Integer16,
            _ => Self::Byte,
        }
    }

    /// Bytes of one element: 1, 2, 4 or 8.
    pub const fn width(self) -> usize {
        match self {
            Self::Byte | Self::Float8 => 1,
            Self::Integer16 | Self::Float16 | Self::BFloat16 => 2,
            Self::Integer32 | Self::Float32 => 4,
            Self::Integer64 | Self::Float64 => 8,
        }
    }

    /// Whether the highest bit is a sign beside a magnitude, as in every float, instead of part of a number.
    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Self::Float8 | Self::Float16 | Self::BFloat16 | Self::Float32 | Self::Float64)
    }

    /// The number by which a block names it.
    pub const fn code(self) -> u8 {
        match self {
            Self::Byte => 1,
            Self::Float8 => 2,
            Self::Integer16 => 3,
            Self::Float16 => 4,
            Self::BFloat16 => 5,
            Self::Integer32 => 6,
            Self::Float32 => 7,
            Self::Integer64 => 8,
            Self::Float64 => 9,
        }
    }

    /// The element that a block names by `code`.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|element| element.code() == code)
    }
}
