//! Quick answers for functions whose result is then rounded to float32.
//!
//! Each is an approximation in float64 and how far it can be from the definition. Where everything that lies so close
//! rounds to the same float32, that is the result, whatever was approximated and however; else the definition is
//! computed. So none of this is part of a definition, and processors may differ in it (Ziv's test, as in
//! [`super::exact`]).

use std::f64::consts::LOG2_E;

use super::vectors;

/// The part of ln 2 whose product with an exponent is exact, and the rest (Cody and Waite, 1980).
const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Added to a number, it leaves the nearest integer in the lowest bits.
const NEAREST: f64 = 6_755_399_441_055_744.0;

/// Beyond this the exponent leaves that of normal numbers.
const REACH: f64 = 700.0;

/// Relative error of [`exp`]: of its polynomial (below 2^-52), its argument and its roundings, with room.
const EXP_ERROR: f64 = 1.0 / (1_u64 << 47) as f64;

/// A quick answer, and how far it can be off; infinitely where there is none.
pub(crate) type Quick = (f64, f64);

/// `1 / n!` from 12 down to 0.
const TERMS: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40320.0,
    1.0 / 5040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// e to a power within [`REACH`]: Taylor's polynomial on half of ln 2 around zero, scaled by a power of two.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
fn power_of_e(x: f64) -> f64 {
    let shifted = x * LOG2_E + NEAREST;
    let whole = shifted - NEAREST;
    let rest = (x - whole * LN2_HIGH) - whole * LN2_LOW;
    let mut sum = 0.0;
    for term in TERMS {
        sum = sum * rest + term;
    }
    sum * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
}

/// e to a power.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
pub(crate) fn exp(x: f64) -> Quick {
    let value = power_of_e(x);
    (value, if x.abs() <= REACH { value * EXP_ERROR } else { f64::INFINITY })
}

/// The hyperbolic tangent. Near zero the error is large beside the result, and the definition answers.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
pub(crate) fn tanh(x: f64) -> Quick {
    // Beyond 40 it is 1 to all digits of float64.
    let size = if x.abs() < 40.0 { x.abs() } else { 40.0 };
    let small = power_of_e(-2.0 * size);
    let value = ((1.0 - small) / (1.0 + small)).copysign(x);
    (value, if x.is_nan() { f64::INFINITY } else { 4.0 * EXP_ERROR })
}

/// `1 / (1 + exp(-x))`.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
pub(crate) fn sigmoid(x: f64) -> Quick {
    let value = 1.0 / (1.0 + power_of_e(-x));
    (value, if x.abs() <= REACH { value * (4.0 * EXP_ERROR) } else { f64::INFINITY })
}

/// `exp(x - largest) / sum` of a row, rounded to float32; false where one is undecided.
pub(crate) fn softmax(row: &mut [f64], largest: f64) -> bool {
    /// Where a power is no number of float64 any more.
    const NOTHING: f64 = -746.0;
    let mut decided = true;
    for value in row.iter_mut() {
        let x = *value - largest;
        // Between the two, a power is below all normal numbers.
        decided &= !(NOTHING..-REACH).contains(&x);
        *value = if x < NOTHING { 0.0 } else { power_of_e(x) };
    }
    let sum: f64 = row.iter().sum();
    // Relative: of a power, of the sum of powers, and of as many roundings as there are numbers.
    let error = 4.0 * EXP_ERROR + row.len() as f64 * f64::EPSILON;
    for value in row.iter_mut() {
        let near = *value / sum;
        let (low, high) = ((near - near * error) as f32, (near + near * error) as f32);
        decided &= low.to_bits() == high.to_bits();
        *value = f64::from(low);
    }
    decided
}

/// `exact` of every number, rounded to float32: by `quick` where that decides.
pub(crate) fn singles(values: &mut [f64], quick: impl Fn(f64) -> Quick + Copy, exact: impl Fn(f64) -> f64) {
    const TOGETHER: usize = 64;
    for values in values.chunks_mut(TOGETHER) {
        let mut given = [0.0; TOGETHER];
        let given = &mut given[..values.len()];
        given.copy_from_slice(values);
        if !vectors::answer(values, given, quick) {
            continue;
        }
        for (value, given) in values.iter_mut().zip(given) {
            let (near, error) = quick(*given);
            let (low, high) = ((near - error) as f32, (near + error) as f32);
            let decided = low.to_bits() == high.to_bits() && !low.is_nan();
            *value = if decided {
                f64::from(low)
            } else {
                super::round(reproof_tensor::DType::F32, exact(*given))
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::elementary;
    use super::*;

    fn check(quick: fn(f64) -> Quick, exact: fn(f64) -> f64, value: f64) -> Result<(), TestCaseError> {
        let (near, error) = quick(value);
        let truth = exact(value);
        prop_assert!(
            error == f64::INFINITY || (near - truth).abs() <= error / 4.0,
            "{value}: {near} for {truth}"
        );
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn quick_answers_are_as_near_as_they_say(value in prop_oneof![-720.0..720.0, -20.0..20.0, -1e-3..1e-3_f64]) {
            check(exp, elementary::exp, value)?;
            check(tanh, elementary::tanh, value)?;
            check(sigmoid, elementary::sigmoid, value)?;
        }

        #[test]
        fn quick_answers_change_no_bit(values in proptest::collection::vec(
            prop_oneof![-20.0..20.0_f32, -1e-30..1e-30_f32, any::<f32>()], 0..200)) {
            for (quick, exact) in [
                (exp as fn(f64) -> Quick, elementary::exp as fn(f64) -> f64),
                (tanh, elementary::tanh),
                (sigmoid, elementary::sigmoid),
            ] {
                let mut quickly: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
                let slowly: Vec<u64> = quickly
                    .iter()
                    .map(|value| super::super::round(reproof_tensor::DType::F32, exact(*value)).to_bits())
                    .collect();
                singles(&mut quickly, quick, exact);
                let bits: Vec<u64> = quickly.iter().map(|value| value.to_bits()).collect();
                prop_assert_eq!(bits, slowly);
            }
        }
    }
}
