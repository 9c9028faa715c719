//! Damaged and hostile blocks: each gives the error that names the damage, none a panic.

mod values;

use proptest::prelude::*;
use reproof_codec::{
    Base, DecodeError, Element, FORMAT_VERSION, HEADER_LENGTH, Header, MAX_DEPTH, Transform, decode, encode,
};
use values::{KINDS, Kind, bytes, nearby, single_bytes, trained, weights};

const MAGIC: u8 = 0xb7;

/// CRC-16/XMODEM, as FORMAT.md defines it, from its polynomial.
fn check(header: &[u8]) -> u16 {
    let mut value = 0_u16;
    for bit in header.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)) {
        let carry = (value >> 15) as u8 ^ bit;
        value = value << 1 ^ if carry == 1 { 0x1021 } else { 0 };
    }
    value
}

/// A header with these fields and a right check, and what follows it.
fn block(fields: [u8; 4], length: u32, payload: &[u8]) -> Vec<u8> {
    let mut block = vec![MAGIC, FORMAT_VERSION];
    block.extend(fields);
    block.extend(length.to_le_bytes());
    block.extend(check(&block).to_le_bytes());
    block.extend(payload);
    block
}

/// Codes of FORMAT.md.
const BYTE: u8 = 1;
const BFLOAT16: u8 = 5;
const FLOAT32: u8 = 7;
const STORED: u8 = 0;
const PLANES: u8 = 1;
const DELTA: u8 = 2;
const SAME: u8 = 3;

fn decode_alone(encoded: &[u8], length: usize) -> DecodeError {
    decode(encoded, None, length).expect_err("a refused block")
}

#[test]
fn every_bit_of_the_header_is_guarded() {
    let before = weights(2000, 1);
    let after = single_bytes(&trained(&before, 1e-6, 2));
    let before = single_bytes(&before);
    let base = Base { element: Element::Float32, bytes: &before, depth: 0 };
    let encoded = encode(Element::Float32, &after, Some(base)).expect("valid arguments");
    let stated = u16::from_le_bytes([encoded[10], encoded[11]]);
    assert_eq!(stated, check(&encoded[..10]));
    for bit in 0..HEADER_LENGTH * 8 {
        let mut damaged = encoded.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            0 => DecodeError::Magic { expected: MAGIC, got: damaged[0] },
            1 => DecodeError::Version { newest: FORMAT_VERSION, got: damaged[1] },
            10 | 11 => DecodeError::HeaderCheck {
                expected: u16::from_le_bytes([damaged[10], damaged[11]]),
                got: stated,
            },
            _ => DecodeError::HeaderCheck { expected: stated, got: check(&damaged[..10]) },
        };
        assert_eq!(decode(&damaged, Some(&before), after.len()), Err(expected), "bit {bit}");
    }
}

#[test]
fn every_truncation_is_told() {
    for (element, kind) in
        [(Element::BFloat16, Kind::Weights), (Element::Byte, Kind::RareOthers), (Element::Byte, Kind::Noise)]
    {
        let bytes = bytes(kind, element, 3001, 3);
        let encoded = encode(element, &bytes, None).expect("valid arguments");
        for length in 0..encoded.len() {
            match decode_alone(&encoded[..length], bytes.len()) {
                DecodeError::Truncated { what, offset, expected, got } => {
                    assert_eq!(
                        (what == "header", offset == 0),
                        (length < HEADER_LENGTH, length < HEADER_LENGTH)
                    );
                    assert_eq!(offset + got, length, "in {what}");
                    assert!(expected > got, "in {what}");
                }
                other => panic!("cut at {length}: {other}"),
            }
        }
        let mut longer = encoded.clone();
        longer.extend([0, 0]);
        let expected = DecodeError::Trailing { offset: encoded.len(), count: 2 };
        assert_eq!(decode_alone(&longer, bytes.len()), expected);
    }
}

#[test]
fn headers_that_contradict_themselves() {
    let unknown = |what, offset, got| DecodeError::Unknown { what, offset, got };
    let cases = [
        ([0, STORED, 0, 0], unknown("element", 2, 0)),
        ([10, STORED, 0, 0], unknown("element", 2, 10)),
        ([BYTE, 4, 0, 0], unknown("transform", 3, 4)),
        ([BYTE, DELTA, 99, 1], unknown("base element", 4, 99)),
        ([BYTE, DELTA, 0, 1], unknown("base element", 4, 0)),
        ([BYTE, PLANES, BYTE, 0], unknown("base element", 4, BYTE)),
        ([BYTE, DELTA, BYTE, 0], unknown("depth", 5, 0)),
        ([BYTE, SAME, BYTE, MAX_DEPTH + 1], unknown("depth", 5, MAX_DEPTH + 1)),
        ([BYTE, PLANES, 0, 1], unknown("depth", 5, 1)),
    ];
    for (fields, expected) in cases {
        assert_eq!(decode(&block(fields, 4, &[0; 4]), Some(&[0; 4]), 4), Err(expected), "{fields:?}");
    }
    // A pair of elements without a conversion; nothing but the base says so.
    let pair = block([BYTE, SAME, FLOAT32, 1], 4, &[]);
    assert_eq!(decode(&pair, Some(&[0; 16]), 4), Err(unknown("base element", 4, FLOAT32)));
    // Odd bytes cannot come from a conversion.
    let odd = block([BFLOAT16, SAME, FLOAT32, 1], 3, &[]);
    let expected = DecodeError::Corrupt { what: "length", offset: 6 };
    assert_eq!(decode(&odd, Some(&[0; 4]), 3), Err(expected));
}

