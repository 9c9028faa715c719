//! Storages against a naive gather: views in every order and encoding, tensors in pieces, and what is refused.

use std::ops::Range;

use proptest::prelude::*;
use reproof_digest::ReadAt;
use reproof_formats::{Piece, Sources, Storage, StorageError, TensorDescription, View};
use reproof_tensor::{BlockType, DType, byte_length, element_count};

/// Element types whose elements have bytes of their own, of every size and way to be negated.
const WHOLE: [DType; 9] = [
    DType::U8,
    DType::I16,
    DType::BF16,
    DType::F32,
    DType::I64,
    DType::F64,
    DType::C32,
    DType::C64,
    DType::C128,
];

pub fn described(dtype: DType, shape: &[u64], storage: Storage) -> TensorDescription {
    let (name, part) = ("t".to_owned(), "model".to_owned());
    TensorDescription { name, part, dtype, shape: shape.to_vec(), storage, tied_to: None, note: None }
}

fn sources(file: &[u8]) -> Sources<'_> {
    Sources::new(vec![Box::new(file.to_vec())])
}

fn refusal(dtype: DType, shape: &[u64], storage: Storage) -> String {
    sources(&[0; 64]).bytes(&described(dtype, shape, storage)).unwrap_err().to_string()
}

/// Every index of a shape, in row-major order.
fn indices(shape: &[u64]) -> Vec<Vec<u64>> {
    let mut indices = vec![Vec::new()];
    for dim in shape {
        let longer = indices.iter().flat_map(|index| {
            (0..*dim).map(|along| index.iter().copied().chain([along]).collect::<Vec<u64>>())
        });
        indices = longer.collect();
    }
    indices
}

/// One stored element as a canonical one.
fn decoded(dtype: DType, mut element: Vec<u8>, swap: bool, conjugate: bool, negative: bool) -> Vec<u8> {
    let scalar = if dtype.is_complex() { element.len() / 2 } else { element.len() };
    for (half, number) in element.chunks_mut(scalar).enumerate() {
        if swap {
            number.reverse();
        }
        let flips = u8::from(conjugate && half == 1) + u8::from(negative);
        if dtype.is_discrete() && negative {
            let mut wide = [0; 8];
            wide[..scalar].copy_from_slice(number);
            let negated = u64::from_le_bytes(wide).wrapping_neg().to_le_bytes();
            number.copy_from_slice(&negated[..scalar]);
        } else if flips == 1 {
            number[scalar - 1] ^= 0x80;
        }
    }
    element
}

/// Asks for all bytes, and for some ranges of them.
fn assert_reads(bytes: &dyn ReadAt, expected: &[u8], cuts: &[(u16, u16)]) {
    assert_eq!(bytes.size(), expected.len() as u64);
    assert_eq!(bytes.read_range(0, expected.len()).unwrap(), expected);
    for (first, second) in cuts {
        let (first, second) =
            (usize::from(*first) % (expected.len() + 1), usize::from(*second) % (expected.len() + 1));
        let (start, end) = (first.min(second), first.max(second));
        assert_eq!(bytes.read_range(start as u64, end - start).unwrap(), expected[start..end]);
    }
    assert!(bytes.read_range(expected.len() as u64, 1).is_err());
    assert!(bytes.read_range(u64::MAX, 1).is_err());
}

fn cuts() -> impl Strategy<Value = Vec<(u16, u16)>> {
    prop::collection::vec(any::<(u16, u16)>(), 0..6)
}

