//! The accumulator: fed with pairs of blocks in any order, from any thread, then merged.

use super::distance::{Bins, Distance};
use super::number::{self, NO_TABLE, Number, Table};
use super::ordinary::{self, LANES, Scratch};
use super::plane::Plane;
use super::{CHUNK, Divergence, Encoding, Pair, Size};
use crate::{DType, Elements};

/// Adds up how two tensors of equal dtype and shape differ, block by block.
pub struct Tally {
    encoding: Encoding,
    dtype: DType,
    elements: u64,
    table: Option<Box<Table>>,
    plane: Option<Plane>,
    cells: Vec<f64>,
    scratch: Box<Scratch>,
    bins: Bins,
    differing: u64,
    moved: u64,
    farthest: u64,
    special: u64,
    /// Positions where one of the two is NaN or infinite.
    unsquared: u64,
    largest: f64,
    first: Option<u64>,
    worst: Option<Pair>,
    /// Per block its position, its sum of squares and that of its differences: added up in the order of positions,
    /// so that threads do not change the last bits.
    sums: Vec<(u64, f64, f64)>,
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tally({} of {} {} differ)", self.differing, self.elements, self.dtype)
    }
}

impl Tally {
    /// Nothing compared yet, of tensors of this dtype and shape.
    pub fn new(dtype: DType, shape: &[u64]) -> Self {
        let encoding = Encoding::of(dtype);
        let shape = encoding.shape(dtype, shape);
        let plane = Plane::new(&shape).filter(|_| encoding.is_readable());
        Self {
            encoding,
            dtype,
            elements: shape.iter().fold(1, |count, dim| count.saturating_mul(*dim)),
            table: number::table(dtype),
            cells: vec![0.0; plane.as_ref().map_or(0, Plane::cells)],
            plane,
            scratch: Scratch::new(),
            bins: Bins::new(),
            differing: 0,
            moved: 0,
            farthest: 0,
            special: 0,
            unsquared: 0,
            largest: 0.0,
            first: None,
            worst: None,
            sums: Vec::new(),
        }
    }

    /// Bytes that a block is a multiple of, unless it ends the tensor.
    pub fn unit(dtype: DType) -> usize {
        Encoding::of(dtype).bytes(CHUNK)
    }

    /// Elements in so many bytes, as they are counted here.
    pub fn elements(dtype: DType, bytes: u64) -> u64 {
        Encoding::of(dtype).position(bytes)
    }

    /// Compares two blocks that start at a byte of the tensor, a multiple of [`Self::unit`], and are not larger than
    /// 1 GiB.
    ///
    /// # Panics
    /// If the blocks are not of equal length.
    pub fn add(&mut self, offset: u64, a: &[u8], b: &[u8]) {
        assert_eq!(a.len(), b.len(), "blocks of equal length");
        let position = self.encoding.position(offset);
        self.note_first(position, a, b);
        let (mut squares, mut errors) = (0.0, 0.0);
        let bytes = self.encoding.bytes(CHUNK);
        for (index, (a, b)) in a.chunks(bytes).zip(b.chunks(bytes)).enumerate() {
            let at = position + (index * CHUNK) as u64;
            let (more_squares, more_errors) = self.chunk(at, a, b);
            squares += more_squares;
            errors += more_errors;
        }
        self.scratch.counters.drain(&mut self.bins);
        self.sums.push((position, squares, errors));
    }

    /// Takes in a block that is the same in both tensors: cheaper than [`Self::add`], with the same result.
    pub fn add_equal(&mut self, offset: u64, a: &[u8]) {
        let position = self.encoding.position(offset);
        let bytes = self.encoding.bytes(CHUNK);
        let mut squares = 0.0;
        for (index, a) in a.chunks(bytes).enumerate() {
            squares += self.equal(position + (index * CHUNK) as u64, a);
        }
        self.sums.push((position, squares, 0.0));
    }

    /// The sum of two tallies of the same tensors.
    #[must_use]
    pub fn merge(mut self, mut other: Self) -> Self {
        self.differing += other.differing;
        self.moved += other.moved;
        self.special += other.special;
        self.unsquared += other.unsquared;
        self.farthest = self.farthest.max(other.farthest);
        self.largest = self.largest.max(other.largest);
        self.bins.merge(&other.bins);
        self.first = [self.first, other.first].into_iter().flatten().min();
        self.cells.iter_mut().zip(&other.cells).for_each(|(cell, more)| *cell = cell.max(*more));
        if let Some(worst) = other.worst {
            self.note_worst(worst);
        }
        self.sums.append(&mut other.sums);
        self
    }

