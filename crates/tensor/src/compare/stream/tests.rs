//! The fast paths against a plain one, for every dtype.

use proptest::prelude::*;

use super::{CHUNK, Divergence, Encoding, Tally, differing};
use crate::compare::{difference, grid};
use crate::{BlockType, DType, TensorView, byte_length};

/// Compares in blocks of a few chunks, in an order that threads could take, and merges.
fn tally(dtype: DType, shape: &[u64], a: &[u8], b: &[u8]) -> Divergence {
    let block = Tally::unit(dtype) * 3;
    let mut tallies = [Tally::new(dtype, shape), Tally::new(dtype, shape)];
    let pairs: Vec<_> = a.chunks(block).zip(b.chunks(block)).enumerate().collect();
    for (index, (x, y)) in pairs.into_iter().rev() {
        let offset = (index * block) as u64;
        let tally = &mut tallies[index % 2];
        if x == y { tally.add_equal(offset, x) } else { tally.add(offset, x, y) }
    }
    let [first, second] = tallies;
    first.merge(second).finish()
}

/// Bytes of a tensor: random ones, special values strewn in.
fn bytes(dtype: DType, shape: &[u64], seed: u64, specials: bool) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes: Vec<u8> = (0..byte_length(dtype, shape).unwrap())
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect();
    let size = (dtype.bits() / 8).max(1) as usize;
    if matches!(dtype, DType::F16 | DType::BF16 | DType::F32 | DType::F64) {
        for (index, number) in bytes.chunks_exact_mut(size).enumerate() {
            // Without this every few thousandth number of 16 bits would be NaN.
            number[size - 1] &= 0xbf;
            match index % 1900 {
                3 => number.fill(0),
                4 => {
                    number.fill(0);
                    number[size - 1] = 0x80;
                }
                5 => {
                    number.fill(0);
                    number[0] = 1;
                }
                6 if specials => number.fill(0xff),
                7 if specials => special(dtype, number),
                _ => {}
            }
        }
    }
    if dtype == DType::Bool {
        for byte in &mut bytes {
            *byte &= 1;
        }
    }
    bytes
}

fn special(dtype: DType, number: &mut [u8]) {
    number.copy_from_slice(match dtype {
        DType::F16 => &[0x00, 0x7c],
        DType::BF16 => &[0x80, 0x7f],
        DType::F32 => &[0, 0, 0x80, 0x7f],
        _ => &[0, 0, 0, 0, 0, 0, 0xf0, 0x7f],
    });
}

#[expect(clippy::many_single_char_names, reason = "pairs of a and b, x and y")]
fn check(dtype: DType, shape: &[u64], a: &[u8], b: &[u8]) {
    let found = tally(dtype, shape, a, b);
    let view = |bytes| TensorView::new(dtype, shape, bytes).unwrap();
    let Some(expected) = difference(view(a), view(b)) else { return };
    // Squares of what is smaller are no normal numbers any more, and have few bits.
    let close = |x: f64, y: f64| x == y || ((x - y) / y).abs() < 1e-12 || x.max(y) < 1e-150;
    assert_eq!(found.elements, expected.elements, "{dtype}");
    assert_eq!(found.special_mismatches, expected.special_mismatches, "{dtype}");
    let (x, y) = (view(a).elements().unwrap(), view(b).elements().unwrap());
    // Integers beyond 2^53 may be equal as f64 and differ, which is not measured here.
    if (0..x.len()).any(|at| x.get(at) == y.get(at) && x.wide_integer(at) != y.wide_integer(at)) {
        return;
    }
    if !matches!(dtype, DType::Block(_)) {
        assert_eq!(found.differing - found.bits_only, expected.differing, "{dtype}");
    }
    assert_eq!(found.maximum_absolute, expected.maximum_absolute, "{dtype}");
    assert!(
        close(found.relative_l2, expected.relative_l2),
        "{dtype}: {} {}",
        found.relative_l2,
        expected.relative_l2
    );
    if found.special_mismatches == 0 {
        assert_eq!(
            found.worst.map(|worst| worst.position as usize),
            expected.worst.map(|worst| worst.position)
        );
    }
    if let (Some(maximum), Some(_)) = (found.maximum_steps, x.place(0).filter(|_| !x.is_empty())) {
        let steps = (0..x.len()).filter_map(|at| match (x.get(at), y.get(at)) {
            (u, v) if u.is_finite() && v.is_finite() => Some(x.place(at)?.abs_diff(y.place(at)?)),
            (u, v) => (u == v || (u.is_nan() && v.is_nan())).then_some(0),
        });
        let mut steps: Vec<u64> = steps.collect();
        steps.sort_unstable();
        assert_eq!(maximum, steps.last().copied().unwrap_or(0), "{dtype}");
        let p99 = steps[((steps.len() as f64 * 0.99).ceil() as usize).max(1) - 1];
        let told = found.p99_steps.unwrap();
        assert!(told >= p99 - p99 / 16 && told <= p99 + p99 / 8, "{dtype}: p99 is {p99}, told {told}");
        assert_eq!(found.octaves.iter().sum::<u64>(), steps.len() as u64);
    }
    let unit = Encoding::of(dtype).whole_bytes();
    let plain = matches!(Encoding::of(dtype), Encoding::Plain(_));
    if plain {
        let naive = a.chunks(unit).zip(b.chunks(unit)).filter(|(x, y)| x != y).count() as u64;
        assert_eq!(found.differing, naive, "{dtype}");
        let first = a.chunks(unit).zip(b.chunks(unit)).position(|(x, y)| x != y);
        assert_eq!(found.first, first.map(|at| at as u64));
        assert_eq!(differing(dtype, a, b), (naive, found.first));
    }
    if let (Some(found), Some(expected)) = (found.grid, grid(view(a), view(b), found.rms)) {
        assert_eq!((found.rows, found.columns), (expected.rows, expected.columns));
        let pairs = found.cells.iter().zip(&expected.cells);
        assert!(
            pairs.clone().all(|(x, y)| close(*x, *y)),
            "{dtype}: {:?}",
            pairs.clone().find(|(x, y)| x != y)
        );
    }
}

