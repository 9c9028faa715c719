//! Several tensors of one artifact that are one tensor of the other, one after the other along the first dim.

use reproof_contract::diff::{TensorDiff, TensorStatus};

use super::loose::Left;
use super::reading::{Reading, Side};
use super::{DiffError, compare};

/// Comparisons of a start of bytes before giving up.
const LOOKS: usize = 50_000;

/// Bytes that are compared before all of a piece are.
const LOOK: u64 = 4 << 10;

/// Pieces of one tensor at most.
const PIECES: usize = 64;

/// Finds what was merged and what was split among the tensors that are left over.
pub(super) fn find(
    reading: &Reading<'_>,
    left: &mut Left,
    found: &mut Vec<TensorDiff>,
) -> Result<(), DiffError> {
    let mut looks = LOOKS;
    for whole in left.b.clone() {
        if let Some(pieces) = compose((reading.b, whole), (reading.a, &left.a), &mut looks)? {
            left.a.retain(|index| !pieces.contains(index));
            left.b.retain(|index| *index != whole);
            found.push(describe(TensorStatus::Merged, (reading.b, whole), (reading.a, &pieces)));
        }
    }
    for whole in left.a.clone() {
        if let Some(pieces) = compose((reading.a, whole), (reading.b, &left.b), &mut looks)? {
            left.b.retain(|index| !pieces.contains(index));
            left.a.retain(|index| *index != whole);
            found.push(describe(TensorStatus::Split, (reading.a, whole), (reading.b, &pieces)));
        }
    }
    Ok(())
}

fn describe(
    status: TensorStatus,
    (side, whole): (&Side<'_>, usize),
    (other, pieces): (&Side<'_>, &[usize]),
) -> TensorDiff {
    let tensor = side.tensors[whole];
    let mut diff = TensorDiff::new(&tensor.part, &tensor.name, status, tensor.dtype, &tensor.shape);
    diff.pieces = pieces.iter().map(|index| other.tensors[*index].name.clone()).collect();
    diff
}

/// The tensors that make up a whole one, in their order.
fn compose(
    (side, whole): (&Side<'_>, usize),
    (other, left): (&Side<'_>, &[usize]),
    looks: &mut usize,
) -> Result<Option<Vec<usize>>, DiffError> {
    let tensor = side.tensors[whole];
    let Some((rows, inner)) = tensor.shape.split_first() else { return Ok(None) };
    // Along the first dim bytes follow each other, unless elements share one.
    let size = side.bytes_of(whole);
    if *rows < 2 || size == 0 || !tensor.dtype.bits().is_multiple_of(8) || side.is_absent(whole) {
        return Ok(None);
    }
    let could_be = |index: &&usize| {
        let piece = other.tensors[**index];
        piece.part == tensor.part
            && piece.dtype == tensor.dtype
            && piece
                .shape
                .split_first()
                .is_some_and(|(first, rest)| first < rows && *first > 0 && rest == inner)
            && !other.is_absent(**index)
    };
    let mut candidates: Vec<usize> = left.iter().filter(could_be).copied().collect();
    // Constant pieces are alike: the nearest names are the likeliest.
    candidates.sort_by_key(|index| std::cmp::Reverse(in_common(&other.tensors[*index].name, &tensor.name)));
    let (mut pieces, mut offset) = (Vec::new(), 0);
    while offset < size {
        let mut next = None;
        for (position, index) in candidates.iter().enumerate() {
            if *looks == 0 || pieces.len() == PIECES {
                return Ok(None);
            }
            *looks -= 1;
            if fits((side, whole), offset, (other, *index), size - offset)? {
                next = Some(position);
                break;
            }
        }
        let Some(position) = next else { return Ok(None) };
        let index = candidates.remove(position);
        offset += other.bytes_of(index);
        pieces.push(index);
    }
    Ok((pieces.len() > 1).then_some(pieces))
}

fn in_common(a: &str, b: &str) -> usize {
    a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count()
}

/// Whether a piece is what the whole has at an offset.
fn fits(
    (side, whole): (&Side<'_>, usize),
    offset: u64,
    (other, piece): (&Side<'_>, usize),
    room: u64,
) -> Result<bool, DiffError> {
    let length = other.bytes_of(piece);
    if length > room {
        return Ok(false);
    }
    let look = length.min(LOOK) as usize;
    if side.read(whole, offset, look)? != other.read(piece, 0, look)? {
        return Ok(false);
    }
    let (a, b) = (side.bytes(whole)?, other.bytes(piece)?);
    compare::same_bytes((&a, offset), (&b, 0), length).map_err(|error| side.failed(whole, error))
}