#[test]
fn lengths_and_bases_that_do_not_fit() {
    let huge = block([BYTE, PLANES, 0, 0], u32::MAX, &[1, 0]);
    let length = |expected, got| DecodeError::Length { expected, got };
    assert_eq!(decode_alone(&huge, 100), length(100, u32::MAX as usize));
    assert_eq!(decode_alone(&block([BYTE, STORED, 0, 0], 3, &[1, 2, 3]), 4), length(4, 3));
    let same = block([BFLOAT16, SAME, FLOAT32, 1], 4, &[]);
    assert_eq!(decode_alone(&same, 4), DecodeError::BaseMissing { depth: 1, expected: 8 });
    assert_eq!(decode(&same, Some(&[0; 4]), 4), Err(DecodeError::BaseLength { expected: 8, got: 4 }));
    assert_eq!(decode(&same, Some(&[0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]), 4), Ok(vec![0x80, 0x3f, 0, 0x40]));
}

#[test]
fn planes_that_contradict_themselves() {
    let payload = HEADER_LENGTH;
    let corrupt = |what, offset| DecodeError::Corrupt { what, offset };
    // Two symbols, 0 and 1, with one bit each: lengths 1, 1, then 254 absent ones (18 + 236 = 0xec + 18).
    let code = [0x11, 0xcf, 0x0e];
    let coded = |rest: &[u8]| [&[2], code.as_slice(), rest].concat();
    let whole = coded(&[1, 1, 1, 1, 0b01, 0b10, 0b00, 0b01]);
    let cases = vec![
        ("a good code", 8, whole, Ok(vec![1, 0, 0, 1, 0, 0, 1, 0])),
        (
            "an unknown coding",
            8,
            vec![4, 0],
            Err(DecodeError::Unknown { what: "plane coding", offset: payload, got: 4 }),
        ),
        ("a length above 11", 8, vec![2, 0x1c], Err(corrupt("code lengths", payload + 1))),
        (
            "an incomplete code",
            8,
            vec![2, 0x21, 0xcf, 0x0e, 0, 0, 0, 0],
            Err(corrupt("code lengths", payload + 1)),
        ),
        (
            "too many symbols",
            8,
            vec![2, 0x11, 0xdf, 0x0e, 0, 0, 0, 0],
            Err(corrupt("code lengths", payload + 1)),
        ),
        (
            "a stream that is too long",
            8,
            coded(&[2, 1, 1, 1, 0, 0, 0, 0, 0]),
            Err(corrupt("stream", payload + 8)),
        ),
        (
            "a stream that is too short",
            8,
            coded(&[1, 1, 0, 1, 0, 0, 0]),
            Err(corrupt("stream", payload + 10)),
        ),
        (
            "bits behind the last symbol",
            8,
            coded(&[1, 1, 1, 1, 0, 0, 0, 4]),
            Err(corrupt("stream", payload + 11)),
        ),
        (
            "a size that is not the shortest form",
            8,
            coded(&[0x81, 0]),
            Err(corrupt("stream size", payload + 4)),
        ),
        (
            "a size above 32 bits",
            8,
            coded(&[0xff, 0xff, 0xff, 0xff, 0x7f]),
            Err(corrupt("stream size", payload + 4)),
        ),
        (
            "a size above what is left",
            8,
            coded(&[9, 1, 1, 1, 0]),
            Err(DecodeError::Truncated { what: "stream", offset: payload + 8, expected: 9, got: 1 }),
        ),
        ("others beyond the plane", 8, vec![3, 7, 9], Err(corrupt("number of uncommon bytes", payload + 2))),
        (
            "others that the bitmap does not mark",
            8,
            vec![3, 7, 2, 0, 0b1, 0, 1, 2],
            Err(corrupt("number of uncommon bytes", payload + 2)),
        ),
        (
            "marks behind the plane",
            5,
            vec![3, 7, 2, 0, 0b10_0001, 0, 1, 2],
            Err(corrupt("number of uncommon bytes", payload + 2)),
        ),
        ("a good sparse plane", 5, vec![3, 7, 2, 0, 0b1_0001, 0, 1, 2], Ok(vec![1, 7, 7, 7, 2])),
        (
            "a bitmap's bitmap taken apart",
            8,
            vec![3, 7, 0, 3, 0, 0, 3, 0, 0],
            Err(DecodeError::Unknown { what: "plane coding", offset: payload + 6, got: 3 }),
        ),
    ];
    for (name, length, payload, expected) in cases {
        let decoded = decode(&block([BYTE, PLANES, 0, 0], length as u32, &payload), None, length);
        assert_eq!(decoded, expected, "{name}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Damage behind the header is an error or other bytes of the same length. Never more is asked than that.
    #[test]
    fn damaged_payloads(element in prop::sample::select(Element::ALL.to_vec()),
                        kind in prop::sample::select(KINDS.to_vec()), length in 1_usize..5000, seed in any::<u64>(),
                        delta in any::<bool>(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5)) {
        let bytes = bytes(kind, element, length, seed);
        let base = nearby(&bytes, element, seed ^ 1);
        let offer = delta.then_some(Base { element, bytes: &base, depth: 0 });
        let mut encoded = encode(element, &bytes, offer).expect("valid arguments");
        prop_assume!(encoded.len() > HEADER_LENGTH);
        for (place, value) in damage {
            let place = HEADER_LENGTH + place.index(encoded.len() - HEADER_LENGTH);
            encoded[place] = value;
        }
        if let Ok(decoded) = decode(&encoded, Some(&base), length) {
            prop_assert_eq!(decoded.len(), length);
        }
    }

    #[test]
    fn any_payload(fields in (1_u8..=9, 0_u8..=3), length in 0_usize..300,
                   payload in prop::collection::vec(prop_oneof![0_u8..5, any::<u8>()], 0..200)) {
        let (element, transform) = fields;
        let based = transform >= DELTA;
        let header = [element, transform, if based { element } else { 0 }, u8::from(based)];
        let encoded = block(header, length as u32, &payload);
        if let Ok(decoded) = decode(&encoded, Some(&vec![1; length]), length) {
            prop_assert_eq!(decoded.len(), length);
        }
    }

    #[test]
    fn anything(encoded in prop::collection::vec(any::<u8>(), 0..40)) {
        prop_assert!(Header::parse(&encoded).is_err() || encoded.first() == Some(&MAGIC));
        prop_assert!(decode(&encoded, None, 7).is_err());
    }
}

#[test]
fn classes_that_contradict_themselves() {
    let payload = HEADER_LENGTH;
    let corrupt = |what, offset| DecodeError::Corrupt { what, offset };
    // Four numbers, with exponents 127, 127, 126 and 1: classes 0, 0, 1 and 7 below 127. Each class codes 0 and 1 with one bit.
    let base: Vec<u8> =
        [0x3f80_u16, 0x3f81, 0x3f00, 0x0080].iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let code = [0x11, 0xcf, 0x0e];
    let plane = |flags, codes: usize, streams: &[u8]| {
        [&[4, 127, flags], code.repeat(codes).as_slice(), streams, &[1, 0]].concat()
    };
    let streams = [1, 1, 1, 1, 0, 0, 0, 0];
    let cases = [
        ("good classes", plane(0b1000_0011, 3, &streams), Ok(base.clone())),
        ("a class without a code", plane(0b0000_0011, 2, &streams), Err(corrupt("classes", payload + 2))),
        ("a code without a class", plane(0b1000_0111, 4, &streams), Err(corrupt("classes", payload + 2))),
        (
            "an exponent that none has",
            [&[4, 0x80, 0x80, 4], [0; 20].as_slice()].concat(),
            Err(corrupt("highest exponent", payload + 1)),
        ),
        (
            "a stream of another length",
            plane(0b1000_0011, 3, &[1, 1, 1, 2, 0, 0, 0, 0, 0]),
            Err(corrupt("stream", payload + 19)),
        ),
        (
            "no code",
            plane(0b1000_0011, 0, &[]),
            Err(DecodeError::Truncated { what: "code lengths", offset: payload + 5, expected: 1, got: 0 }),
        ),
    ];
    for (name, payload, expected) in cases {
        let encoded = block([BFLOAT16, DELTA, BFLOAT16, 1], 8, &payload);
        assert_eq!(decode(&encoded, Some(&base), 8), expected, "{name}");
    }
    // Only differences of floats have classes.
    for fields in [[BFLOAT16, PLANES, 0, 0], [BYTE, DELTA, BYTE, 1]] {
        let encoded = block(fields, 8, &plane(0b1000_0011, 3, &streams));
        let expected = DecodeError::Unknown { what: "plane coding", offset: payload, got: 4 };
        assert_eq!(decode(&encoded, Some(&base), 8), Err(expected));
    }
}

#[test]
fn errors_name_what_where_expected_and_got() {
    let error = decode_alone(&block([BYTE, STORED, 0, 0], 4, &[1]), 4);
    assert_eq!(error.to_string(), "block ends in stored bytes at byte 12: expected 4 more bytes, got 1");
    assert_eq!(
        Header::parse(&block([BYTE, STORED, 0, 0], 4, &[])).map(|header| header.transform),
        Ok(Transform::Stored)
    );
}
