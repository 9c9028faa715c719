//! Pickles that texts hold in base64 or in hexadecimal digits: no loader decodes them, code beside them might.

use super::carve;
use super::place::{DEPTH, Place};
use super::session::{Report, Session};
use crate::Severity;

impl Session {
    /// Judges a pickle that a text holds, as something that no loader reaches by itself.
    pub(super) fn encoded(&mut self, place: &Place, text: &[u8], offset: u64) {
        let Some((encoding, decode)) = encoding(text) else { return };
        if place.depth >= DEPTH || !self.may_look(text.len() as u64) {
            return;
        }
        let bytes = decode(text);
        if !carve::is_pickle(&bytes) {
            return;
        }
        let message = format!("a text that is a pickle in {encoding}");
        self.report(place, Report::new("pickle.encoded", Severity::Warning, message).at(offset));
        self.pickles(&bytes, &place.inside(&format!("byte {offset} in {encoding}")).hidden());
    }
}

type Decode = fn(&[u8]) -> Vec<u8>;

/// How a text that begins like an encoded pickle of protocol 2 to 5 is encoded.
fn encoding(text: &[u8]) -> Option<(&'static str, Decode)> {
    match text {
        // 0x80 and the protocol; the last two bits of the third letter belong to the next byte.
        [b'g', b'A', b'I'..=b'X', ..] => Some(("base64", base64)),
        [b'8', b'0', b'0', b'2'..=b'5', ..] => Some(("hexadecimal digits", hexadecimal)),
        _ => None,
    }
}

/// The bytes up to the first character that is no digit of either alphabet of RFC 4648; spaces are skipped.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut pending, mut bits) = (0_u32, 0);
    for character in text.iter().filter(|character| !character.is_ascii_whitespace()) {
        let digit = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => break,
        };
        (pending, bits) = (pending << 6 | u32::from(digit), bits + 6);
        if bits >= 8 {
            bits -= 8;
            bytes.push((pending >> bits) as u8);
            pending &= (1 << bits) - 1;
        }
    }
    bytes
}

/// The bytes up to the first pair that is not hexadecimal.
fn hexadecimal(text: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = text.chunks_exact(2).map_while(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?));
    pairs.map(|byte| byte as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_decoded_up_to_their_end() {
        let pickle = b"\x80\x04\x95\x02\0\0\0\0\0\0\0N.";
        for text in [
            "gASVAgAAAAAAAABOLg==",
            "gASVAgAAAAAA\nAABOLg",
            "80049502000000000000004e2e",
            "80049502000000000000004E2E, ",
        ] {
            let (_, decode) = encoding(text.as_bytes()).unwrap();
            assert_eq!(decode(text.as_bytes()), pickle, "{text}");
        }
        for text in ["", "gA", "gradient", "8002", "80"] {
            assert!(encoding(text.as_bytes()).is_none_or(|(_, decode)| decode(text.as_bytes()).len() < 4));
        }
    }
}
