//! Tensors too large for memory, compared block by block at the speed of memory.
//!
//! A [`Tally`] takes pairs of blocks in any order and is merged across threads. [`differing`] only counts bits.

mod cast;
mod distance;
mod encoding;
mod number;
mod ordinary;
mod plane;
mod tally;
#[cfg(test)]
mod tests;

use super::Grid;
use crate::DType;

pub use cast::Cast;
use encoding::Encoding;
pub(crate) use encoding::dispatch;
pub use tally::Tally;

/// Elements that are looked at together: what is worked out on the way stays in the fastest cache.
const CHUNK: usize = 1024;

/// How two tensors of equal dtype and shape differ. Complex elements count as two; packed elements that have no
/// readable value are compared by bytes or blocks, which are then the elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// Elements.
    pub elements: u64,
    /// Elements whose bits differ.
    pub differing: u64,
    /// Those of them whose values are equal: zeros of other signs, NaN with other payloads.
    pub bits_only: u64,
    /// Positions where exactly one of the two is NaN, or infinities differ.
    pub special_mismatches: u64,
    /// Whether elements have values, so that what follows says something.
    pub readable: bool,
    /// Largest absolute difference over positions where both are finite.
    pub maximum_absolute: f64,
    /// L2 norm of the difference over that of the first; infinite if only the first is 0.
    pub relative_l2: f64,
    /// Root mean square of the first's finite elements.
    pub rms: f64,
    /// Most steps from one representable number to the next between two elements: units in the last place of floats,
    /// differences of integers. `None` where a dtype has no such steps.
    pub maximum_steps: Option<u64>,
    /// The number of steps that 99 of 100 elements do not exceed, equal ones included; good to 1/16.
    pub p99_steps: Option<u64>,
    /// Elements by steps: none, 1, 2 to 3, 4 to 7 and so on.
    pub octaves: Vec<u64>,
    /// Row-major position of the first element whose bits differ.
    pub first: Option<u64>,
    /// The element with the largest difference; a special mismatch comes before any finite one.
    pub worst: Option<Pair>,
    /// Largest `|difference| / rms` over the last two dims.
    pub grid: Option<Grid>,
}

/// One element of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Row-major position.
    pub position: u64,
    /// The value in the first.
    pub a: f64,
    /// The value in the second.
    pub b: f64,
}

impl Pair {
    fn size(&self) -> Size {
        let size = (self.a - self.b).abs();
        Size(if size.is_nan() { f64::INFINITY } else { size })
    }
}

/// A difference: never NaN, so that it has an order.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
struct Size(f64);

/// Elements whose bits differ between two blocks, and the position of the first of them among the block's.
pub fn differing(dtype: DType, a: &[u8], b: &[u8]) -> (u64, Option<u64>) {
    let encoding = Encoding::of(dtype);
    if a == b {
        return (0, None);
    }
    (ordinary::differing(encoding.whole_bytes(), a, b), first_difference(encoding, 0, a, b))
}

/// The position of the first element that differs, of blocks that start at `position`.
fn first_difference(encoding: Encoding, position: u64, a: &[u8], b: &[u8]) -> Option<u64> {
    // Whole pages first: comparing memory is faster than looking at each byte.
    let page = a.chunks(4096).zip(b.chunks(4096)).position(|(a, b)| a != b)?;
    let start = page * 4096;
    let byte = a[start..].iter().zip(&b[start..]).position(|(a, b)| a != b)?;
    Some(position + encoding.position((start + byte) as u64))
}
