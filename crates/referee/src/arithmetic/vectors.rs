//! Loops over many numbers in the widest vectors of this processor, chosen at run time. They change no bit.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use super::quick::Function;

#[cfg(feature = "vectors")]
pub(crate) use fearless_simd::Level;
#[cfg(feature = "vectors")]
use fearless_simd::{Simd, SimdBase as _, SimdFloat as _};

/// The vectors that this was compiled for.
#[cfg(not(feature = "vectors"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Level;

#[cfg(not(feature = "vectors"))]
impl Level {
    pub(crate) fn new() -> Self {
        Self
    }
}

/// Vectors of float64 in a region of [`widest`].
pub(crate) trait Vectors: Copy {
    /// A vector.
    type Numbers: Copy;

    /// Numbers in one.
    const LANES: usize;

    /// A number in each place.
    fn splat(self, number: f64) -> Self::Numbers;

    /// As many numbers as a vector has.
    fn load(self, numbers: &[f64]) -> Self::Numbers;

    /// Undoes [`Vectors::load`].
    fn store(self, vector: Self::Numbers, numbers: &mut [f64]);

    /// `sum + left * right`, with the product rounded.
    fn add_rounded_product(
        self,
        sum: Self::Numbers,
        left: Self::Numbers,
        right: Self::Numbers,
    ) -> Self::Numbers;

    /// `sum + left * right`, with the product rounded where the processor has no fused step.
    fn add_product(self, sum: Self::Numbers, left: Self::Numbers, right: Self::Numbers) -> Self::Numbers;
}

#[cfg(feature = "vectors")]
impl<S: Simd> Vectors for S {
    type Numbers = S::f64s;

    const LANES: usize = S::f64s::LEN;

    #[inline(always)]
    fn splat(self, number: f64) -> S::f64s {
        S::f64s::splat(self, number)
    }

    #[inline(always)]
    fn load(self, numbers: &[f64]) -> S::f64s {
        S::f64s::from_slice(self, numbers)
    }

    #[inline(always)]
    fn store(self, vector: S::f64s, numbers: &mut [f64]) {
        vector.store_slice(numbers);
    }

    #[inline(always)]
    fn add_rounded_product(self, sum: S::f64s, left: S::f64s, right: S::f64s) -> S::f64s {
        sum + left * right
    }

    #[inline(always)]
    fn add_product(self, sum: S::f64s, left: S::f64s, right: S::f64s) -> S::f64s {
        left.mul_add(right, sum)
    }
}

#[cfg(not(feature = "vectors"))]
impl Vectors for Level {
    type Numbers = [f64; 2];

    const LANES: usize = 2;

    #[inline(always)]
    fn splat(self, number: f64) -> [f64; 2] {
        [number; 2]
    }

    #[inline(always)]
    fn load(self, numbers: &[f64]) -> [f64; 2] {
        [numbers[0], numbers[1]]
    }

    #[inline(always)]
    fn store(self, vector: [f64; 2], numbers: &mut [f64]) {
        numbers.copy_from_slice(&vector);
    }

    #[inline(always)]
    fn add_rounded_product(self, sum: [f64; 2], left: [f64; 2], right: [f64; 2]) -> [f64; 2] {
        [sum[0] + left[0] * right[0], sum[1] + left[1] * right[1]]
    }

    #[inline(always)]
    fn add_product(self, sum: [f64; 2], left: [f64; 2], right: [f64; 2]) -> [f64; 2] {
        // Of these processors many have no fused step, which would then be a call.
        self.add_rounded_product(sum, left, right)
    }
}

/// Evaluates a call in a region of the level's vectors, of which what is always inlined becomes part.
#[cfg(feature = "vectors")]
macro_rules! widest {
    ($level:expr, $vectors:pat => $call:expr) => {
        fearless_simd::dispatch!($level, $vectors => $call)
    };
}

#[cfg(not(feature = "vectors"))]
macro_rules! widest {
    ($level:expr, $vectors:pat => $call:expr) => {{
        let $vectors = $level;
        $call
    }};
}

pub(crate) use widest;

/// Rounds float64 to float32, with the one NaN.
pub(crate) fn round_singles(values: &mut [f64]) {
    widest!(Level::new(), _ => round_each(values));
}

/// Quick answers in float32; whether one is undecided. Those that are not are right.
pub(crate) fn answer<F: Function>(values: &mut [f64], given: &[f64]) -> bool {
    widest!(Level::new(), _ => answer_each::<F>(values, given))
}

/// Rounds to float32 what may be off by an error each; whether one is undecided.
pub(crate) fn decide(level: Level, values: &mut [f64], errors: &[f64]) -> bool {
    widest!(level, _ => decide_each(values, errors))
}

#[inline(always)]
fn round_each(values: &mut [f64]) {
    for value in values {
        let rounded = f64::from(*value as f32);
        *value = if rounded.is_nan() { f64::NAN } else { rounded };
    }
}

#[inline(always)]
fn answer_each<F: Function>(values: &mut [f64], given: &[f64]) -> bool {
    let mut undecided = 0;
    for (value, given) in values.iter_mut().zip(given) {
        let (near, error) = F::answer(*given);
        undecided |= ends(value, near - error, near + error);
    }
    undecided != 0
}

#[inline(always)]
fn decide_each(values: &mut [f64], errors: &[f64]) -> bool {
    let mut undecided = 0;
    for (value, error) in values.iter_mut().zip(errors) {
        // A sum of zeros is +0.
        let (low, high) = (*value - error + 0.0, *value + error + 0.0);
        undecided |= ends(value, low, high);
    }
    undecided != 0
}

/// Sets a number to the lower end of what it may be, in float32; not zero where the upper end is another or none is one.
#[inline(always)]
fn ends(value: &mut f64, low: f64, high: f64) -> u32 {
    let (low, high) = (low as f32, high as f32);
    *value = f64::from(low);
    (low.to_bits() ^ high.to_bits()) | u32::from(low.is_nan())
}
