//! Base 64 in the alphabet of URLs and without padding, as lists of files write hashes.

use super::Sha256;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A hash from its 43 digits; padding is tolerated, anything else is no hash.
pub(super) fn decode(text: &[u8]) -> Option<Sha256> {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    let digits = text.get(..end).filter(|digits| digits.len() == 43)?;
    let mut hash = [0_u8; 32];
    let (mut held, mut bits, mut filled) = (0_u32, 0_u32, 0_usize);
    for digit in digits {
        let value = ALPHABET.iter().position(|known| known == digit)?;
        held = (held << 6) | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            // The last two bits of 43 digits carry nothing.
            if let Some(place) = hash.get_mut(filled) {
                *place = (held >> bits) as u8;
            }
            filled += 1;
            held &= (1 << bits) - 1;
        }
    }
    (held == 0).then_some(hash)
}

/// The digits of a hash.
pub fn encode(hash: &Sha256) -> String {
    let mut text = String::with_capacity(43);
    for chunk in hash.chunks(3) {
        let held =
            chunk.iter().fold(0_u32, |held, byte| (held << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let digit = (held >> (18 - 6 * place)) & 63;
            text.push(char::from(ALPHABET[digit as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_of_nothing_is_read() {
        let digits = b"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        let hash = decode(digits).unwrap();
        assert_eq!(
            super::super::hex(&hash),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(encode(&hash).as_bytes(), digits);
        assert_eq!(decode(b"47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU="), Some(hash));
    }

    #[test]
    fn what_is_no_hash_is_refused() {
        for text in [
            "",
            "=",
            "47DEQ",
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU",
            "!7DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(hash: [u8; 32]) {
            prop_assert_eq!(decode(encode(&hash).as_bytes()), Some(hash));
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = decode(&bytes);
        }
    }
}