proptest! {
    #[test]
    fn views_gather_what_they_view(
        dtype in prop::sample::select(WHOLE.to_vec()),
        dims in prop::collection::vec((0_u64..5, 0_u64..9), 0..5),
        offset in 0_u64..9,
        start in 0_u64..9,
        (swap, conjugate, negative) in any::<(bool, bool, bool)>(),
        cuts in cuts(),
        seed in any::<u64>(),
    ) {
        let (shape, strides): (Vec<u64>, Vec<u64>) = dims.into_iter().unzip();
        let size = dtype.bits() / 8;
        let place = |index: &Vec<u64>| -> u64 {
            offset + index.iter().zip(&strides).map(|(along, stride)| along * stride).sum::<u64>()
        };
        let places: Vec<u64> = indices(&shape).iter().map(place).collect();
        let needed = places.iter().max().map_or(0, |last| (last + 1) * size);
        let storage = start..start + needed;
        let mut state = seed;
        let file: Vec<u8> = (0..storage.end).map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        }).collect();
        let expected: Vec<u8> = places.iter().flat_map(|place| {
            let from = (start + place * size) as usize;
            let element = file[from..from + size as usize].to_vec();
            decoded(dtype, element, swap, conjugate && dtype.is_complex(), negative)
        }).collect();
        let view = View::new(0, &storage, offset, dtype, &shape, &strides).unwrap();
        let span = view.span();
        prop_assert!(span.start >= storage.start && span.end <= storage.end);
        let view = view.swapped(swap).negated(conjugate, negative).unwrap();
        let tensor = described(dtype, &shape, Storage::View(view));
        assert_reads(&sources(&file).bytes(&tensor).unwrap(), &expected, &cuts);
        if needed > 0 {
            let short = View::new(0, &(start..start + needed - 1), offset, dtype, &shape, &strides);
            prop_assert_eq!(short, Err(StorageError::Beyond { needed, stored: needed - 1 }));
        }
    }

    #[test]
    fn pieces_become_one_tensor(
        dtype in prop::sample::select(WHOLE.to_vec()),
        shape in prop::collection::vec(0_u64..7, 0..4),
        splits in prop::collection::vec(any::<(u8, u8, u8)>(), 0..10),
        kinds in prop::collection::vec(0_u8..4, 11),
        cuts in cuts(),
    ) {
        let size = dtype.bits() / 8;
        let boxes = tiling(&shape, &splits);
        let whole: Vec<u8> = (0..byte_length(dtype, &shape).unwrap()).map(|byte| (byte * 31) as u8).collect();
        let element = |index: &[u64]| {
            let place = index.iter().zip(&shape).fold(0, |place, (along, dim)| place * dim + along) * size;
            whole[place as usize..(place + size) as usize].to_vec()
        };
        let mut file = vec![0xee; 3];
        let pieces: Vec<Piece> = boxes.iter().zip(&kinds).map(|((at, dims), kind)| {
            let absolute = |index: &Vec<u64>| {
                element(&index.iter().zip(at).map(|(along, at)| along + at).collect::<Vec<u64>>())
            };
            let bytes: Vec<u8> = indices(dims).iter().flat_map(absolute).collect();
            let (start, length) = (file.len() as u64, bytes.len() as u64);
            let range = start..start + length;
            let storage = match kind {
                0 => Storage::Gathered(bytes.into()),
                1 => {
                    file.extend(&bytes);
                    Storage::Range { file: 0, offset: start, length }
                }
                2 => {
                    file.extend(bytes.chunks(dtype.swapped_bytes()).flat_map(|number| number.iter().rev()));
                    let view = View::new(0, &range, 0, dtype, dims, &row_major(dims));
                    Storage::View(view.unwrap().swapped(true))
                }
                _ => {
                    // Columns first: the elements of the box with its dims reversed.
                    let reversed: Vec<u64> = dims.iter().rev().copied().collect();
                    let turned = |index: &Vec<u64>| absolute(&index.iter().rev().copied().collect());
                    file.extend(indices(&reversed).iter().flat_map(turned));
                    let strides: Vec<u64> = row_major(&reversed).into_iter().rev().collect();
                    Storage::View(View::new(0, &range, 0, dtype, dims, &strides).unwrap())
                }
            };
            Piece { at: at.clone(), shape: dims.clone(), storage }
        }).collect();
        let tensor = described(dtype, &shape, Storage::Pieces(pieces.clone()));
        assert_reads(&sources(&file).bytes(&tensor).unwrap(), &whole, &cuts);
        if whole.is_empty() {
            return Ok(());
        }
        // One less leaves a hole; one in the place of another of its size lies on a third.
        let expected = element_count(&shape).unwrap();
        let held = expected - element_count(&pieces[0].shape).unwrap();
        let less = described(dtype, &shape, Storage::Pieces(pieces[1..].to_vec()));
        let refused = sources(&file).bytes(&less).unwrap_err();
        if held > 0 {
            prop_assert_eq!(refused, StorageError::Coverage { held, expected });
        }
        let alike = (1..pieces.len()).find(|index| pieces[*index].shape == pieces[0].shape);
        if let Some(index) = alike {
            let mut moved = pieces.clone();
            moved[0].at.clone_from(&pieces[index].at);
            let refused = sources(&file).bytes(&described(dtype, &shape, Storage::Pieces(moved))).unwrap_err();
            prop_assert!(matches!(refused, StorageError::Overlap { .. }), "{refused}");
        }
    }
}

