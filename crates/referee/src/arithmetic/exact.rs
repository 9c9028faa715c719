//! Exact sums of float64, and what the typed mode makes of them.
//!
//! The *odd sum* of terms is their true sum as float64, rounded to odd: what fits is itself, anything else is the one of
//! its two neighbours whose last bit is 1; a sum of zero is +0. Rounding it again to a type of at most 51 significant bits
//! gives what rounding the true sum once would (Boldo and Melquiond, "When double rounding is odd", 2005). No order, no
//! block and no number of threads is part of this definition.
//!
//! The odd sum is seldom computed. A plain sum `v` of `n` terms, in any order, with or without fused steps, is off by at
//! most `(n - 1) * 2^-53 * sum|terms|` up to terms of second order (Higham, "Accuracy and Stability of Numerical
//! Algorithms", section 4.2). If everything that lies so close gives the same result, that is the result: Ziv's test.

use super::{canonical, exponent};

/// Bits of one limb.
const LIMB: usize = 32;

/// Limbs for every bit of float64, and 64 bits of carry.
const LIMBS: usize = (1074 + 1024 + 64) / LIMB + 1;

/// Additions after which carries must be passed on, far from where a limb would overflow.
const PENDING: u32 = 1 << 30;

/// A sum that forgets nothing.
#[derive(Clone, Debug)]
pub struct Accumulator {
    /// Digits of weight `2^(32 i - 1074)`, each with room for carries.
    limbs: [i64; LIMBS],
    pending: u32,
    /// The sum of the terms that are not finite.
    special: Option<f64>,
}

impl Default for Accumulator {
    fn default() -> Self {
        Self { limbs: [0; LIMBS], pending: 0, special: None }
    }
}

impl Accumulator {
    /// Adds a term.
    pub fn add(&mut self, term: f64) {
        if !term.is_finite() {
            self.special = Some(self.special.unwrap_or(0.0) + term);
            return;
        }
        let bits = term.to_bits();
        let field = (bits >> 52) & 0x7FF;
        let fraction = bits & ((1 << 52) - 1);
        let (whole, place) =
            if field == 0 { (fraction, 0) } else { (fraction | (1 << 52), field as usize - 1) };
        let spread = u128::from(whole) << (place % LIMB);
        for part in 0..3 {
            let digit = (spread >> (part * LIMB)) as u32;
            let limb = &mut self.limbs[place / LIMB + part];
            *limb += if term.is_sign_negative() { -i64::from(digit) } else { i64::from(digit) };
        }
        self.pending += 1;
        if self.pending == PENDING {
            self.carry();
        }
    }

    /// Passes carries on: every digit but the last is then between 0 and 2^32.
    fn carry(&mut self) {
        let mut carry = 0;
        for limb in &mut self.limbs[..LIMBS - 1] {
            let whole = *limb + carry;
            carry = whole >> LIMB;
            *limb = whole & 0xFFFF_FFFF;
        }
        self.limbs[LIMBS - 1] += carry;
        self.pending = 0;
    }

    /// The odd sum.
    pub fn odd(mut self) -> f64 {
        if let Some(special) = self.special {
            return canonical(special);
        }
        self.carry();
        let is_negative = self.limbs[LIMBS - 1] < 0;
        if is_negative {
            self.limbs.iter_mut().for_each(|limb| *limb = -*limb);
            self.carry();
        }
        let Some(top) = self.limbs.iter().rposition(|limb| *limb != 0) else { return 0.0 };
        let place = top * LIMB + self.limbs[top].ilog2() as usize;
        let magnitude = if place <= 52 {
            f64::from_bits(self.bits(0, 53))
        } else {
            let lowest = place - 52;
            let is_exact = (0..lowest / LIMB).all(|limb| self.limbs[limb] == 0)
                && self.bits(lowest / LIMB * LIMB, lowest % LIMB) == 0;
            let whole = self.bits(lowest, 53) | u64::from(!is_exact);
            let field = lowest as u64 + 1;
            if field >= 0x7FF {
                f64::INFINITY
            } else {
                f64::from_bits((field << 52) | (whole & ((1 << 52) - 1)))
            }
        };
        if is_negative { -magnitude } else { magnitude }
    }

    /// `count` bits from a place on, at most 64.
    fn bits(&self, place: usize, count: usize) -> u64 {
        let limb = |index: usize| self.limbs.get(index).map_or(0, |digit| *digit as u128);
        let first = place / LIMB;
        let wide = limb(first) | limb(first + 1) << LIMB | limb(first + 2) << (2 * LIMB);
        ((wide >> (place % LIMB)) as u64)
            & (u64::MAX >> (64 - count.max(1)))
            & if count == 0 { 0 } else { u64::MAX }
    }
}

/// The odd sum of terms.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    let mut accumulator = Accumulator::default();
    terms.into_iter().for_each(|term| accumulator.add(term));
    accumulator.odd()
}