    /// What it all adds up to.
    pub fn finish(mut self) -> Divergence {
        self.sums.sort_unstable_by_key(|(position, ..)| *position);
        let sum = |pick: fn(&(u64, f64, f64)) -> f64| self.sums.iter().map(pick).sum::<f64>();
        let (squares, errors) = (sum(|sums| sums.1), sum(|sums| sums.2));
        let finite = self.elements.saturating_sub(self.unsquared);
        let rms = if finite == 0 { 0.0 } else { (squares / finite as f64).sqrt() };
        let steps = self.encoding.has_steps();
        Divergence {
            elements: self.elements,
            differing: self.differing,
            bits_only: self.differing - self.moved.min(self.differing),
            special_mismatches: self.special,
            readable: self.encoding.is_readable(),
            maximum_absolute: self.largest,
            relative_l2: if errors == 0.0 { 0.0 } else { (errors / squares).sqrt() },
            rms,
            maximum_steps: steps.then_some(self.farthest),
            p99_steps: steps.then(|| self.bins.percentile(0.99, self.farthest)),
            octaves: if steps { self.bins.octaves() } else { Vec::new() },
            first: self.first,
            worst: self.worst,
            grid: self.plane.as_ref().map(|plane| plane.grid(&self.cells, rms)),
        }
    }

    fn note_first(&mut self, position: u64, a: &[u8], b: &[u8]) {
        if self.first.is_none_or(|first| first > position) {
            self.first = super::first_difference(self.encoding, position, a, b).or(self.first);
        }
    }

    /// Special values come before any difference, a larger one before a smaller, then the first.
    fn note_worst(&mut self, pair: Pair) {
        let rank = |pair: &Pair| (pair.size(), std::cmp::Reverse(pair.position));
        if self.worst.as_ref().is_none_or(|worst| rank(&pair) > rank(worst)) {
            self.worst = Some(pair);
        }
    }

    /// Compares one chunk; returns its sums of squares and of squared differences.
    fn chunk(&mut self, at: u64, a: &[u8], b: &[u8]) -> (f64, f64) {
        if a == b {
            return (self.equal(at, a), 0.0);
        }
        super::dispatch!(self.encoding, N => self.numbers::<N>(at, a, b), elements => self.elements_of(at, a, b))
    }

    /// Takes in a chunk that is the same in both; returns its sum of squares.
    fn equal(&mut self, at: u64, a: &[u8]) -> f64 {
        let count = self.encoding.elements(a.len()).min(self.elements.saturating_sub(at) as usize);
        let table = self.table.as_deref().unwrap_or(&NO_TABLE);
        let (squares, finite) = super::dispatch!(self.encoding, N => squares::<N>(a, table), elements => {
            Elements::new(self.dtype, a, count).map_or((0.0, count), |values| one_by_one(values.iter()))
        });
        self.bins.add(0, count as u64);
        self.unsquared += count.saturating_sub(finite) as u64;
        squares
    }

    /// A chunk of plain numbers: whole lanes of finite ones at full speed, the rest one by one.
    fn numbers<N: Number>(&mut self, at: u64, a: &[u8], b: &[u8]) -> (f64, f64) {
        let whole = a.len() / (N::SIZE * LANES) * (N::SIZE * LANES);
        let table = self.table.take();
        let values = table.as_deref().unwrap_or(&NO_TABLE);
        let (fast, slow) =
            if ordinary::all_finite::<N>(&a[..whole], &b[..whole], values) { (whole, whole) } else { (0, 0) };
        let mut sums = (0.0, 0.0);
        if fast > 0 {
            let found = ordinary::compare::<N>(&a[..fast], &b[..fast], values, &mut self.scratch);
            self.differing += found.differing;
            self.moved += found.moved;
            self.farthest = self.farthest.max(found.farthest);
            sums = (found.squares, found.errors);
            self.locate(at, fast / N::SIZE, |index| {
                let value = |bytes: &[u8]| N::read(&bytes[index * N::SIZE..]).value(values);
                (value(a), value(b))
            });
        }
        let pairs = a[slow..].chunks_exact(N::SIZE).zip(b[slow..].chunks_exact(N::SIZE));
        for (index, (x, y)) in pairs.enumerate() {
            let (x, y) = (N::read(x), N::read(y));
            let position = at + (slow / N::SIZE + index) as u64;
            let steps = x.steps(y);
            let (square, error) =
                self.one(position, x.careful(values), y.careful(values), !x.same(y), Some(steps));
            sums.0 += square;
            sums.1 += error;
        }
        self.table = table;
        sums
    }

