//! Rounding of float64 to the float types of ONNX, to nearest with ties to even.

use reproof_tensor::DType;

/// A float type by its parts.
#[derive(Clone, Copy)]
struct Format {
    /// Bits after the leading one.
    fraction: i32,
    /// Exponent of the smallest normal number.
    lowest: i32,
    /// The largest finite number.
    largest: f64,
    /// What a number beyond the largest becomes: infinity where the type has one, else NaN.
    beyond: f64,
    /// Whether the type has a negative zero.
    signed_zero: bool,
}

const F16: Format =
    Format { fraction: 10, lowest: -14, largest: 65504.0, beyond: f64::INFINITY, signed_zero: true };
const BF16: Format = Format {
    fraction: 7,
    lowest: -126,
    // (2 - 2^-7) * 2^127.
    largest: 338_953_138_925_153_547_590_470_800_371_487_866_880.0,
    beyond: f64::INFINITY,
    signed_zero: true,
};
const F8E4M3: Format =
    Format { fraction: 3, lowest: -6, largest: 448.0, beyond: f64::NAN, signed_zero: true };
const F8E5M2: Format =
    Format { fraction: 2, lowest: -14, largest: 57344.0, beyond: f64::INFINITY, signed_zero: true };
const F8E4M3FNUZ: Format =
    Format { fraction: 3, lowest: -7, largest: 240.0, beyond: f64::NAN, signed_zero: false };
const F8E5M2FNUZ: Format =
    Format { fraction: 2, lowest: -15, largest: 57344.0, beyond: f64::NAN, signed_zero: false };

fn format(dtype: DType) -> Option<Format> {
    Some(match dtype {
        DType::F16 => F16,
        DType::BF16 => BF16,
        DType::F8E4M3 => F8E4M3,
        DType::F8E5M2 => F8E5M2,
        DType::F8E4M3Fnuz => F8E4M3FNUZ,
        DType::F8E5M2Fnuz => F8E5M2FNUZ,
        _ => return None,
    })
}

/// The number of type `dtype` that is nearest to `value`, ties to even; NaN is the one quiet NaN of float64.
///
/// Numbers beyond the largest become infinite, or NaN in types without infinities.
#[inline]
pub fn round(dtype: DType, value: f64) -> f64 {
    match dtype {
        DType::F64 => canonical(value),
        DType::F32 => canonical(f64::from(value as f32)),
        _ => format(dtype).map_or(value, |format| narrow(format, value)),
    }
}

/// As [`round`], but numbers beyond the largest, infinities included, become the largest: the attribute `saturate` of
/// Cast and QuantizeLinear.
pub fn saturate(dtype: DType, value: f64) -> f64 {
    let rounded = round(dtype, value);
    match format(dtype) {
        Some(format) if !value.is_nan() && (rounded.is_nan() || rounded.abs() > format.largest) => {
            format.largest.copysign(value)
        }
        _ => rounded,
    }
}

/// Rounds every element.
pub(crate) fn round_all(dtype: DType, values: &mut [f64]) {
    match dtype {
        DType::F32 => super::vectors::round_singles(values),
        DType::F64 => values.iter_mut().for_each(|value| *value = canonical(*value)),
        _ => values.iter_mut().for_each(|value| *value = round(dtype, *value)),
    }
}

/// The one NaN: its sign and payload differ between processors.
#[inline]
pub(crate) fn canonical(value: f64) -> f64 {
    if value.is_nan() { f64::NAN } else { value }
}

fn narrow(format: Format, value: f64) -> f64 {
    if value.is_nan() {
        return f64::NAN;
    }
    if value.is_infinite() {
        return format.beyond.copysign(value);
    }
    // Numbers below this exponent share the spacing of the smallest normal one.
    let exponent = exponent(value).max(format.lowest);
    let spacing = power(exponent - format.fraction);
    // Both steps are exact: powers of two, and a result of few bits.
    let rounded = (value / spacing).round_ties_even() * spacing;
    if rounded.abs() > format.largest {
        return if format.beyond.is_nan() { f64::NAN } else { format.beyond.copysign(value) };
    }
    if rounded == 0.0 && !format.signed_zero { 0.0 } else { rounded }
}

