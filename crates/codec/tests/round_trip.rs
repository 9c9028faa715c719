//! Every block gives back its bytes, is no longer than them and a header, and says of itself what is true.

mod values;

use proptest::prelude::*;
use reproof_codec::{
    BLOCK_LIMIT, Base, Element, EncodeError, HEADER_LENGTH, Header, MAX_DEPTH, Transform, decode,
    decode_into, encode, predict,
};
use values::{KINDS, Kind, Random, bytes, nearby, single_bytes, trained, weights};

/// Encodes and checks all that holds for every block.
fn check(element: Element, bytes: &[u8], base: Option<Base<'_>>) -> Header {
    let encoded = encode(element, bytes, base).expect("valid arguments");
    assert!(encoded.len() <= bytes.len() + HEADER_LENGTH, "{} bytes became {}", bytes.len(), encoded.len());
    let header = Header::parse(&encoded).expect("a header");
    assert_eq!((header.element, header.length as usize), (element, bytes.len()));
    let depth = base.filter(|_| header.transform.needs_base()).map_or(0, |base| base.depth + 1);
    assert_eq!(header.depth, depth);
    if let Some(length) = header.base_length() {
        assert_eq!(base.map(|base| base.bytes.len()), Some(length));
    }
    let base = base.map(|base| base.bytes);
    assert_eq!(decode(&encoded, base, bytes.len()).expect("decodable"), bytes);
    let mut target = vec![0xee; bytes.len()];
    decode_into(&encoded, base, &mut target).expect("decodable");
    assert_eq!(target, bytes);
    header
}

fn element() -> impl Strategy<Value = Element> {
    prop::sample::select(Element::ALL.to_vec())
}

/// Mostly short blocks, which have all the edges; some as long as several tiles, streams and samples.
fn length() -> impl Strategy<Value = usize> {
    prop_oneof![0_usize..40, 0_usize..3000, 60_000_usize..200_000]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_bytes(element in element(), bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        check(element, &bytes, None);
    }

    #[test]
    fn likely_bytes(element in element(), kind in prop::sample::select(KINDS.to_vec()),
                    length in length(), seed in any::<u64>()) {
        check(element, &bytes(kind, element, length, seed), None);
    }

    #[test]
    fn with_a_base(element in element(), kind in prop::sample::select(KINDS.to_vec()), length in length(),
                   seed in any::<u64>(), relation in 0_u8..3, depth in 0..MAX_DEPTH) {
        let bytes = bytes(kind, element, length, seed);
        let base = match relation {
            0 => bytes.clone(),
            1 => nearby(&bytes, element, seed ^ 1),
            _ => values::bytes(Kind::Noise, element, length, seed ^ 2),
        };
        let header = check(element, &bytes, Some(Base { element, bytes: &base, depth }));
        if base == bytes && !bytes.is_empty() {
            prop_assert_eq!(header.transform, Transform::Same);
        }
    }

    #[test]
    fn with_a_base_in_another_format(
        pair in prop::sample::select(vec![
            (Element::Float32, Element::BFloat16), (Element::Float32, Element::Float16),
            (Element::Float64, Element::Float32), (Element::BFloat16, Element::Float32),
            (Element::Float16, Element::Float32), (Element::Float32, Element::Float64),
        ]),
        kind in prop::sample::select(KINDS.to_vec()), count in 0_usize..3000, odd in 0_usize..8, seed in any::<u64>()) {
        let (from, to) = pair;
        let base = bytes(kind, from, count * from.width(), seed);
        let block = bytes(kind, to, count * to.width() + odd % to.width(), seed ^ 3);
        check(to, &block, Some(Base { element: from, bytes: &base, depth: 0 }));
    }
}

#[test]
fn every_length_around_the_edges() {
    for element in Element::ALL {
        let whole = bytes(Kind::Weights, element, 4200, 5);
        let base = nearby(&whole, element, 6);
        for length in (0..80).chain(500..530).chain(4090..4105) {
            check(element, &whole[..length], None);
            check(element, &whole[..length], Some(Base { element, bytes: &base[..length], depth: 1 }));
        }
    }
}

/// Long enough for a code for each class, with quarters and groups that end in every way.
#[test]
fn numbers_that_are_coded_by_class_come_back() {
    let (before, after) = (weights(9000, 8), trained(&weights(9000, 8), 3e-5, 9));
    let doubles = |values: &[f32]| -> Vec<u8> {
        values.iter().flat_map(|value| f64::from(*value).to_le_bytes()).collect()
    };
    // Cut, not rounded, and without subnormal numbers.
    let half = |bits: u32| match (bits >> 23 & 0xff).checked_sub(112) {
        Some(exponent @ 1..=30) => (bits >> 31 << 15 | exponent << 10 | bits >> 13 & 0x3ff) as u16,
        _ => 0,
    };
    let halves = |values: &[f32]| -> Vec<u8> {
        values.iter().flat_map(|value| half(value.to_bits()).to_le_bytes()).collect()
    };
    let brain = |values: &[f32]| values::brain_bytes(values);
    for (element, bytes, base) in [
        (Element::Float16, halves(&after), halves(&before)),
        (Element::BFloat16, brain(&after), brain(&before)),
        (Element::Float32, single_bytes(&after), single_bytes(&before)),
        (Element::Float64, doubles(&after), doubles(&before)),
    ] {
        for shorter in 0..45 {
            let length = bytes.len() - shorter;
            let header =
                check(element, &bytes[..length], Some(Base { element, bytes: &base[..length], depth: 0 }));
            assert_eq!(header.transform, Transform::Delta);
        }
    }
}

