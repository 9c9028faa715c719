//! Element types as ONNX numbers them.

use std::fmt;

use reproof_tensor::DType;

/// The type of a tensor's elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Element {
    /// Not declared.
    #[default]
    Undefined,
    /// A number or truth value.
    Number(DType),
    /// A text.
    Text,
    /// A type that this version does not know, as the file numbers it.
    Unknown(i32),
}

impl Element {
    /// The type that `TensorProto.DataType` numbers so.
    pub const fn from_code(code: i32) -> Self {
        Self::Number(match code {
            0 => return Self::Undefined,
            1 => DType::F32,
            2 => DType::U8,
            3 => DType::I8,
            4 => DType::U16,
            5 => DType::I16,
            6 => DType::I32,
            7 => DType::I64,
            8 => return Self::Text,
            9 => DType::Bool,
            10 => DType::F16,
            11 => DType::F64,
            12 => DType::U32,
            13 => DType::U64,
            14 => DType::C64,
            15 => DType::C128,
            16 => DType::BF16,
            17 => DType::F8E4M3,
            18 => DType::F8E4M3Fnuz,
            19 => DType::F8E5M2,
            20 => DType::F8E5M2Fnuz,
            21 => DType::U4,
            22 => DType::I4,
            23 => DType::F4,
            24 => DType::F8E8M0,
            25 => DType::U2,
            26 => DType::I2,
            other => return Self::Unknown(other),
        })
    }

    /// The dtype of numbers.
    pub const fn dtype(self) -> Option<DType> {
        match self {
            Self::Number(dtype) => Some(dtype),
            _ => None,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("?"),
            Self::Number(dtype) => dtype.fmt(f),
            Self::Text => f.write_str("STRING"),
            Self::Unknown(code) => write!(f, "type {code}"),
        }
    }
}
