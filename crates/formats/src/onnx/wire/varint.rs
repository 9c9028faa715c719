//! Variable-length integers: seven bits per byte, least significant first.

/// The most bytes that an integer of 64 bits takes.
pub(super) const LONGEST: usize = 10;

/// What the first bytes of a slice say.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Varint {
    /// A value and the number of its bytes.
    Value(u64, usize),
    /// The slice ends inside the integer.
    Unfinished,
    /// More than 64 bits.
    TooLong,
}

/// Decodes the integer at the start of `bytes`.
pub(super) fn decode(bytes: &[u8]) -> Varint {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(LONGEST).enumerate() {
        // The tenth byte holds the 64th bit only.
        if index == LONGEST - 1 && *byte > 1 {
            return Varint::TooLong;
        }
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Varint::Value(value, index + 1);
        }
    }
    if bytes.len() < LONGEST { Varint::Unfinished } else { Varint::TooLong }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_of_the_encoding() {
        assert_eq!(decode(&[0]), Varint::Value(0, 1));
        assert_eq!(decode(&[0x96, 0x01, 0xff]), Varint::Value(150, 2));
        assert_eq!(decode(&[]), Varint::Unfinished);
        assert_eq!(decode(&[0x80]), Varint::Unfinished);
        let mut largest = [0xff; LONGEST];
        largest[9] = 1;
        assert_eq!(decode(&largest), Varint::Value(u64::MAX, 10));
        largest[9] = 2;
        assert_eq!(decode(&largest), Varint::TooLong);
        assert_eq!(decode(&[0x80; 11]), Varint::TooLong);
    }
}
