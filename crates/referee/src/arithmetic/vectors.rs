//! Loops over many numbers in the widest vectors of this processor, chosen at run time. They change no bit.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use super::quick::Function;

#[cfg(feature = "vectors")]
pub(crate) use fearless_simd::Level;

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

/// Evaluates a call in a region of the level's vectors, of which what is always inlined becomes part.
#[cfg(feature = "vectors")]
macro_rules! widest {
    ($level:expr, $call:expr) => {
        fearless_simd::dispatch!($level, _ => $call)
    };
}

#[cfg(not(feature = "vectors"))]
macro_rules! widest {
    ($level:expr, $call:expr) => {{
        let _ = $level;
        $call
    }};
}

pub(crate) use widest;

/// Rounds float64 to float32, with the one NaN.
pub(crate) fn round_singles(values: &mut [f64]) {
    widest!(Level::new(), round_each(values));
}

/// Quick answers in float32; whether one is undecided. Those that are not are right.
pub(crate) fn answer<F: Function>(values: &mut [f64], given: &[f64]) -> bool {
    widest!(Level::new(), answer_each::<F>(values, given))
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

/// Rounds to float32 what may be off by an error each; whether one is undecided.
#[inline(always)]
pub(crate) fn decide(values: &mut [f64], errors: &[f64]) -> bool {
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
