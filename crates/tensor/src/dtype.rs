//! Element types.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::BlockType;

macro_rules! dtypes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $bits:literal;)*) => {
        /// The type of a tensor's elements.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DType {
            $($(#[$doc])* $variant,)*
            /// Quantised in blocks that share a scale.
            Block(BlockType),
        }

        impl DType {
            /// Every dtype that is not stored in blocks, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name as safetensors spells it; types that safetensors lacks follow its manner.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Block(block) => block.name(),
                }
            }

            /// Bits per element as stored; of blocks their average, rounded up.
            pub const fn bits(self) -> u64 {
                match self {
                    $(Self::$variant => $bits,)*
                    Self::Block(block) => (block.bytes() * 8).div_ceil(block.elements()),
                }
            }
        }
    };
}

dtypes! {
    /// One byte, 0 or 1.
    Bool = "BOOL", 8;
    /// Unsigned 2-bit integer, four to a byte, lowest bits first.
    U2 = "U2", 2;
    /// Signed 2-bit integer, packed as [`DType::U2`].
    I2 = "I2", 2;
    /// Unsigned 4-bit integer, two to a byte, low nibble first.
    U4 = "U4", 4;
    /// Signed 4-bit integer, packed as [`DType::U4`].
    I4 = "I4", 4;
    /// 4-bit float E2M1, packed as [`DType::U4`].
    F4 = "F4", 4;
    /// 6-bit float E2M3, as safetensors packs it.
    F6E2M3 = "F6_E2M3", 6;
    /// 6-bit float E3M2, as safetensors packs it.
    F6E3M2 = "F6_E3M2", 6;
    /// Unsigned 8-bit integer.
    U8 = "U8", 8;
    /// Signed 8-bit integer.
    I8 = "I8", 8;
    /// 8-bit float E5M2 (IEEE-like, with infinities).
    F8E5M2 = "F8_E5M2", 8;
    /// 8-bit float E4M3FN (no infinities).
    F8E4M3 = "F8_E4M3", 8;
    /// 8-bit float E5M2FNUZ.
    F8E5M2Fnuz = "F8_E5M2FNUZ", 8;
    /// 8-bit float E4M3FNUZ.
    F8E4M3Fnuz = "F8_E4M3FNUZ", 8;
    /// 8-bit power-of-two scale E8M0.
    F8E8M0 = "F8_E8M0", 8;
    /// Signed 16-bit integer.
    I16 = "I16", 16;
    /// Unsigned 16-bit integer.
    U16 = "U16", 16;
    /// IEEE half precision.
    F16 = "F16", 16;
    /// bfloat16.
    BF16 = "BF16", 16;
    /// Signed 32-bit integer.
    I32 = "I32", 32;
    /// Unsigned 32-bit integer.
    U32 = "U32", 32;
    /// IEEE single precision.
    F32 = "F32", 32;
    /// Signed 64-bit integer.
    I64 = "I64", 64;
    /// Unsigned 64-bit integer.
    U64 = "U64", 64;
    /// IEEE double precision.
    F64 = "F64", 64;
    /// Complex of two half-precision floats.
    C32 = "C32", 32;
    /// Complex of two single-precision floats.
    C64 = "C64", 64;
    /// Complex of two double-precision floats.
    C128 = "C128", 128;
}

impl DType {
    /// Whether elements are real floating-point numbers.
    pub const fn is_float(self) -> bool {
        self.epsilon().is_some()
    }

    /// Whether elements are complex.
    pub const fn is_complex(self) -> bool {
        matches!(self, Self::C32 | Self::C64 | Self::C128)
    }

    /// Whether elements are integers or booleans: what a model decides rather than computes.
    pub const fn is_discrete(self) -> bool {
        !self.is_float() && !self.is_complex() && !matches!(self, Self::Block(_))
    }

    /// Bytes that change places when the byte order does: one number, half of a complex one. 1 where elements are
    /// bytes or smaller.
    pub const fn swapped_bytes(self) -> usize {
        match self {
            Self::Block(_) => 1,
            _ if self.is_complex() => self.bits() as usize / 16,
            _ if self.bits() < 8 => 1,
            _ => self.bits() as usize / 8,
        }
    }

    /// The distance from 1 to the next larger number, `None` for what is not a real float.
    ///
    /// Source: IEEE 754-2019 table 3.5 (binary16/32/64); the OCP 8-bit, FNUZ and MX specifications for the
    /// small formats (2 to the minus number of mantissa bits).
    pub const fn epsilon(self) -> Option<f64> {
        match self {
            Self::F64 => Some(f64::EPSILON),
            Self::F32 => Some(f32::EPSILON as f64),
            Self::F16 => Some(1.0 / 1024.0),
            Self::BF16 => Some(1.0 / 128.0),
            Self::F8E4M3 | Self::F8E4M3Fnuz | Self::F6E2M3 => Some(1.0 / 8.0),
            Self::F8E5M2 | Self::F8E5M2Fnuz | Self::F6E3M2 => Some(1.0 / 4.0),
            Self::F4 => Some(1.0 / 2.0),
            Self::F8E8M0 => Some(1.0),
            _ => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A dtype name that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("dtype `{name}` is not known to this version")]
pub struct UnknownDType {
    /// The refused name.
    pub name: String,
}

impl FromStr for DType {
    type Err = UnknownDType;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let plain = Self::ALL.iter().copied();
        let mut known = plain.chain(BlockType::ALL.iter().map(|block| Self::Block(*block)));
        known.find(|dtype| dtype.name() == name).ok_or_else(|| UnknownDType { name: name.to_owned() })
    }
}

impl Serialize for DType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for DType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for DType {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "DType".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let blocks = BlockType::ALL.iter().map(|block| block.name());
        let names: Vec<&str> = Self::ALL.iter().map(|dtype| dtype.name()).chain(blocks).collect();
        schemars::json_schema!({ "type": "string", "enum": names })
    }
}
