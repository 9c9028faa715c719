//! Tensors that were saved in pieces by several processes.

use std::io;

use reproof_tensor::element_count;

use super::{Storage, StorageError};

/// A box of a tensor.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The place of its first element in the tensor, outermost dim first.
    pub at: Vec<u64>,
    /// Its dims.
    pub shape: Vec<u64>,
    /// Where its values are.
    pub storage: Storage,
}

impl Piece {
    fn is_empty(&self) -> bool {
        self.shape.contains(&0)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let dims = self.at.iter().zip(&self.shape).zip(other.at.iter().zip(&other.shape));
        dims.into_iter()
            .all(|((at, dim), (other_at, other_dim))| *at < other_at + other_dim && *other_at < at + dim)
    }
}

/// Checks that pieces tile a tensor of this shape: inside it, none on another, nothing left out.
pub(crate) fn check(whole: &[u64], pieces: &[Piece]) -> Result<(), StorageError> {
    let overflow = || StorageError::Overflow { shape: whole.to_vec(), strides: Vec::new() };
    let expected = element_count(whole).ok_or_else(overflow)?;
    let mut held = 0_u64;
    for (index, piece) in pieces.iter().enumerate() {
        let inside = piece.at.len() == whole.len()
            && piece.shape.len() == whole.len()
            && piece
                .at
                .iter()
                .zip(&piece.shape)
                .zip(whole)
                .all(|((at, dim), whole)| at.checked_add(*dim).is_some_and(|end| end <= *whole));
        if !inside {
            return Err(StorageError::Outside {
                piece: index,
                at: piece.at.clone(),
                shape: piece.shape.clone(),
                whole: whole.to_vec(),
            });
        }
        held = held.saturating_add(element_count(&piece.shape).ok_or_else(overflow)?);
    }
    if held != expected {
        return Err(StorageError::Coverage { held, expected });
    }
    // Without dims there is one element, and by now one piece.
    let Some(axis) = (0..whole.len()).max_by_key(|axis| starts(pieces, *axis)) else { return Ok(()) };
    // Sorted along the dim that divides them most, a piece can only meet those that start before it ends.
    let mut order: Vec<usize> = (0..pieces.len()).filter(|index| !pieces[*index].is_empty()).collect();
    order.sort_unstable_by_key(|index| pieces[*index].at[axis]);
    for (position, first) in order.iter().enumerate() {
        let piece = &pieces[*first];
        let end = piece.at[axis] + piece.shape[axis];
        let near = order[position + 1..].iter().take_while(|second| pieces[**second].at[axis] < end);
        for second in near {
            if piece.overlaps(&pieces[*second]) {
                return Err(StorageError::Overlap { first: *first, second: *second });
            }
        }
    }
    Ok(())
}

/// At how many places pieces start along a dim.
fn starts(pieces: &[Piece], axis: usize) -> usize {
    let mut starts: Vec<u64> = pieces.iter().map(|piece| piece.at[axis]).collect();
    starts.sort_unstable();
    starts.dedup();
    starts.len()
}

/// How a piece lies in its tensor: runs of equal length, one after the other in the piece, apart in the tensor.
struct Runs<'a> {
    piece: &'a Piece,
    /// Bytes per run.
    length: u64,
    /// Dims that runs are counted over: those outside a run.
    outer: usize,
    /// Bytes in the tensor between neighbours along each dim.
    strides: Vec<u64>,
}

impl<'a> Runs<'a> {
    fn new(whole: &[u64], piece: &'a Piece, size: u64) -> Self {
        let mut strides = vec![size; whole.len()];
        for axis in (1..whole.len()).rev() {
            strides[axis - 1] = strides[axis] * whole[axis];
        }
        // Trailing dims that the piece covers whole are one run together with the dim before them.
        let mut outer = whole.len();
        while outer > 0 && piece.shape[outer - 1] == whole[outer - 1] {
            outer -= 1;
        }
        outer = outer.saturating_sub(1);
        let length = match piece.shape.get(outer) {
            Some(dim) => dim * strides[outer],
            None => size,
        };
        Self { piece, length, outer, strides }
    }

    fn count(&self) -> u64 {
        self.piece.shape[..self.outer].iter().product()
    }

    /// The byte of the tensor at which a run starts; rises with the run.
    fn start(&self, run: u64) -> u64 {
        let mut rest = run;
        let inner = self.piece.at.get(self.outer).zip(self.strides.get(self.outer));
        let mut start = inner.map_or(0, |(at, stride)| at * stride);
        for axis in (0..self.outer).rev() {
            let along = rest % self.piece.shape[axis];
            rest /= self.piece.shape[axis];
            start += (self.piece.at[axis] + along) * self.strides[axis];
        }
        start
    }

    /// The first run that does not satisfy `before`, which holds for a prefix of them.
    fn first_not(&self, before: impl Fn(u64) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            if before(self.start(middle)) { low = middle + 1 } else { high = middle }
        }
        low
    }
}

/// Fills a buffer with canonical bytes of a piece from an offset on.
type ReadPiece<'a> = dyn Fn(&Piece, &mut [u8], u64) -> io::Result<()> + 'a;

/// Fills `buffer` with the bytes from `offset` of a tensor of `size` bytes per element; `read` gives the canonical
/// bytes of a piece.
pub(super) fn read(
    whole: &[u64],
    size: u64,
    pieces: &[Piece],
    buffer: &mut [u8],
    offset: u64,
    read: &ReadPiece<'_>,
) -> io::Result<()> {
    let end = offset + buffer.len() as u64;
    let mut scratch = Vec::new();
    for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
        let runs = Runs::new(whole, piece, size);
        let first = runs.first_not(|start| start + runs.length <= offset);
        let last = runs.first_not(|start| start < end);
        if first >= last {
            continue;
        }
        // Runs follow each other in the piece: from the first wanted byte to the last is one read.
        let head = offset.saturating_sub(runs.start(first));
        let tail = (runs.start(last - 1) + runs.length).saturating_sub(end);
        let from = first * runs.length + head;
        scratch.resize((last * runs.length - tail - from) as usize, 0);
        read(piece, &mut scratch, from)?;
        let mut rest = scratch.as_slice();
        for run in first..last {
            let start = runs.start(run).max(offset);
            let stop = (runs.start(run) + runs.length).min(end);
            let (bytes, others) = rest.split_at((stop - start) as usize);
            buffer[(start - offset) as usize..(stop - offset) as usize].copy_from_slice(bytes);
            rest = others;
        }
    }
    Ok(())
}
