//! Metadata values: numbers, truth values, texts and arrays, each turned into text.

use super::GgufError;
use super::cursor::Cursor;

/// Bytes of a text that are shown; chat templates of some 10 KB are whole.
const TEXT_SHOWN: u64 = 64 << 10;

/// Elements of an array that are shown.
const ELEMENTS_SHOWN: u64 = 8;

/// Bytes that are shown of a text in an array.
const ELEMENT_SHOWN: u64 = 64;

/// A value of the metadata.
pub(super) struct Value {
    /// What it is.
    pub(super) kind: Kind,
    /// As text, perhaps cut.
    pub(super) text: String,
}

impl Value {
    /// The value where it is a whole number that is not negative.
    pub(super) fn whole(&self) -> Option<u64> {
        if matches!(self.kind, Kind::Text | Kind::Array) { None } else { self.text.parse().ok() }
    }
}

macro_rules! kinds {
    ($($variant:ident = $number:literal, $name:literal, $size:literal;)*) => {
        /// The type of a value.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            $($variant,)*
        }

        impl Kind {
            fn new(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$variant),)* _ => None }
            }

            /// Its name.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The bytes of a value, the least of one whose size is its own.
            const fn size(self) -> u64 {
                match self { $(Self::$variant => $size,)* }
            }
        }
    };
}

kinds! {
    U8 = 0, "u8", 1;
    I8 = 1, "i8", 1;
    U16 = 2, "u16", 2;
    I16 = 3, "i16", 2;
    U32 = 4, "u32", 4;
    I32 = 5, "i32", 4;
    F32 = 6, "f32", 4;
    Boolean = 7, "bool", 1;
    Text = 8, "string", 8;
    Array = 9, "array", 12;
    U64 = 10, "u64", 8;
    I64 = 11, "i64", 8;
    F64 = 12, "f64", 8;
}

/// Reads the type and value of the entry `key`.
pub(super) fn read(cursor: &mut Cursor<'_>, key: &str) -> Result<Value, GgufError> {
    let kind = kind(cursor, key)?;
    let text = match kind {
        Kind::Array => array(cursor, key)?,
        Kind::Text => {
            let (text, hidden) = text(cursor, TEXT_SHOWN)?;
            if hidden > 0 { format!("{text}… ({hidden} more bytes)") } else { text }
        }
        kind => scalar(cursor, key, kind)?,
    };
    Ok(Value { kind, text })
}

fn kind(cursor: &mut Cursor<'_>, key: &str) -> Result<Kind, GgufError> {
    let kind = cursor.u32("type of a value")?;
    Kind::new(kind).ok_or_else(|| GgufError::ValueType { key: key.to_owned(), kind })
}

fn scalar(cursor: &mut Cursor<'_>, key: &str, kind: Kind) -> Result<String, GgufError> {
    const WHAT: &str = "value";
    Ok(match kind {
        Kind::U8 => cursor.u8(WHAT)?.to_string(),
        Kind::I8 => (cursor.u8(WHAT)? as i8).to_string(),
        Kind::U16 => cursor.u16(WHAT)?.to_string(),
        Kind::I16 => (cursor.u16(WHAT)? as i16).to_string(),
        Kind::U32 => cursor.u32(WHAT)?.to_string(),
        Kind::I32 => (cursor.u32(WHAT)? as i32).to_string(),
        Kind::U64 => cursor.u64(WHAT)?.to_string(),
        Kind::I64 => (cursor.u64(WHAT)? as i64).to_string(),
        // Debug keeps the point of whole floats and the exponent of large ones.
        Kind::F32 => format!("{:?}", f32::from_bits(cursor.u32(WHAT)?)),
        Kind::F64 => format!("{:?}", f64::from_bits(cursor.u64(WHAT)?)),
        Kind::Boolean => match cursor.u8(WHAT)? {
            0 => "false".to_owned(),
            1 => "true".to_owned(),
            actual => return Err(GgufError::Boolean { key: key.to_owned(), actual }),
        },
        Kind::Text => {
            let (text, hidden) = text(cursor, ELEMENT_SHOWN)?;
            format!("{text:?}{}", if hidden > 0 { "…" } else { "" })
        }
        Kind::Array => return Err(GgufError::NestedArray { key: key.to_owned() }),
    })
}

/// The beginning of a text, and how many bytes of it are not shown. Texts of vocabularies need not be UTF-8.
fn text(cursor: &mut Cursor<'_>, shown: u64) -> Result<(String, u64), GgufError> {
    let (mut bytes, length) = cursor.text("text", shown)?;
    if bytes.len() as u64 != length {
        // A character that is cut is left out.
        while bytes.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
    }
    Ok((String::from_utf8_lossy(&bytes).into_owned(), length - bytes.len() as u64))
}

/// An array: its first elements and how many there are.
fn array(cursor: &mut Cursor<'_>, key: &str) -> Result<String, GgufError> {
    let kind = kind(cursor, key)?;
    if kind == Kind::Array {
        return Err(GgufError::NestedArray { key: key.to_owned() });
    }
    let count = cursor.u64("count of an array")?;
    cursor.require("array", count.saturating_mul(kind.size()))?;
    let shown = count.min(ELEMENTS_SHOWN);
    let mut elements = Vec::new();
    for _ in 0..shown {
        elements.push(scalar(cursor, key, kind)?);
    }
    if kind == Kind::Text {
        for _ in shown..count {
            let length = cursor.u64("text")?;
            cursor.skip("text", length)?;
        }
    } else {
        cursor.skip("array", (count - shown) * kind.size())?;
    }
    let elements = elements.join(", ");
    Ok(if count > shown {
        format!("[{elements}, …] ({count} of {})", kind.name())
    } else {
        format!("[{elements}]")
    })
}