fn row_major(shape: &[u64]) -> Vec<u64> {
    (0..shape.len()).map(|axis| shape[axis + 1..].iter().product()).collect()
}

/// Boxes that tile a shape, from splits of some box along some axis at some place.
fn tiling(shape: &[u64], splits: &[(u8, u8, u8)]) -> Vec<(Vec<u64>, Vec<u64>)> {
    let mut boxes = vec![(vec![0; shape.len()], shape.to_vec())];
    for (which, axis, cut) in splits.iter().filter(|_| !shape.is_empty()) {
        let (which, axis) = (usize::from(*which) % boxes.len(), usize::from(*axis) % shape.len());
        let (at, dims) = &mut boxes[which];
        if dims[axis] >= 2 {
            let kept = 1 + u64::from(*cut) % (dims[axis] - 1);
            let (mut other_at, mut other_dims) = (at.clone(), dims.clone());
            (other_at[axis], other_dims[axis]) = (at[axis] + kept, dims[axis] - kept);
            dims[axis] = kept;
            boxes.push((other_at, other_dims));
        }
    }
    boxes
}

/// A tall column-major array, whose neighbours lie further apart than is read along, of more bytes than are kept.
#[test]
fn large_views_are_gathered_in_blocks() {
    let (rows, columns) = (4_100_u64, 8_200_u64);
    let value = |row: u64, column: u64| ((row * 7 + column * 13) % 251) as u8;
    let file: Vec<u8> =
        (0..columns).flat_map(|column| (0..rows).map(move |row| value(row, column))).collect();
    let view = View::new(0, &(0..rows * columns), 0, DType::U8, &[rows, columns], &[1, rows]).unwrap();
    let tensor = described(DType::U8, &[rows, columns], Storage::View(view));
    let sources = sources(&file);
    let bytes = sources.bytes(&tensor).unwrap();
    for (first, count) in [(0_u64, 3 * 65_536 + 5), (rows * columns - 70_001, 70_001), (12_345, 1)] {
        let expected: Vec<u8> =
            (first..first + count).map(|place| value(place / columns, place % columns)).collect();
        assert!(bytes.read_range(first, count as usize).unwrap() == expected, "{count} bytes from {first}");
    }
}

#[test]
fn packed_elements_stay_where_they_are() {
    let view = |dtype, range: Range<u64>, offset, shape: &[u64], strides: &[u64]| {
        View::new(0, &range, offset, dtype, shape, strides)
    };
    let file: Vec<u8> = (0..64).collect();
    let nibbles = view(DType::U4, 1..9, 2, &[2, 3], &[3, 1]).unwrap();
    let tensor = described(DType::U4, &[2, 3], Storage::View(nibbles.clone()));
    assert_eq!(sources(&file).bytes(&tensor).unwrap().read_range(0, 3).unwrap(), [2, 3, 4]);
    let block = DType::Block(BlockType::Q4_0);
    let second = view(block, 0..36, 32, &[1, 32], &[32, 1]).unwrap();
    let tensor = described(block, &[1, 32], Storage::View(second.clone()));
    assert_eq!(sources(&file).bytes(&tensor).unwrap().read_range(0, 18).unwrap(), file[18..36]);
    for (dtype, offset, shape, strides) in [
        (DType::U4, 1, [2, 3], [3, 1]),
        (DType::U4, 0, [2, 3], [1, 2]),
        (DType::F6E2M3, 2, [2, 2], [2, 1]),
        // Element 8 of a block begins at a whole byte, and at no block.
        (block, 8, [1, 32], [32, 1]),
        (block, 0, [32, 2], [1, 32]),
    ] {
        let refused = view(dtype, 0..64, offset, &shape, &strides);
        assert_eq!(refused, Err(StorageError::Packed { dtype }), "{dtype} from {offset} of {shape:?}");
    }
    for view in [nibbles, second] {
        assert!(matches!(view.negated(false, true), Err(StorageError::Signless { .. })));
    }
    let piece = |at| Piece { at: vec![at], shape: vec![1], storage: Storage::Gathered(vec![1].into()) };
    assert_eq!(
        refusal(DType::U4, &[2], Storage::Pieces(vec![piece(0), piece(1)])),
        "U4 elements are packed and cannot be read in another order"
    );
}

