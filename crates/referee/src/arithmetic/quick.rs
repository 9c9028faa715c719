//! Quick answers for functions whose result is then rounded to float32.
//!
//! Each is an approximation in float64 and how far it can be from the definition. Where everything that lies so close
//! rounds to the same float32, that is the result, whatever was approximated and however; else the definition is
//! computed. So none of this is part of a definition, and processors may differ in it (Ziv's test, as in
//! [`super::exact`]).

use std::f64::consts::{FRAC_1_SQRT_2, LOG2_E};

use reproof_tensor::DType;

use super::{round, vectors};

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

/// A function with quick answers. A type and no pointer, so that it becomes part of the loops that call it.
pub(crate) trait Function: Sync {
    /// The answer for a number.
    fn answer(x: f64) -> Quick;
}

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $answer:ident;)*) => {
        $($(#[$doc])*
        pub(crate) struct $name;

        impl Function for $name {
            #[inline(always)]
            fn answer(x: f64) -> Quick {
                $answer(x)
            }
        })*
    };
}

functions! {
    /// e to a power.
    Exp = exp;
    /// The hyperbolic tangent.
    Tanh = tanh;
    /// `1 / (1 + exp(-x))`.
    Sigmoid = sigmoid;
    /// The error function.
    Erf = erf;
    /// `0.5 x erfc(-x / sqrt 2)`.
    Gelu = gelu;
}

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
fn exp(x: f64) -> Quick {
    let value = power_of_e(x);
    (value, if x.abs() <= REACH { value * EXP_ERROR } else { f64::INFINITY })
}

/// The hyperbolic tangent. Near zero the error is large beside the result, and the definition answers.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
fn tanh(x: f64) -> Quick {
    // Beyond 40 it is 1 to all digits of float64.
    let size = if x.abs() < 40.0 { x.abs() } else { 40.0 };
    let small = power_of_e(-2.0 * size);
    let value = ((1.0 - small) / (1.0 + small)).copysign(x);
    (value, if x.is_nan() { f64::INFINITY } else { 4.0 * EXP_ERROR })
}

/// `1 / (1 + exp(-x))`.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
fn sigmoid(x: f64) -> Quick {
    let value = 1.0 / (1.0 + power_of_e(-x));
    (value, if x.abs() <= REACH { value * (4.0 * EXP_ERROR) } else { f64::INFINITY })
}

/// Chebyshev's coefficients of `ln(erfc(z) exp(z^2) / t)` over `2 t - 1`, where `t = 2 / (2 + z)`, computed with mpmath at
/// 60 digits from 200 nodes; the form is that of Numerical Recipes, section 6.2.2. What is left out is below 1e-17.
const ERFC: [f64; 27] = [
    -1.302_653_719_781_709_4,
    0.641_969_792_356_490_3,
    0.019_476_473_204_185_83,
    -0.009_561_514_786_808_627,
    -0.000_946_595_344_482_040_6,
    0.000_366_839_497_852_763_36,
    4.252_332_480_690_778e-5,
    -2.027_857_811_253_617e-5,
    -1.624_290_004_644_334e-6,
    1.303_655_835_575_353_4e-6,
    1.562_644_172_833_717_6e-8,
    -8.523_809_592_184_092e-8,
    6.529_054_446_154_155e-9,
    5.059_343_488_865_498e-9,
    -9.913_641_506_582_604e-10,
    -2.273_651_268_575_084e-10,
    9.646_791_398_704_005e-11,
    2.394_036_925_410_996e-12,
    -6.886_028_260_190_157e-12,
    8.944_900_494_132_722e-13,
    3.130_879_128_277_151e-13,
    -1.127_026_416_104_031_3e-13,
    3.745_483_284_192_602e-16,
    7.113_139_470_450_892e-15,
    -1.530_076_682_198_979e-15,
    -8.800_990_856_887_779e-17,
    1.153_941_796_557_998_7e-16,
];

