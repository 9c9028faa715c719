//! Numbers and texts: opcodes whose operand stands in the stream.

use super::super::opcode::{
    BINBYTES, BINFLOAT, BININT, BININT1, BININT2, BINSTRING, BINUNICODE, BINUNICODE8, FLOAT, INT, LONG1,
    LONG4, SHORT_BINBYTES, SHORT_BINSTRING, SHORT_BINUNICODE, STRING, UNICODE, mnemonic,
};
use super::super::value::{Blob, Text, Value};
use super::super::{PickleError, limits, text};
use super::Machine;

impl Machine<'_> {
    pub(super) fn number(&mut self) -> Result<(), PickleError> {
        let value = match self.opcode {
            BININT1 => {
                let value = self.input.byte("BININT1")?;
                return self.push_interned(value.into(), Value::Int(value.into()));
            }
            BININT2 => Value::Int(u16::from_le_bytes(self.input.array("BININT2")?).into()),
            BININT => Value::Int(i32::from_le_bytes(self.input.array("BININT")?).into()),
            BINFLOAT => Value::Float(f64::from_be_bytes(self.input.array("BINFLOAT")?)),
            LONG1 | LONG4 => {
                let length = if self.opcode == LONG1 {
                    u64::from(self.input.byte("LONG1")?)
                } else {
                    self.length_i32("LONG4")?
                };
                if length > limits::LONG {
                    return Err(self.limit("bytes in an integer", limits::LONG));
                }
                text::long(self.input.take(length as usize, "an integer")?)
            }
            FLOAT => {
                let line = self.input.line("FLOAT")?;
                let text = std::str::from_utf8(&line).ok().map(str::trim);
                match text.and_then(|text| text.parse().ok()) {
                    Some(value) => Value::Float(value),
                    None => return Err(self.literal("a float", &line)),
                }
            }
            _ => {
                let line = self.input.line("an integer")?;
                match line.trim_ascii() {
                    b"00" if self.opcode == INT => Value::Bool(false),
                    b"01" if self.opcode == INT => Value::Bool(true),
                    digits => text::integer(digits).ok_or_else(|| self.literal("an integer", &line))?,
                }
            }
        };
        self.push(value)
    }

    pub(super) fn string(&mut self) -> Result<(), PickleError> {
        let name = mnemonic(self.opcode);
        let length = match self.opcode {
            STRING => {
                let line = self.input.line(name)?;
                let bytes = text::quoted(&line).ok_or_else(|| self.literal("a quoted text", &line))?;
                self.charge(bytes.len() as u64);
                // Python 2 made no difference between texts and bytes; what reads as text is text.
                let value = match String::from_utf8(bytes) {
                    Ok(text) => Value::Text(Text::Inline(text.into())),
                    Err(error) => Value::Bytes(Blob::Inline(error.into_bytes().into())),
                };
                return self.push(value);
            }
            UNICODE => {
                let line = self.input.line(name)?;
                self.charge(line.len() as u64);
                return self.push(Value::Text(Text::Inline(text::raw_unicode(&line).into())));
            }
            SHORT_BINSTRING | SHORT_BINUNICODE | SHORT_BINBYTES => u64::from(self.input.byte(name)?),
            BINSTRING => self.length_i32(name)?,
            BINUNICODE | BINBYTES => u32::from_le_bytes(self.input.array(name)?).into(),
            _ => u64::from_le_bytes(self.input.array(name)?),
        };
        let is_text = matches!(self.opcode, SHORT_BINUNICODE | BINUNICODE | BINUNICODE8);
        let either = matches!(self.opcode, SHORT_BINSTRING | BINSTRING);
        let value = if length <= limits::INLINE && self.inline + length <= limits::INLINE_TOTAL {
            self.inline += length;
            let bytes = self.input.take(length as usize, name)?;
            match std::str::from_utf8(bytes) {
                Ok(text) if is_text || either => Value::Text(Text::Inline(text.into())),
                Err(_) if is_text => Value::Text(Text::Inline(String::from_utf8_lossy(bytes).into())),
                _ => Value::Bytes(Blob::Inline(bytes.into())),
            }
        } else {
            let range = self.input.skip(length, name)?;
            if is_text { Value::Text(Text::Stored(range)) } else { Value::Bytes(Blob::Stored(range)) }
        };
        self.push(value)
    }

    /// A length of four bytes that must not be negative.
    pub(super) fn length_i32(&mut self, name: &'static str) -> Result<u64, PickleError> {
        let length = i32::from_le_bytes(self.input.array(name)?);
        u64::try_from(length).map_err(|_| PickleError::Literal {
            offset: self.offset,
            expected: "a length",
            actual: length.to_string(),
        })
    }
}
