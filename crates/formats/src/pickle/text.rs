//! Texts and numbers as old protocols write them: decimal, quoted, escaped.

use super::{Value, limits};

/// An integer in decimal, as `INT` and `LONG` write it; `None` if it is not one.
pub(super) fn integer(line: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(line).ok()?.trim();
    let text = text.strip_suffix('L').unwrap_or(text);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || digits.len() > limits::DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    if let Ok(value) = text.parse() {
        return Some(Value::Int(value));
    }
    // Two's complement by schoolbook multiplication; the number of digits is bounded.
    let mut bytes: Vec<u8> = Vec::new();
    for digit in digits.bytes() {
        let mut carry = u32::from(digit - b'0');
        for byte in &mut bytes {
            carry += u32::from(*byte) * 10;
            *byte = carry as u8;
            carry >>= 8;
        }
        if carry > 0 {
            bytes.push(carry as u8);
        }
    }
    bytes.push(0);
    if text.starts_with('-') {
        let mut carry = true;
        for byte in &mut bytes {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, over);
        }
    }
    Some(long(&bytes))
}

/// An integer in two's complement, little-endian.
pub(super) fn long(bytes: &[u8]) -> Value {
    let fill = if bytes.last().is_some_and(|last| last & 0x80 != 0) { 0xff } else { 0 };
    if bytes.len() <= 8 {
        let mut whole = [fill; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        return Value::Int(i64::from_le_bytes(whole));
    }
    let (head, tail) = bytes.split_at(8);
    let fits = tail.iter().all(|byte| *byte == fill) && (head[7] & 0x80 != 0) == (fill != 0);
    if fits {
        let head: [u8; 8] = head.try_into().expect("split at eight");
        return Value::Int(i64::from_le_bytes(head));
    }
    Value::Long(bytes.into())
}

/// The bytes of a quoted text (`STRING`); `None` without matching quotes or with a broken escape.
pub(super) fn quoted(line: &[u8]) -> Option<Vec<u8>> {
    let line = line.trim_ascii();
    let (quote, rest) = line.split_first()?;
    let (last, inner) = rest.split_last()?;
    if quote != last || !matches!(quote, b'\'' | b'"') {
        return None;
    }
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let (escape, tail) = rest.split_first()?;
        rest = tail;
        let byte = match escape {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'v' => 11,
            b'x' => {
                let (digits, tail) = rest.split_at_checked(2)?;
                rest = tail;
                u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
            }
            b'0'..=b'7' => {
                let more = rest.iter().take(2).take_while(|byte| (b'0'..=b'7').contains(byte)).count();
                let (digits, tail) = rest.split_at(more);
                rest = tail;
                let value = digits
                    .iter()
                    .fold(u32::from(escape - b'0'), |value, digit| value * 8 + u32::from(digit - b'0'));
                value as u8
            }
            b'\n' => continue,
            b'\\' | b'\'' | b'"' => *escape,
            other => {
                // Python keeps an escape that it does not know.
                bytes.push(b'\\');
                *other
            }
        };
        bytes.push(byte);
    }
    Some(bytes)
}

/// A text of `UNICODE`: Latin-1 with `\uXXXX` and `\UXXXXXXXX`.
pub(super) fn raw_unicode(line: &[u8]) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((byte, tail)) = rest.split_first() {
        let digits = match tail.first() {
            Some(b'u') if *byte == b'\\' => 4,
            Some(b'U') if *byte == b'\\' => 8,
            _ => 0,
        };
        let escape = tail.get(1..=digits).filter(|_| digits > 0);
        let code = escape.and_then(|digits| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        if let Some(code) = code {
            text.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &tail[1 + digits..];
        } else {
            text.push(char::from(*byte));
            rest = tail;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_any_size_keep_their_value() {
        assert_eq!(integer(b"-12L"), Some(Value::Int(-12)));
        assert_eq!(integer(b"9223372036854775807"), Some(Value::Int(i64::MAX)));
        assert_eq!(
            integer(b"9223372036854775808L"),
            Some(Value::Long([0, 0, 0, 0, 0, 0, 0, 0x80, 0].into()))
        );
        assert_eq!(
            integer(b"-9223372036854775809"),
            Some(long(&[255, 255, 255, 255, 255, 255, 255, 0x7f, 255]))
        );
        assert_eq!(integer(b"12x"), None);
        assert_eq!(long(&[]), Value::Int(0));
        assert_eq!(long(&[0xff]), Value::Int(-1));
        assert_eq!(long(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), Value::Int(1));
    }

    #[test]
    fn escapes_are_those_of_python() {
        assert_eq!(quoted(br"'a\x41\n\\\101\q'").as_deref(), Some(&b"aA\n\\A\\q"[..]));
        assert_eq!(quoted(b"'a"), None);
        assert_eq!(quoted(br"'\x4'"), None);
        assert_eq!(raw_unicode(b"a\\u00e9\xe9\\n\\U0001f600\\u12"), "aéé\\n😀\\u12");
    }
}