/// What the error function lacks to 1.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
fn erfc(z: f64) -> Quick {
    let size = z.abs();
    let ratio = 2.0 / (2.0 + size);
    let twice = 4.0 * ratio - 2.0;
    let (mut last, mut before) = (0.0, 0.0);
    // Clenshaw's recurrence, written out: a loop inside of the loop over elements would keep that from vectors.
    macro_rules! terms {
        ($($index:literal)*) => {
            $((last, before) = (twice * last - before + ERFC[$index], last);)*
        };
    }
    terms!(26 25 24 23 22 21 20 19 18 17 16 15 14 13 12 11 10 9 8 7 6 5 4 3 2 1);
    let logarithm = 0.5 * (ERFC[0] + twice * last) - before;
    let power = logarithm - size * size;
    let above = ratio * power_of_e(power);
    let value = if z < 0.0 { 2.0 - above } else { above };
    // The square's rounding is one of the exponent.
    let error = value * (4.0 * EXP_ERROR + 4.0 * size * size * f64::EPSILON);
    (value, if power >= -REACH { error } else { f64::INFINITY })
}

/// The error function. Near zero the error is large beside the result, and the definition answers.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
fn erf(x: f64) -> Quick {
    let (lacking, error) = erfc(x.abs());
    ((1.0 - lacking).copysign(x), error + EXP_ERROR)
}

/// `0.5 x erfc(-x / sqrt 2)`, with the argument as the definition rounds it.
#[expect(clippy::inline_always, reason = "part of loops that run in regions of wider vectors")]
#[inline(always)]
fn gelu(x: f64) -> Quick {
    let (value, error) = erfc(-x * FRAC_1_SQRT_2);
    (0.5 * x * value, x.abs() * error)
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
pub(crate) fn singles<F: Function>(values: &mut [f64], exact: impl Fn(f64) -> f64) {
    const TOGETHER: usize = 64;
    for values in values.chunks_mut(TOGETHER) {
        let mut given = [0.0; TOGETHER];
        let given = &mut given[..values.len()];
        given.copy_from_slice(values);
        if !vectors::answer::<F>(values, given) {
            continue;
        }
        for (value, given) in values.iter_mut().zip(given) {
            let (near, error) = F::answer(*given);
            let (low, high) = ((near - error) as f32, (near + error) as f32);
            let decided = low.to_bits() == high.to_bits() && !low.is_nan();
            *value = if decided { f64::from(low) } else { round(DType::F32, exact(*given)) };
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
            check(erfc, elementary::erfc, value / 20.0)?;
            check(erf, elementary::erf, value / 20.0)?;
        }

        #[test]
        fn quick_answers_change_no_bit(values in proptest::collection::vec(
            prop_oneof![-20.0..20.0_f32, -1e-30..1e-30_f32, any::<f32>()], 0..200)) {
            type Both = (fn(&mut [f64]), fn(f64) -> f64);
            let functions: [Both; 5] = [
                (|values| singles::<Exp>(values, elementary::exp), elementary::exp),
                (|values| singles::<Tanh>(values, elementary::tanh), elementary::tanh),
                (|values| singles::<Sigmoid>(values, elementary::sigmoid), elementary::sigmoid),
                (|values| singles::<Erf>(values, elementary::erf), elementary::erf),
                (|values| singles::<Gelu>(values, slow_gelu), slow_gelu),
            ];
            for (quick, exact) in functions {
                let mut quickly: Vec<f64> = values.iter().map(|value| f64::from(*value)).collect();
                let slowly: Vec<u64> =
                    quickly.iter().map(|value| round(DType::F32, exact(*value)).to_bits()).collect();
                quick(&mut quickly);
                let bits: Vec<u64> = quickly.iter().map(|value| value.to_bits()).collect();
                prop_assert_eq!(bits, slowly);
            }
        }
    }

    fn slow_gelu(x: f64) -> f64 {
        0.5 * x * elementary::erfc(-x * FRAC_1_SQRT_2)
    }
}