/// How far a plain sum of `count` terms can be from the true one, where `size` is at least the sum of their
/// magnitudes but for its own rounding.
#[inline]
pub(crate) fn error(count: usize, size: f64) -> f64 {
    // A percent covers the terms of second order, the rounding of this bound and that of adding it.
    1.01 * (count as f64) * f64::EPSILON / 2.0 * size
}

/// `finish` of an odd sum, which must not decrease: by its neighbourhood where that is enough, else by `exact`.
#[inline]
pub(crate) fn settle(
    plain: f64,
    error: f64,
    finish: impl Fn(f64) -> f64,
    exact: impl FnOnce() -> f64,
) -> f64 {
    if !plain.is_finite() {
        return finish(canonical(plain));
    }
    // A sum of zeros is +0.
    let (low, high) = (finish(plain - error + 0.0), finish(plain + error + 0.0));
    if low.to_bits() == high.to_bits() { low } else { finish(exact()) }
}

/// The exponent of the lowest set bit of a number; that of zero is beyond every other.
pub(crate) fn lowest_bit(value: f64) -> i32 {
    let fraction = value.to_bits() & ((1 << 52) - 1);
    let is_normal = value.to_bits() >> 52 & 0x7FF != 0;
    match (fraction, is_normal) {
        (0, false) => i32::MAX / 4,
        (0, true) => exponent(value),
        _ => exponent(value) - 52 + fraction.trailing_zeros() as i32,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reproof_tensor::DType;
    use rustc_apfloat::Float as _;
    use rustc_apfloat::ieee::Quad;

    use super::super::{power, round};
    use super::*;

    /// Sums of few numbers of close exponents are exact in 113 bits.
    fn in_quad(terms: &[f64]) -> Quad {
        let mut loses = false;
        let wide = |term: &f64| -> Quad {
            rustc_apfloat::FloatConvert::convert(
                rustc_apfloat::ieee::Double::from_bits(term.to_bits().into()),
                &mut loses,
            )
            .value
        };
        terms.iter().map(wide).fold(Quad::ZERO, |sum, term| (sum + term).value)
    }

    fn nearest(sum: Quad) -> f64 {
        let mut loses = false;
        let narrow: rustc_apfloat::ieee::Single = rustc_apfloat::FloatConvert::convert(sum, &mut loses).value;
        f64::from(f32::from_bits(narrow.to_bits() as u32))
    }

    fn products() -> impl Strategy<Value = Vec<f64>> {
        // Products of float32 have 48 bits; so near in exponent, 113 hold their sum.
        let product = (any::<i32>(), any::<i16>(), -20_i32..20)
            .prop_map(|(left, right, exponent)| f64::from(left) * f64::from(right) * power(exponent));
        proptest::collection::vec(product, 0..40)
    }

    proptest! {
        #[test]
        fn sums_rounded_once_are_those_of_software_floats(terms in products()) {
            let odd = sum(terms.iter().copied());
            let expected = nearest(in_quad(&terms));
            prop_assert_eq!(round(DType::F32, odd) + 0.0, expected + 0.0);
            let size: f64 = terms.iter().map(|term| term.abs()).sum();
            let plain: f64 = terms.iter().sum();
            let settled =
                settle(plain, error(terms.len(), size), |value| round(DType::F32, value), || odd);
            prop_assert_eq!(settled.to_bits(), round(DType::F32, odd).to_bits());
        }

        #[test]
        fn order_does_not_matter(mut terms in proptest::collection::vec(any::<f64>(), 0..60)) {
            let forwards = sum(terms.iter().copied());
            terms.reverse();
            prop_assert_eq!(sum(terms.iter().copied()).to_bits(), forwards.to_bits());
        }

        #[test]
        fn one_number_is_its_own_sum(value in any::<f64>()) {
            prop_assert_eq!(sum([value]).to_bits(), canonical(value + 0.0).to_bits());
            prop_assert_eq!(sum([value, -value, value]).to_bits(), canonical(value + 0.0).to_bits());
        }
    }

    #[test]
    fn what_cancels_leaves_the_smallest_numbers() {
        let tiny = f64::from_bits(1);
        assert_eq!(sum([1e300, tiny, -1e300]).to_bits(), 1);
        assert_eq!(sum([f64::MIN_POSITIVE, tiny]), f64::MIN_POSITIVE + tiny);
        assert_eq!(sum([1.0, -1.0]).to_bits(), 0);
        assert_eq!(sum([-0.0, -0.0]).to_bits(), 0);
        assert_eq!(sum([f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum([f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        // What lies between two neighbours is the odd one.
        assert_eq!(sum([1.0, 2_f64.powi(-60)]).to_bits(), 1.0_f64.to_bits() + 1);
        assert_eq!(sum([1.0, -(2_f64.powi(-60))]).to_bits(), 1.0_f64.to_bits() - 1);
    }

    #[test]
    fn the_lowest_bit_is_found() {
        assert_eq!((lowest_bit(1.0), lowest_bit(0.75), lowest_bit(12.0)), (0, -2, 2));
        assert_eq!(lowest_bit(f64::from_bits(1)), -1074);
    }
}