/// The exponent of a finite number; that of zero and of subnormal numbers is the lowest.
pub(crate) fn exponent(value: f64) -> i32 {
    (((value.to_bits() >> 52) & 0x7FF) as i32).max(1) - 1023
}

/// 2 to a power between the lowest and the highest exponent of normal numbers.
pub(crate) fn power(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rustc_apfloat::ieee::{BFloat, Double, Half, Single};
    use rustc_apfloat::{Float, FloatConvert as _};

    use super::*;

    /// What software floats give for a conversion to `Target` and back.
    fn expected<Target>(value: f64) -> f64
    where
        Target: Float,
        Double: rustc_apfloat::FloatConvert<Target>,
        Target: rustc_apfloat::FloatConvert<Double>,
    {
        let mut loses = false;
        let narrow: Target = Double::from_bits(value.to_bits().into()).convert(&mut loses).value;
        let wide: Double = narrow.convert(&mut loses).value;
        canonical(f64::from_bits(wide.to_bits() as u64))
    }

    /// Numbers of every exponent, and those close to where two roundings meet.
    fn numbers() -> impl Strategy<Value = f64> {
        let near = (any::<u16>(), -2_i64..3).prop_map(|(bits, step)| {
            let base = f64::from(f32::from_bits(u32::from(bits) << 16 | 0x8000));
            f64::from_bits(base.to_bits().wrapping_add(step as u64))
        });
        let halves = (any::<i16>(), -30_i32..30, -2_i64..3).prop_map(|(whole, exponent, step)| {
            let base = (f64::from(whole) + 0.5) * power(exponent);
            f64::from_bits(base.to_bits().wrapping_add(step as u64))
        });
        prop_oneof![any::<f64>(), near, halves, -70000.0..70000.0_f64]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn narrow_types_round_as_software_floats_do(value in numbers()) {
            prop_assert_eq!(round(DType::F32, value).to_bits(), expected::<Single>(value).to_bits());
            prop_assert_eq!(round(DType::F16, value).to_bits(), expected::<Half>(value).to_bits());
            prop_assert_eq!(round(DType::BF16, value).to_bits(), expected::<BFloat>(value).to_bits());
        }

        #[test]
        fn rounding_twice_changes_nothing(value in numbers()) {
            for dtype in [DType::F8E4M3, DType::F8E5M2, DType::F8E4M3Fnuz, DType::F8E5M2Fnuz] {
                let once = round(dtype, value);
                prop_assert_eq!(round(dtype, once).to_bits(), once.to_bits());
                prop_assert!(saturate(dtype, value).is_nan() == value.is_nan());
            }
        }
    }

    #[test]
    fn the_ends_of_small_types_are_those_of_their_definitions() {
        assert_eq!(round(DType::F8E4M3, 464.0), 448.0, "a tie goes to the even one");
        assert!(round(DType::F8E4M3, 465.0).is_nan());
        assert_eq!(saturate(DType::F8E4M3, f64::INFINITY), 448.0);
        assert_eq!(round(DType::F8E5M2, 61440.0), f64::INFINITY);
        assert_eq!(saturate(DType::F8E5M2, -1e9), -57344.0);
        assert!(round(DType::F8E4M3Fnuz, f64::INFINITY).is_nan());
        assert!(round(DType::F8E4M3Fnuz, -0.0).is_sign_positive());
        assert_eq!(round(DType::F16, 65519.99), 65504.0);
        assert_eq!(round(DType::F16, 65520.0), f64::INFINITY);
        assert_eq!(round(DType::BF16, BF16.largest), BF16.largest);
    }
}
