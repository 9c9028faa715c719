//! How small blocks get on values like those of checkpoints. Bounds are a little above what is reached, and far below
//! what coding without planes, without the order of floats or without taking planes apart would reach.

mod values;

use reproof_codec::{BLOCK_LENGTH, Base, Element, encode};
use values::{Random, brain_bytes, double_bytes, single_bytes, trained, weights};

/// Encoded bytes per byte, in blocks.
fn ratio(element: Element, bytes: &[u8], base: Option<(Element, &[u8])>) -> f64 {
    let mut size = 0;
    for (index, block) in bytes.chunks(BLOCK_LENGTH).enumerate() {
        let base = base.map(|(base, bytes)| {
            let unit = BLOCK_LENGTH / element.width() * base.width();
            Base { element: base, bytes: bytes.chunks(unit).nth(index).expect("as many blocks"), depth: 0 }
        });
        size += encode(element, block, base).expect("valid arguments").len();
    }
    size as f64 / bytes.len() as f64
}

#[test]
fn weights_and_what_training_changes() {
    let before = weights(1 << 20, 21);
    let (near, far) = (trained(&before, 2e-6, 22), trained(&before, 1e-4, 23));
    let single = single_bytes(&before);
    let brain = brain_bytes(&before);
    let few_rows: Vec<u8> = {
        let mut bytes = single.clone();
        bytes[..4 * 50_000].copy_from_slice(&single_bytes(&near)[..4 * 50_000]);
        bytes
    };
    let cases = [
        ("f32", ratio(Element::Float32, &single, None), 0.83, 0.84),
        ("bf16", ratio(Element::BFloat16, &brain, None), 0.66, 0.67),
        ("f64", ratio(Element::Float64, &double_bytes(&before), None), 0.88, 0.90),
        (
            "f32 soon after",
            ratio(Element::Float32, &single_bytes(&near), Some((Element::Float32, &single))),
            0.41,
            0.43,
        ),
        (
            "bf16 soon after",
            ratio(Element::BFloat16, &brain_bytes(&near), Some((Element::BFloat16, &brain))),
            0.02,
            0.04,
        ),
        (
            "bf16 later",
            ratio(Element::BFloat16, &brain_bytes(&far), Some((Element::BFloat16, &brain))),
            0.19,
            0.21,
        ),
        (
            "f32 with few rows changed",
            ratio(Element::Float32, &few_rows, Some((Element::Float32, &single))),
            0.02,
            0.03,
        ),
        ("bf16 of f32", ratio(Element::BFloat16, &brain, Some((Element::Float32, &single))), 0.0, 0.0001),
    ];
    let report: Vec<String> = cases
        .iter()
        .filter(|(_, ratio, low, high)| ratio < low || ratio > high)
        .map(|(name, ratio, low, high)| format!("{name}: {ratio:.4}, expected {low} to {high}"))
        .collect();
    assert!(report.is_empty(), "{}", report.join("\n"));
}

#[test]
fn what_is_no_float() {
    let mut random = Random(31);
    let mut make = |element: Element, next: &mut dyn FnMut(&mut Random, u64) -> u64| -> f64 {
        let width = element.width();
        let bytes: Vec<u8> = (0..200_000_u64)
            .flat_map(|index| next(&mut random, index).to_le_bytes().into_iter().take(width))
            .collect();
        ratio(element, &bytes, None)
    };
    let cases = [
        ("token ids", make(Element::Integer64, &mut |random, _| random.below(50_000)), 0.26),
        ("positions", make(Element::Integer64, &mut |_, index| index), 0.27),
        ("mask", make(Element::Byte, &mut |random, _| u64::from(random.below(10) == 0)), 0.064),
        ("all true", make(Element::Byte, &mut |_, _| 1), 0.0002),
        (
            "8-bit quantised",
            make(Element::Byte, &mut |random, _| (random.normal() * 20.0) as i64 as u64),
            0.81,
        ),
        ("noise", make(Element::Byte, &mut |random, _| random.next()), 1.0001),
    ];
    let report: Vec<String> = cases
        .iter()
        .filter(|(_, ratio, limit)| ratio > limit)
        .map(|(name, ratio, limit)| format!("{name}: {ratio:.4}, expected at most {limit}"))
        .collect();
    assert!(report.is_empty(), "{}", report.join("\n"));
}
