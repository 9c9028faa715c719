//! The loops that everything waits for: finite numbers of one type, in whole lanes.

use super::CHUNK;
use super::distance::{Counters, Distance};
use super::number::{Number, Table};

/// Numbers that are looked at side by side: enough for every vector unit, and a multiple of what each holds.
pub(super) const LANES: usize = 8;

/// What the loops leave behind of the last chunk.
pub(super) struct Scratch {
    /// `|a - b|` of each pair.
    pub(super) absolute: [f64; CHUNK],
    bins: [u16; CHUNK],
    pub(super) counters: Box<Counters>,
}

impl Scratch {
    pub(super) fn new() -> Box<Self> {
        Box::new(Self { absolute: [0.0; CHUNK], bins: [0; CHUNK], counters: Counters::new() })
    }
}

/// What a chunk adds up to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    /// Pairs whose bits differ.
    pub(super) differing: u64,
    /// Those of them with a step between.
    pub(super) moved: u64,
    /// The most steps.
    pub(super) farthest: u64,
    /// Sum of `(a - b)^2`.
    pub(super) errors: f64,
    /// Sum of `a^2`.
    pub(super) squares: f64,
}

/// Whether all numbers of two chunks are finite.
pub(super) fn all_finite<N: Number>(a: &[u8], b: &[u8], table: &Table) -> bool {
    let mut all = true;
    for (x, y) in a.chunks_exact(N::SIZE).zip(b.chunks_exact(N::SIZE)) {
        all &= N::read(x).is_finite(table) & N::read(y).is_finite(table);
    }
    all
}

/// Sum of the squares of finite numbers, in whole lanes.
pub(super) fn squares<N: Number>(a: &[u8], table: &Table) -> f64 {
    let mut lanes = [0.0; LANES];
    for eight in a.chunks_exact(N::SIZE * LANES) {
        for lane in 0..LANES {
            let value = N::read(&eight[lane * N::SIZE..(lane + 1) * N::SIZE]).value(table);
            lanes[lane] += value * value;
        }
    }
    lanes.iter().sum()
}

/// Compares finite numbers, in whole lanes: no more than [`CHUNK`] of them.
pub(super) fn compare<N: Number>(a: &[u8], b: &[u8], table: &Table, scratch: &mut Scratch) -> Sums {
    let mut sums = Sums::default();
    values::<N>(a, b, table, &mut scratch.absolute, &mut sums);
    steps::<N>(a, b, &mut scratch.bins, &mut sums);
    scratch.counters.add(&scratch.bins[..a.len() / N::SIZE]);
    sums
}

fn values<N: Number>(a: &[u8], b: &[u8], table: &Table, absolute: &mut [f64; CHUNK], sums: &mut Sums) {
    let (mut errors, mut squares) = ([0.0; LANES], [0.0; LANES]);
    let eights = a.chunks_exact(N::SIZE * LANES).zip(b.chunks_exact(N::SIZE * LANES));
    for ((eight, other), absolute) in eights.zip(absolute.chunks_exact_mut(LANES)) {
        for lane in 0..LANES {
            let range = lane * N::SIZE..(lane + 1) * N::SIZE;
            let x = N::read(&eight[range.clone()]).value(table);
            let difference = x - N::read(&other[range]).value(table);
            absolute[lane] = difference.abs();
            errors[lane] += difference * difference;
            squares[lane] += x * x;
        }
    }
    sums.errors = errors.iter().sum();
    sums.squares = squares.iter().sum();
}

fn steps<N: Number>(a: &[u8], b: &[u8], bins: &mut [u16; CHUNK], sums: &mut Sums) {
    let (mut differing, mut moved) = ([0_u32; LANES], [0_u32; LANES]);
    let mut farthest = [N::Steps::default(); LANES];
    let eights = a.chunks_exact(N::SIZE * LANES).zip(b.chunks_exact(N::SIZE * LANES));
    for ((eight, other), bins) in eights.zip(bins.chunks_exact_mut(LANES)) {
        for lane in 0..LANES {
            let range = lane * N::SIZE..(lane + 1) * N::SIZE;
            let (x, y) = (N::read(&eight[range.clone()]), N::read(&other[range]));
            let steps = x.steps(y);
            bins[lane] = steps.bin();
            differing[lane] = differing[lane].wrapping_add(u32::from(!x.same(y)));
            moved[lane] = moved[lane].wrapping_add(u32::from(steps != N::Steps::default()));
            farthest[lane] = if steps > farthest[lane] { steps } else { farthest[lane] };
        }
    }
    let total = |lanes: [u32; LANES]| lanes.iter().map(|count| u64::from(*count)).sum();
    sums.differing = total(differing);
    sums.moved = total(moved);
    sums.farthest = farthest.into_iter().max().unwrap_or_default().into();
}

/// Numbers whose bits differ, and nothing else about them.
pub(super) fn differing(size: usize, a: &[u8], b: &[u8]) -> u64 {
    fn count<const SIZE: usize>(a: &[u8], b: &[u8]) -> u64 {
        let mut sum = 0_u64;
        // Counts of a thousand fit a narrow lane; the sum over a block needs a wide one.
        for (a, b) in a.chunks(SIZE * CHUNK).zip(b.chunks(SIZE * CHUNK)) {
            let mut count = 0_u32;
            for (x, y) in a.chunks_exact(SIZE).zip(b.chunks_exact(SIZE)) {
                count = count.wrapping_add(u32::from(x != y));
            }
            sum += u64::from(count);
        }
        sum
    }
    match size {
        1 => count::<1>(a, b),
        2 => count::<2>(a, b),
        4 => count::<4>(a, b),
        8 => count::<8>(a, b),
        _ => a.chunks(size).zip(b.chunks(size)).map(|(x, y)| u64::from(x != y)).sum(),
    }
}
