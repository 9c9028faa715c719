//! Values of two tensors, block by block on all cores.

use std::io;

use rayon::prelude::*;
use reproof_digest::ReadAt as _;
use reproof_formats::TensorBytes;
use reproof_progress::Progress;
use reproof_tensor::DType;
use reproof_tensor::compare::stream::{Cast, Divergence, Tally, differing};

/// Bytes of a block: two of them and what is worked out from them stay in the second cache of a core.
const BLOCK: usize = 256 << 10;

/// Blocks that one thread takes at least, so that its buffers are worth their making.
const RUN: usize = 16;

/// How the values of two tensors differ.
pub(super) enum Comparison {
    /// Not at all.
    Equal,
    /// In so many elements, the first at this row-major position.
    Bits { differing: u64, first: Option<u64> },
    /// As measured.
    Values(Box<Divergence>),
}

/// What one thread has found so far, with its buffers.
#[derive(Default)]
struct Thread {
    a: Vec<u8>,
    b: Vec<u8>,
    tally: Option<Tally>,
    /// Blocks that are the same in both: only of interest if others are not.
    equal: Vec<u64>,
    differing: u64,
    first: Option<u64>,
}

impl Thread {
    fn merge(mut self, mut other: Self) -> Self {
        self.tally = match (self.tally, other.tally) {
            (Some(a), Some(b)) => Some(a.merge(b)),
            (a, b) => a.or(b),
        };
        self.equal.append(&mut other.equal);
        self.differing += other.differing;
        self.first = [self.first, other.first].into_iter().flatten().min();
        // Buffers would outlive their use.
        (self.a, self.b) = (Vec::new(), Vec::new());
        self
    }
}

/// Compares two tensors of equal dtype and shape.
pub(super) fn values(
    (a, b): (&TensorBytes<'_>, &TensorBytes<'_>),
    dtype: DType,
    shape: &[u64],
    bits: bool,
    progress: &dyn Progress,
) -> io::Result<Comparison> {
    let size = a.size();
    let block = (BLOCK / Tally::unit(dtype)).max(1) * Tally::unit(dtype);
    let elements_before = |offset: u64| Tally::elements(dtype, offset);
    let found = over(size, block, |mut thread: Thread, offset, length| {
        thread.a.resize(length, 0);
        thread.b.resize(length, 0);
        a.read_exact_at(&mut thread.a, offset)?;
        b.read_exact_at(&mut thread.b, offset)?;
        if bits {
            let (count, first) = differing(dtype, &thread.a, &thread.b);
            thread.differing += count;
            let first = first.map(|first| elements_before(offset) + first);
            thread.first = [thread.first, first].into_iter().flatten().min();
        } else if thread.a == thread.b {
            thread.equal.push(offset);
        } else {
            let tally = thread.tally.get_or_insert_with(|| Tally::new(dtype, shape));
            tally.add(offset, &thread.a, &thread.b);
        }
        progress.advance(length as u64);
        Ok(thread)
    })?;
    if bits {
        let Thread { differing, first, .. } = found;
        return Ok(if differing == 0 { Comparison::Equal } else { Comparison::Bits { differing, first } });
    }
    let Some(tally) = found.tally else { return Ok(Comparison::Equal) };
    // Measures of the whole need the size of what is equal, too.
    let rest = found.equal.par_iter().with_min_len(RUN).try_fold(Thread::default, |mut thread, offset| {
        thread.a.resize((size - offset).min(block as u64) as usize, 0);
        a.read_exact_at(&mut thread.a, *offset)?;
        thread.tally.get_or_insert_with(|| Tally::new(dtype, shape)).add_equal(*offset, &thread.a);
        Ok::<Thread, io::Error>(thread)
    });
    let rest = rest.try_reduce(Thread::default, |a, b| Ok(a.merge(b)))?.tally;
    let tally = match rest {
        Some(rest) => tally.merge(rest),
        None => tally,
    };
    Ok(Comparison::Values(Box::new(tally.finish())))
}

/// Compares the cast of `a` with `b`: tensors of equal shape, `dtypes` apart.
pub(super) fn cast(
    (a, b): (&TensorBytes<'_>, &TensorBytes<'_>),
    cast: Cast,
    dtypes: (DType, DType),
    shape: &[u64],
    progress: &dyn Progress,
) -> io::Result<Comparison> {
    let bytes = |dtype: DType| dtype.bits() / 8;
    let block = BLOCK / Tally::unit(dtypes.1) * Tally::unit(dtypes.1);
    let found = over(b.size(), block, |mut thread: Thread, offset, length| {
        let scaled = |amount: u64| amount / bytes(dtypes.1) * bytes(dtypes.0);
        thread.a.resize(scaled(length as u64) as usize, 0);
        thread.b.resize(length, 0);
        a.read_exact_at(&mut thread.a, scaled(offset))?;
        b.read_exact_at(&mut thread.b, offset)?;
        let mut rounded = Vec::with_capacity(length);
        cast.apply(&thread.a, &thread.b, &mut rounded);
        thread.tally.get_or_insert_with(|| Tally::new(dtypes.1, shape)).add(offset, &rounded, &thread.b);
        progress.advance(scaled(length as u64));
        Ok(thread)
    })?;
    Ok(match found.tally.map(Tally::finish) {
        Some(divergence) if divergence.differing > 0 => Comparison::Values(Box::new(divergence)),
        _ => Comparison::Equal,
    })
}

/// Whether two byte ranges of equal length are the same.
pub(super) fn same_bytes(
    (a, from): (&TensorBytes<'_>, u64),
    (b, to): (&TensorBytes<'_>, u64),
    length: u64,
) -> io::Result<bool> {
    let blocks = length.div_ceil(BLOCK as u64) as usize;
    let same = (0..blocks).into_par_iter().with_min_len(RUN).map(|block| {
        let offset = (block * BLOCK) as u64;
        let wanted = (length - offset).min(BLOCK as u64) as usize;
        Ok(a.read_range(from + offset, wanted)? == b.read_range(to + offset, wanted)?)
    });
    same.try_reduce(|| true, |a, b| Ok(a && b))
}

/// Runs over the blocks of so many bytes in parallel.
fn over(
    size: u64,
    block: usize,
    each: impl Fn(Thread, u64, usize) -> io::Result<Thread> + Sync,
) -> io::Result<Thread> {
    let blocks = size.div_ceil(block as u64) as usize;
    let found = (0..blocks).into_par_iter().with_min_len(RUN).try_fold(Thread::default, |thread, index| {
        let offset = (index * block) as u64;
        each(thread, offset, (size - offset).min(block as u64) as usize)
    });
    found.try_reduce(Thread::default, |a, b| Ok(a.merge(b)))
}