#[test]
fn an_empty_view_reads_nothing_from_anywhere() {
    for offset in [0, 100, u64::MAX] {
        for dtype in [DType::F32, DType::U4, DType::Block(BlockType::Q8_0)] {
            let view = View::new(0, &(4..8), offset, dtype, &[3, 0], &[u64::MAX, u64::MAX]).unwrap();
            assert_eq!(view.span(), 4..4);
            let tensor = described(dtype, &[3, 0], Storage::View(view));
            let sources = sources(&[0; 8]);
            assert!(sources.bytes(&tensor).unwrap().read_range(0, 0).unwrap().is_empty());
        }
    }
}

#[test]
fn an_empty_range_may_lie_anywhere() {
    let storage = Storage::Range { file: 0, offset: 100, length: 0 };
    let tensor = described(DType::F32, &[0], storage);
    assert!(sources(&[0; 8]).bytes(&tensor).unwrap().read_range(0, 0).unwrap().is_empty());
}

#[test]
fn what_does_not_fit_is_refused() {
    let view = |offset, shape: &[u64], strides: &[u64]| {
        View::new(0, &(0..64), offset, DType::F32, shape, strides).unwrap_err()
    };
    assert_eq!(view(0, &[1, 2], &[1]), StorageError::Rank { dims: 2, strides: 1 });
    assert_eq!(view(0, &[4, 4], &[5, 1]), StorageError::Beyond { needed: 76, stored: 64 });
    for (offset, shape, strides) in [
        (u64::MAX, [1, 1], [1, 1]),
        (0, [2, 2], [u64::MAX, 1]),
        (0, [2, 2], [u64::MAX / 2, u64::MAX / 2 + 2]),
        (0, [u64::MAX, 2], [0, 0]),
    ] {
        assert!(matches!(view(offset, &shape, &strides), StorageError::Overflow { .. }));
    }
    let range = |length| Storage::Range { file: 0, offset: 0, length };
    assert_eq!(refusal(DType::F32, &[2], range(4)), "it needs 8 bytes of its storage, which has 4");
    let wide = View::new(0, &(0..4), 0, DType::U8, &[1 << 40], &[0]).unwrap();
    assert_eq!(
        refusal(DType::U8, &[1 << 40], Storage::View(wide)),
        "it claims 1099511627776 bytes of values from 1 stored bytes"
    );
    assert_eq!(refusal(DType::U8, &[1], Storage::Absent { reason: "none" }), "it has no values: none");
    let piece = |at: &[u64], shape: &[u64], length| Piece {
        at: at.to_vec(),
        shape: shape.to_vec(),
        storage: Storage::Gathered(vec![0; length].into()),
    };
    let pieces = |list| refusal(DType::U8, &[2, 2], Storage::Pieces(list));
    assert_eq!(pieces(vec![piece(&[0, 0], &[2, 2], 3)]), "it needs 4 bytes of its storage, which has 3");
    assert_eq!(
        pieces(vec![piece(&[0, 0], &[1, 2], 2), piece(&[2, 0], &[1, 2], 2)]),
        "piece 1 of shape [1, 2] at [2, 0] leaves the shape [2, 2]"
    );
    assert_eq!(
        pieces(vec![piece(&[0, 0], &[1, 2], 2), piece(&[0, u64::MAX], &[2, 2], 2)]),
        format!("piece 1 of shape [2, 2] at [0, {}] leaves the shape [2, 2]", u64::MAX)
    );
    assert_eq!(
        pieces(vec![piece(&[0, 0], &[1, 2], 2), piece(&[0, 1], &[2, 1], 2)]),
        "pieces 0 and 1 overlap"
    );
}
