//! Lower-case hexadecimal, the only form that the formats here allow.

/// The digits of `bytes`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut digits = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            digits.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
        }
    }
    digits
}

/// The bytes of `digits`; nothing where a character is not a lower-case digit or one is left over.
pub(crate) fn decode(digits: &str) -> Option<Vec<u8>> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pairs_of_lower_case_digits_are_read() {
        assert_eq!(decode(&encode(&[0, 0x9a, 255])), Some(vec![0, 0x9a, 255]));
        for refused in ["a", "AB", "0g", "é"] {
            assert_eq!(decode(refused), None, "{refused}");
        }
    }
}
