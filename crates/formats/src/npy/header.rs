//! The header: a Python literal of three entries, read with a grammar of just that.

use reproof_digest::ReadAt;

use super::NpyError;
use super::structure::{self, Structure};

/// The longest header; NumPy itself refuses more than 10 000 characters of strangers.
const LONGEST: u64 = 64 << 10;

/// What an array says about itself.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// The element type.
    pub(super) descr: Descr,
    /// Whether the first dim varies fastest.
    pub(super) fortran_order: bool,
    /// Dims, outermost first.
    pub(super) shape: Vec<u64>,
    /// Where the elements start.
    pub(super) data: usize,
}

/// An element type as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Descr {
    /// One value per element.
    Plain(String),
    /// Several values per element.
    Structure(Structure),
}

/// Reads the header at the start of `source`, and nothing after it.
pub(super) fn read(source: &dyn ReadAt) -> Result<Header, NpyError> {
    let available = |wanted: u64| {
        let length = wanted.min(source.size()) as usize;
        source.read_range(0, length).map_err(|source| NpyError::Io { action: "read its header", source })
    };
    let (length, start) = length(&available(12)?)?;
    parse(&available(start as u64 + length)?)
}

/// Reads the header at the start of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Result<Header, NpyError> {
    let (length, start) = length(bytes)?;
    let data = start + length as usize;
    let truncated = || NpyError::Truncated { what: "header", needed: data as u64, left: bytes.len() as u64 };
    let text = bytes.get(start..data).ok_or_else(truncated)?;
    Literal { text, position: 0, start }.header(data)
}

/// The length of the header and where it starts.
fn length(bytes: &[u8]) -> Result<(u64, usize), NpyError> {
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or(NpyError::Magic)?;
    let truncated = |what, needed| NpyError::Truncated { what, needed, left: bytes.len() as u64 };
    let [major, _minor, rest @ ..] = rest else { return Err(truncated("version", 8)) };
    let (length, start) = match (major, rest) {
        (1, [a, b, ..]) => (u64::from(u16::from_le_bytes([*a, *b])), 10),
        (2 | 3, [a, b, c, d, ..]) => (u64::from(u32::from_le_bytes([*a, *b, *c, *d])), 12),
        (1..=3, _) => return Err(truncated("header length", 12)),
        (major, _) => return Err(NpyError::Version { major: *major }),
    };
    if length > LONGEST {
        return Err(NpyError::HeaderTooLarge { limit: LONGEST, actual: length });
    }
    Ok((length, start))
}

/// A cursor over the header's text.
pub(super) struct Literal<'a> {
    text: &'a [u8],
    position: usize,
    start: usize,
}

impl<'a> Literal<'a> {
    fn header(mut self, data: usize) -> Result<Header, NpyError> {
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        self.expect(b'{', "`{`")?;
        while !self.take(b'}') {
            let key = self.string()?;
            self.expect(b':', "`:`")?;
            // An entry given twice is refused, so that no two readers choose differently.
            match key {
                b"descr" if descr.is_none() => descr = Some(self.descr()?),
                b"fortran_order" if fortran_order.is_none() => fortran_order = Some(self.boolean()?),
                b"shape" if shape.is_none() => shape = Some(self.shape()?),
                _ => return Err(self.wrong("`descr`, `fortran_order` and `shape`, each once")),
            }
            if !self.take(b',') {
                self.expect(b'}', "`}`")?;
                break;
            }
        }
        self.space();
        if self.position < self.text.len() {
            return Err(self.wrong("the end"));
        }
        match (descr, fortran_order, shape) {
            (Some(descr), Some(fortran_order), Some(shape)) => {
                Ok(Header { descr, fortran_order, shape, data })
            }
            _ => Err(self.wrong("`descr`, `fortran_order` and `shape`, each once")),
        }
    }

    pub(super) fn wrong(&self, expected: &'static str) -> NpyError {
        let rest = &self.text[self.position..];
        let actual = match rest {
            [] => "the end".to_owned(),
            rest => format!("`{}`", rest[..rest.len().min(16)].escape_ascii()),
        };
        NpyError::Header { offset: (self.start + self.position) as u64, expected, actual }
    }

    fn space(&mut self) {
        while self.text.get(self.position).is_some_and(u8::is_ascii_whitespace) {
            self.position += 1;
        }
    }

    /// The next byte that is no space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        self.space();
        self.text.get(self.position).copied()
    }

    /// The text from here to where `read` ends.
    pub(super) fn written<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, NpyError>,
    ) -> Result<(T, String), NpyError> {
        self.space();
        let start = self.position;
        let value = read(self)?;
        let text = String::from_utf8_lossy(&self.text[start..self.position]);
        Ok((value, text.replace(char::is_control, "\u{fffd}")))
    }

    pub(super) fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.text.get(self.position) == Some(&byte);
        self.position += usize::from(found);
        found
    }

    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), NpyError> {
        if self.take(byte) { Ok(()) } else { Err(self.wrong(expected)) }
    }

    pub(super) fn string(&mut self) -> Result<&'a [u8], NpyError> {
        self.space();
        let quote = match self.text.get(self.position) {
            Some(quote @ (b'\'' | b'"')) => *quote,
            _ => return Err(self.wrong("a quoted text")),
        };
        let rest = &self.text[self.position + 1..];
        // Element types and keys need no escapes; a text that has one is no key.
        match rest.iter().position(|byte| *byte == quote || *byte == b'\\') {
            Some(end) if rest[end] == quote => {
                self.position += end + 2;
                Ok(&rest[..end])
            }
            _ => Err(self.wrong("a quoted text")),
        }
    }

    fn descr(&mut self) -> Result<Descr, NpyError> {
        if matches!(self.peek(), Some(b'[' | b'(')) {
            return Ok(Descr::Structure(structure::read(self)?));
        }
        Ok(Descr::Plain(self.string()?.escape_ascii().to_string()))
    }

    /// Passes over a text that is only a name, whatever it holds.
    pub(super) fn pass_name(&mut self) -> Result<(), NpyError> {
        let Some(quote @ (b'\'' | b'"')) = self.peek() else { return Err(self.wrong("a quoted text")) };
        let mut position = self.position + 1;
        loop {
            match self.text.get(position) {
                Some(byte) if *byte == quote => break,
                Some(b'\\') => position += 2,
                Some(_) => position += 1,
                None => return Err(self.wrong("a quoted text")),
            }
        }
        self.position = position + 1;
        Ok(())
    }

    fn boolean(&mut self) -> Result<bool, NpyError> {
        self.space();
        for (word, value) in [("True", true), ("False", false)] {
            if self.text[self.position..].starts_with(word.as_bytes()) {
                self.position += word.len();
                return Ok(value);
            }
        }
        Err(self.wrong("`True` or `False`"))
    }

    pub(super) fn shape(&mut self) -> Result<Vec<u64>, NpyError> {
        self.expect(b'(', "`(`")?;
        let mut shape = Vec::new();
        while !self.take(b')') {
            shape.push(self.number()?);
            if !self.take(b',') {
                self.expect(b')', "`)`")?;
                break;
            }
        }
        Ok(shape)
    }

    pub(super) fn number(&mut self) -> Result<u64, NpyError> {
        self.space();
        let rest = &self.text[self.position..];
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = std::str::from_utf8(&rest[..digits]).expect("digits are ASCII");
        let number = text.parse().map_err(|_| self.wrong("a number below 2^64"))?;
        self.position += digits;
        // Python 2 wrote long integers with an `L`.
        self.position += usize::from(self.text.get(self.position) == Some(&b'L'));
        Ok(number)
    }
}
