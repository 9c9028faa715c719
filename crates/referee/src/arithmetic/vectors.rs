//! Loops over many numbers in the widest vectors of this processor, chosen at run time. They change no bit.

#![expect(clippy::inline_always, reason = "what runs in a region of wider vectors must be part of it")]

use super::quick::Function;

/// Rounds float64 to float32, with the one NaN.
pub(crate) fn round_singles(values: &mut [f64]) {
    #[cfg(feature = "vectors")]
    fearless_simd::dispatch!(fearless_simd::Level::new(), _ => round_each(values));
    #[cfg(not(feature = "vectors"))]
    round_each(values);
}

/// Quick answers in float32; whether one is undecided. Those that are not are right.
pub(crate) fn answer<F: Function>(values: &mut [f64], given: &[f64]) -> bool {
    #[cfg(feature = "vectors")]
    return fearless_simd::dispatch!(fearless_simd::Level::new(), _ => answer_each::<F>(values, given));
    #[cfg(not(feature = "vectors"))]
    answer_each::<F>(values, given)
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
        let (low, high) = ((near - error) as f32, (near + error) as f32);
        undecided |= (low.to_bits() ^ high.to_bits()) | u32::from(low.is_nan());
        *value = f64::from(low);
    }
    undecided != 0
}