fn dtypes() -> impl Iterator<Item = DType> {
    let blocks = [BlockType::Q8_0, BlockType::Q4_0].map(DType::Block);
    DType::ALL.iter().copied().filter(|dtype| !matches!(dtype, DType::F6E2M3 | DType::F6E3M2)).chain(blocks)
}

#[test]
fn every_dtype_agrees_with_the_plain_comparison() {
    for dtype in dtypes() {
        for shape in [vec![64, 160], vec![4, 32, 32], vec![3, 3, 96], vec![32], vec![7 * CHUNK as u64 + 256]]
        {
            for specials in [false, true] {
                let a = bytes(dtype, &shape, 7, specials);
                let b = bytes(dtype, &shape, 1 << 40 | 5, false);
                check(dtype, &shape, &a, &b);
                check(dtype, &shape, &a, &a);
            }
        }
    }
}

#[test]
fn unreadable_types_are_compared_by_bits() {
    for dtype in [DType::F6E2M3, DType::Block(BlockType::Q4K)] {
        let shape = [8, 256];
        let a = bytes(dtype, &shape, 3, false);
        let mut b = a.clone();
        b[200] ^= 1;
        let found = tally(dtype, &shape, &a, &b);
        assert!(!found.readable);
        assert_eq!((found.differing, found.maximum_steps), (1, None));
        assert_eq!(tally(dtype, &shape, &a, &a).differing, 0);
    }
}

#[test]
fn signs_of_zero_and_payloads_of_nan_are_bits_alone() {
    let numbers = |values: &[u32]| values.iter().flat_map(|bits| bits.to_le_bytes()).collect::<Vec<u8>>();
    let a = numbers(&[0, 0x7fc0_0000, 0x3f80_0000]);
    let b = numbers(&[0x8000_0000, 0xffc0_0001, 0x3f80_0000]);
    let found = tally(DType::F32, &[3], &a, &b);
    assert_eq!((found.differing, found.bits_only, found.relative_l2), (2, 2, 0.0));
}

#[test]
fn empty_tensors_and_scalars_have_nothing_odd() {
    assert_eq!(tally(DType::F32, &[0, 3], &[], &[]).elements, 0);
    let found = tally(DType::F64, &[], &1_f64.to_le_bytes(), &1.5_f64.to_le_bytes());
    assert_eq!((found.elements, found.differing, found.maximum_absolute), (1, 1, 0.5));
}

proptest! {
    #[test]
    fn few_changes_anywhere_are_all_seen(
        kind in 0..25_usize,
        width in 1..90_u64,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let dtype = dtypes().nth(kind).unwrap_or(DType::F32);
        let shape = match dtype {
            DType::Block(_) => vec![70, 32],
            _ => vec![70, width],
        };
        let a = bytes(dtype, &shape, width, true);
        let mut b = a.clone();
        for (index, mask) in changes {
            let at = index.index(b.len());
            b[at] ^= if dtype == DType::Bool { mask & 1 } else { mask };
        }
        // The bits beyond the last packed element belong to nobody.
        if dtype.bits() >= 8 || (70 * width * dtype.bits()).is_multiple_of(8) {
            check(dtype, &shape, &a, &b);
        }
    }
}
