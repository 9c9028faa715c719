//! Elementary functions of float64, correctly rounded: the float64 nearest to the true value, ties to even.
//!
//! That is the whole definition, so any other correctly rounded library gives the same bits. `metallic` is the one
//! behind it; those of the standard library are not used, because their bits differ between processors.

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $behind:path;)*) => {
        $($(#[$doc])*
        #[inline]
        pub fn $name(value: f64) -> f64 {
            super::canonical($behind(value))
        })*
    };
}

functions! {
    /// e to a power.
    exp = metallic::exp;
    /// e to a power, less 1.
    exp_m1 = metallic::expm1;
    /// The natural logarithm.
    ln = metallic::log;
    /// The natural logarithm of 1 and a number.
    ln_1p = metallic::log1p;
    /// The sine of radians.
    sin = metallic::sin;
    /// The cosine of radians.
    cos = metallic::cos;
    /// The tangent of radians.
    tan = metallic::tan;
    /// The arc sine.
    asin = metallic::asin;
    /// The arc cosine.
    acos = metallic::acos;
    /// The arc tangent.
    atan = metallic::atan;
    /// The hyperbolic sine.
    sinh = metallic::sinh;
    /// The hyperbolic cosine.
    cosh = metallic::cosh;
    /// The hyperbolic tangent.
    tanh = metallic::tanh;
    /// The inverse hyperbolic sine.
    asinh = metallic::asinh;
    /// The inverse hyperbolic cosine.
    acosh = metallic::acosh;
    /// The inverse hyperbolic tangent.
    atanh = metallic::atanh;
    /// The error function.
    erf = metallic::erf;
    /// What the error function lacks to 1.
    erfc = metallic::erfc;
}

/// A number to a power, with the special cases of IEEE 754-2019.
#[inline]
pub fn pow(base: f64, exponent: f64) -> f64 {
    super::canonical(metallic::pow(base, exponent))
}

/// 1 / (1 + exp(-x)), each step rounded to float64.
#[inline]
pub fn sigmoid(value: f64) -> f64 {
    super::canonical(1.0 / (1.0 + exp(-value)))
}

/// ln(1 + exp(x)): `x + ln_1p(exp(-x))` above zero, `ln_1p(exp(x))` else.
#[inline]
pub fn softplus(value: f64) -> f64 {
    if value > 0.0 { value + ln_1p(exp(-value)) } else { ln_1p(exp(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of 50 digits, rounded: any correctly rounded library gives these bits.
    #[test]
    fn functions_give_the_nearest_number() {
        assert_eq!(exp(1.0), std::f64::consts::E);
        assert_eq!(ln(10.0), std::f64::consts::LN_10);
        assert_eq!(atan(1.0) * 4.0, std::f64::consts::PI);
        assert_eq!(erf(0.5).to_bits(), 0.520_499_877_813_046_5_f64.to_bits());
        assert_eq!(erfc(6.0).to_bits(), 2.151_973_671_249_891_3e-17_f64.to_bits());
        assert_eq!(tanh(0.1).to_bits(), 0.099_667_994_624_955_82_f64.to_bits());
        assert_eq!(pow(2.0, 0.5).to_bits(), std::f64::consts::SQRT_2.to_bits());
    }

    #[test]
    fn compositions_keep_their_ends() {
        assert_eq!((sigmoid(f64::NEG_INFINITY), sigmoid(f64::INFINITY), sigmoid(0.0)), (0.0, 1.0, 0.5));
        assert_eq!(softplus(-800.0), 0.0);
        assert_eq!(softplus(800.0), 800.0);
        assert!(sigmoid(f64::NAN).is_nan() && softplus(f64::NAN).is_nan());
    }
}