#[test]
fn special_numbers_keep_every_bit() {
    let patterns = [0, 1, 0x7f80_0000, 0xff80_0000, 0x7f80_0001, 0xffff_ffff, 0x8000_0000, 0x007f_ffff_u32];
    let mut random = Random(1);
    let bits: Vec<u32> = (0..5000).map(|_| patterns[random.below(8) as usize]).collect();
    let bytes: Vec<u8> = bits.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let others: Vec<u8> = bits.iter().rev().flat_map(|bits| bits.to_le_bytes()).collect();
    for element in Element::ALL {
        check(element, &bytes, None);
        check(element, &bytes, Some(Base { element, bytes: &others, depth: 0 }));
    }
}

#[test]
fn the_copy_in_half_precision_costs_nothing() {
    let weights = weights(40_000, 7);
    let (single, brain) = (single_bytes(&weights), values::brain_bytes(&weights));
    let base = Base { element: Element::Float32, bytes: &single, depth: 0 };
    let encoded = encode(Element::BFloat16, &brain, Some(base)).expect("valid arguments");
    assert_eq!(encoded.len(), HEADER_LENGTH);
    assert_eq!(decode(&encoded, Some(&single), brain.len()).expect("decodable"), brain);
    // One element off: a difference that is almost empty.
    let mut changed = brain.clone();
    changed[777] ^= 1;
    let encoded = encode(Element::BFloat16, &changed, Some(base)).expect("valid arguments");
    assert!(encoded.len() < 300, "{} bytes", encoded.len());
    assert_eq!(decode(&encoded, Some(&single), brain.len()).expect("decodable"), changed);
}

#[test]
fn a_chain_ends_at_its_depth() {
    let first = weights(5000, 8);
    let (second, third, fourth) =
        (trained(&first, 1e-6, 9), trained(&first, 2e-6, 10), trained(&first, 3e-6, 11));
    let (element, blocks) = (Element::Float32, [first, second, third, fourth].map(|w| single_bytes(&w)));
    for (depth, pair) in blocks.windows(2).enumerate() {
        let base = Base { element, bytes: &pair[0], depth: depth as u8 };
        if base.depth < MAX_DEPTH {
            assert_eq!(check(element, &pair[1], Some(base)).transform, Transform::Delta);
        } else {
            let error = encode(element, &pair[1], Some(base)).expect_err("too deep");
            assert_eq!(error, EncodeError::BaseDepth { limit: MAX_DEPTH, got: MAX_DEPTH });
        }
    }
}

#[test]
fn a_base_that_does_not_help_is_not_taken() {
    let bytes = single_bytes(&weights(20_000, 12));
    let other = single_bytes(&weights(20_000, 13));
    let base = Base { element: Element::Float32, bytes: &other, depth: 0 };
    assert_eq!(check(Element::Float32, &bytes, Some(base)).transform, Transform::Planes);
}

#[test]
fn predictions_are_near() {
    let before = weights(200_000, 14);
    let after = single_bytes(&trained(&before, 1e-5, 15));
    let before = single_bytes(&before);
    let base = Base { element: Element::Float32, bytes: &before, depth: 0 };
    for base in [None, Some(base)] {
        let predicted = predict(Element::Float32, &after, base).expect("valid arguments");
        let size = encode(Element::Float32, &after, base).expect("valid arguments").len();
        let ratio = size as f64 / after.len() as f64;
        assert!((predicted / ratio - 1.0).abs() < 0.03, "predicted {predicted}, got {ratio}");
    }
}

#[test]
fn arguments_that_do_not_fit_are_refused() {
    let base = |element, bytes| Some(Base { element, bytes, depth: 0 });
    assert_eq!(
        encode(Element::Byte, &vec![0; BLOCK_LIMIT + 1], None),
        Err(EncodeError::TooLong { limit: BLOCK_LIMIT, got: BLOCK_LIMIT + 1 })
    );
    assert_eq!(
        encode(Element::Float32, &[0; 8], base(Element::Float32, &[0; 7])),
        Err(EncodeError::BaseLength { expected: 8, got: 7 })
    );
    assert_eq!(
        encode(Element::BFloat16, &[0; 8], base(Element::Float32, &[0; 8])),
        Err(EncodeError::BaseLength { expected: 16, got: 8 })
    );
    assert_eq!(
        encode(Element::BFloat16, &[0; 8], base(Element::Float16, &[0; 8])),
        Err(EncodeError::BaseElement { from: Element::Float16, to: Element::BFloat16 })
    );
    check(Element::Byte, &vec![3; BLOCK_LIMIT], None);
}