    /// A chunk of packed or quantised elements, or of what has no values at all.
    fn elements_of(&mut self, at: u64, a: &[u8], b: &[u8]) -> (f64, f64) {
        let count = self.encoding.elements(a.len()).min(self.elements.saturating_sub(at) as usize);
        let read = |bytes| Elements::new(self.dtype, bytes, count);
        let (Some(x), Some(y)) = (read(a), read(b)) else {
            self.differing += ordinary::differing(self.encoding.whole_bytes(), a, b);
            self.moved = self.differing;
            return (0.0, 0.0);
        };
        let (mut sums, before) = ((0.0, 0.0), self.differing);
        for index in 0..count {
            let (x, y) = (x.get(index), y.get(index));
            let differs = x.to_bits() != y.to_bits();
            let (square, error) = self.one(at + index as u64, x, y, differs, None::<u32>);
            sums.0 += square;
            sums.1 += error;
        }
        // Blocks can hold the same values in other bits.
        self.differing += u64::from(self.differing == before);
        sums
    }

    /// Compares one pair in every respect.
    fn one(
        &mut self,
        position: u64,
        a: f64,
        b: f64,
        differs: bool,
        steps: Option<impl Distance>,
    ) -> (f64, f64) {
        self.differing += u64::from(differs);
        if !(a.is_finite() && b.is_finite()) {
            if a != b && !(a.is_nan() && b.is_nan()) {
                self.moved += 1;
                self.special += 1;
                self.mark(Pair { position, a, b }, f64::INFINITY);
            } else {
                self.bins.add(0, 1);
            }
            self.unsquared += 1;
            return (0.0, 0.0);
        }
        let absolute = (a - b).abs();
        match steps {
            Some(steps) => {
                self.bins.add(steps.bin(), 1);
                self.farthest = self.farthest.max(steps.into());
                self.moved += u64::from(steps.into() != 0);
            }
            None => self.moved += u64::from(absolute != 0.0),
        }
        if absolute > 0.0 {
            self.largest = self.largest.max(absolute);
            self.mark(Pair { position, a, b }, absolute);
        }
        (a * a, absolute * absolute)
    }

    fn mark(&mut self, pair: Pair, size: f64) {
        if let Some(plane) = &self.plane {
            plane.raise(&mut self.cells, pair.position, &[size]);
        }
        self.note_worst(pair);
    }

    /// Puts the differences of a chunk on the plane and looks for its worst pair if that can be the worst of all.
    fn locate(&mut self, at: u64, count: usize, pair: impl Fn(usize) -> (f64, f64)) {
        let Some(plane) = &self.plane else { return };
        let absolute = &self.scratch.absolute[..count];
        let largest = plane.raise(&mut self.cells, at, absolute);
        self.largest = self.largest.max(largest);
        if largest == 0.0 || self.worst.as_ref().is_some_and(|worst| worst.size() > Size(largest)) {
            return;
        }
        if let Some(index) = absolute.iter().position(|size| *size == largest) {
            let (a, b) = pair(index);
            self.note_worst(Pair { position: at + index as u64, a, b });
        }
    }
}

/// Sum of squares of the finite numbers of a chunk, and how many these are.
fn squares<N: Number>(a: &[u8], table: &Table) -> (f64, usize) {
    let whole = a.len() / (N::SIZE * LANES) * (N::SIZE * LANES);
    let (head, tail) = a.split_at(whole);
    let carefully =
        |bytes: &[u8]| one_by_one(bytes.chunks_exact(N::SIZE).map(|number| N::read(number).careful(table)));
    let first = if ordinary::all_finite::<N>(head, head, table) {
        (ordinary::squares::<N>(head, table), head.len() / N::SIZE)
    } else {
        carefully(head)
    };
    let rest = carefully(tail);
    (first.0 + rest.0, first.1 + rest.1)
}

fn one_by_one(values: impl Iterator<Item = f64>) -> (f64, usize) {
    let finite = values.filter(|value| value.is_finite());
    finite.fold((0.0, 0), |(squares, count), value| (squares + value * value, count + 1))
}
