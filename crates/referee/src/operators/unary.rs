//! Operators of one operand, element by element: in float64, rounded once to the operand's type.

use std::f64::consts::FRAC_1_SQRT_2;

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::arithmetic::elementary::{self, exp, exp_m1, sigmoid, softplus, tanh};
use crate::arithmetic::order::{maximum, minimum};
use crate::arithmetic::quick::{self, Function};
use crate::call::Call;
use crate::parallel;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// About how many operations an elementary function takes.
const COSTLY: usize = 32;

/// `work` on every float; the result has the operand's type.
pub(super) fn map(call: &Call<'_>, work: impl Fn(f64) -> f64 + Sync) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let mut output = values.to_vec();
    parallel::fill(call.run.options.threads, &mut output, 1, COSTLY, |_, part| {
        for value in part.iter_mut() {
            *value = work(*value);
        }
    });
    one(Tensor::rounded(tensor.shape().to_vec(), dtype, output))
}

/// As [`map`], where float32 has quick answers.
fn quickly<F: Function>(call: &Call<'_>, work: impl Fn(f64) -> f64 + Sync) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    if dtype != DType::F32 {
        return map(call, work);
    }
    let mut output = values.to_vec();
    parallel::fill(call.run.options.threads, &mut output, 1, COSTLY, |_, part| {
        quick::singles::<F>(part, &work);
    });
    one(Tensor::new(tensor.shape().to_vec(), Data::Float(dtype, output)))
}

pub(super) fn exponential(call: &Call<'_>) -> Outputs {
    quickly::<quick::Exp>(call, exp)
}

pub(super) fn hyperbolic_tangent(call: &Call<'_>) -> Outputs {
    quickly::<quick::Tanh>(call, tanh)
}

pub(super) fn erf(call: &Call<'_>) -> Outputs {
    quickly::<quick::Erf>(call, elementary::erf)
}

pub(super) fn logistic(call: &Call<'_>) -> Outputs {
    quickly::<quick::Sigmoid>(call, sigmoid)
}

macro_rules! plain {
    ($($name:ident = $work:expr;)*) => {
        $(pub(super) fn $name(call: &Call<'_>) -> Outputs {
            map(call, $work)
        })*
    };
}

plain! {
    sqrt = f64::sqrt;
    reciprocal = |x| 1.0 / x;
    log = elementary::ln;
    sin = elementary::sin;
    cos = elementary::cos;
    tan = elementary::tan;
    asin = elementary::asin;
    acos = elementary::acos;
    atan = elementary::atan;
    sinh = elementary::sinh;
    cosh = elementary::cosh;
    asinh = elementary::asinh;
    acosh = elementary::acosh;
    atanh = elementary::atanh;
    soft_plus = softplus;
    softsign = |x| x / (1.0 + x.abs());
    mish = |x| x * tanh(softplus(x));
    hard_swish = |x| x * maximum(0.0, minimum(1.0, x / 6.0 + 0.5));
    floor = f64::floor;
    ceil = f64::ceil;
    round = f64::round_ties_even;
}

/// `work` on floats, and on integers where the operator takes them.
fn signed(call: &Call<'_>, float: fn(f64) -> f64, integer: fn(i64) -> i64) -> Outputs {
    match call.tensor(0)?.data() {
        Data::Integer(dtype, values) => {
            let values = values.iter().map(|value| integer(*value)).collect();
            one(Tensor::wrapped(call.tensor(0)?.shape().to_vec(), *dtype, values))
        }
        _ => map(call, float),
    }
}

pub(super) fn abs(call: &Call<'_>) -> Outputs {
    if let Data::Integer(DType::U64, _) = call.tensor(0)?.data() {
        return one(call.tensor(0)?.clone());
    }
    signed(call, f64::abs, i64::wrapping_abs)
}

pub(super) fn neg(call: &Call<'_>) -> Outputs {
    signed(call, |x| -x, i64::wrapping_neg)
}

pub(super) fn sign(call: &Call<'_>) -> Outputs {
    if let Data::Integer(dtype @ DType::U64, values) = call.tensor(0)?.data() {
        let values = values.iter().map(|value| i64::from(*value != 0)).collect();
        return one(Tensor::wrapped(call.tensor(0)?.shape().to_vec(), *dtype, values));
    }
    signed(
        call,
        |x| {
            if x > 0.0 {
                1.0
            } else if x < 0.0 {
                -1.0
            } else {
                x.abs()
            }
        },
        i64::signum,
    )
}

/// The larger of a number and +0; NaN stays.
pub(super) fn relu(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let Data::Float(dtype, values) = tensor.data() else {
        return signed(call, |x| maximum(x, 0.0), |x| x.max(0));
    };
    // What is chosen is of the type already.
    let chosen = values.iter().map(|x| if *x <= 0.0 { 0.0 } else { *x }).collect();
    one(Tensor::new(tensor.shape().to_vec(), Data::Float(*dtype, chosen)))
}

pub(super) fn leaky_relu(call: &Call<'_>) -> Outputs {
    let alpha = call.float("alpha", 0.01)?;
    map(call, |x| if x < 0.0 { alpha * x } else { x })
}

pub(super) fn elu(call: &Call<'_>) -> Outputs {
    let alpha = call.float("alpha", 1.0)?;
    map(call, |x| if x < 0.0 { alpha * exp_m1(x) } else { x })
}

pub(super) fn selu(call: &Call<'_>) -> Outputs {
    let alpha = call.float("alpha", 1.673_263_2)?;
    let gamma = call.float("gamma", 1.050_701)?;
    map(call, |x| if x <= 0.0 { gamma * (alpha * exp_m1(x)) } else { gamma * x })
}

pub(super) fn celu(call: &Call<'_>) -> Outputs {
    let alpha = call.float("alpha", 1.0)?;
    map(call, |x| maximum(0.0, x) + minimum(0.0, alpha * exp_m1(x / alpha)))
}

pub(super) fn gelu(call: &Call<'_>) -> Outputs {
    match call.text("approximate", "none")? {
        "tanh" => map(call, gelu_tanh),
        _ => quickly::<quick::Gelu>(call, gelu_erf),
    }
}

/// `0.5 x erfc(-x / sqrt 2)`: the definition `0.5 x (1 + erf(x / sqrt 2))` cancels below zero.
fn gelu_erf(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { -0.0 } else { 0.5 * x * elementary::erfc(-x * FRAC_1_SQRT_2) }
}

/// `x sigmoid(2 u)` with `u = sqrt(2 / pi) (x + 0.044715 x^3)`, which is `0.5 x (1 + tanh u)`.
fn gelu_tanh(x: f64) -> f64 {
    /// The square root of 2 / pi.
    const SCALE: f64 = 0.797_884_560_802_865_4;
    let inner = SCALE * (x + 0.044_715 * (x * x * x));
    if x == f64::NEG_INFINITY { -0.0 } else { x * sigmoid(2.0 * inner) }
}

pub(super) fn hard_sigmoid(call: &Call<'_>) -> Outputs {
    let (alpha, beta) = (call.float("alpha", 0.2)?, call.float("beta", 0.5)?);
    map(call, |x| maximum(0.0, minimum(1.0, alpha * x + beta)))
}

pub(super) fn thresholded_relu(call: &Call<'_>) -> Outputs {
    let alpha = call.float("alpha", 1.0)?;
    map(call, |x| if x > alpha || x.is_nan() { x } else { 0.0 })
}

pub(super) fn swish(call: &Call<'_>) -> Outputs {
    let alpha = call.float("alpha", 1.0)?;
    map(call, |x| x * sigmoid(alpha * x))
}

pub(super) fn shrink(call: &Call<'_>) -> Outputs {
    let (lambda, bias) = (call.float("lambd", 0.5)?, call.float("bias", 0.0)?);
    map(call, |x| {
        if x < -lambda {
            x + bias
        } else if x > lambda {
            x - bias
        } else {
            0.0
        }
    })
}

pub(super) fn clip(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    if let Data::Integer(dtype, values) = tensor.data() {
        let bound = |index: usize, default: i64| -> Result<i64, Failure> {
            call.optional(index)?.map_or(Ok(default), Tensor::single)
        };
        let (low, high) = (bound(1, i64::MIN)?, bound(2, i64::MAX)?);
        let values = if *dtype == DType::U64 {
            let high = if call.optional(2)?.is_some() { high as u64 } else { u64::MAX };
            let low = if call.optional(1)?.is_some() { low as u64 } else { 0 };
            values.iter().map(|value| (*value as u64).max(low).min(high) as i64).collect()
        } else {
            values.iter().map(|value| (*value).max(low).min(high)).collect()
        };
        return one(Tensor::wrapped(tensor.shape().to_vec(), *dtype, values));
    }
    let bound = |index: usize, name: &str, default: f64| -> Result<f64, Failure> {
        if call.has(name) {
            return call.float(name, 0.0);
        }
        match call.optional(index)?.map(Tensor::floats).transpose()? {
            Some((_, [value])) => Ok(*value),
            Some((_, values)) => Err(Failure::refused(format!("expected one bound, got {}", values.len()))),
            None => Ok(default),
        }
    };
    let low = bound(1, "min", f64::NEG_INFINITY)?;
    let high = bound(2, "max", f64::INFINITY)?;
    map(call, |x| minimum(maximum(x, low), high))
}

pub(super) fn identity(call: &Call<'_>) -> Outputs {
    Ok(vec![call.required(0)?.clone()])
}

/// In use, nothing is dropped.
pub(super) fn dropout(call: &Call<'_>) -> Outputs {
    let training = call.optional(2)?.map(|flag| flag.truths().map(|truths| truths.contains(&true)));
    let is_test = call.integer("is_test", 1)? != 0;
    if training.transpose()?.unwrap_or(false) || !is_test {
        return Err(Failure::unsupported("dropout as in training, which draws random numbers"));
    }
    let mask =
        Tensor::new(call.tensor(0)?.shape().to_vec(), Data::Boolean(vec![true; call.tensor(0)?.len()]));
    Ok(vec![call.required(0)?.clone(), mask.into()])
}

pub(super) fn not(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let truths = tensor.truths()?.iter().map(|truth| !truth).collect();
    one(Tensor::new(tensor.shape().to_vec(), Data::Boolean(truths)))
}

pub(super) fn bit_not(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.whole()?;
    one(Tensor::wrapped(tensor.shape().to_vec(), dtype, values.iter().map(|value| !value).collect()))
}

fn test(call: &Call<'_>, test: impl Fn(f64) -> bool) -> Outputs {
    let tensor = call.tensor(0)?;
    let truths = tensor.floats()?.1.iter().map(|value| test(*value)).collect();
    one(Tensor::new(tensor.shape().to_vec(), Data::Boolean(truths)))
}

pub(super) fn is_nan(call: &Call<'_>) -> Outputs {
    test(call, f64::is_nan)
}

pub(super) fn is_inf(call: &Call<'_>) -> Outputs {
    let (positive, negative) = (call.flag("detect_positive", true)?, call.flag("detect_negative", true)?);
    test(call, |x| x.is_infinite() && if x > 0.0 { positive } else { negative })
}

/// The functions that recurrent operators name.
pub(super) fn activation(name: &str, alpha: Option<f64>, beta: Option<f64>) -> Result<Activation, Failure> {
    let alpha_or = |default: f32| alpha.unwrap_or(f64::from(default));
    let beta_or = |default: f32| beta.unwrap_or(f64::from(default));
    Ok(match name.to_ascii_lowercase().as_str() {
        "sigmoid" => Box::new(sigmoid),
        "tanh" => Box::new(tanh),
        "relu" => Box::new(|x| maximum(x, 0.0)),
        "softplus" => Box::new(softplus),
        "softsign" => Box::new(|x| x / (1.0 + x.abs())),
        "elu" => {
            let alpha = alpha_or(1.0);
            Box::new(move |x| if x < 0.0 { alpha * exp_m1(x) } else { x })
        }
        "leakyrelu" => {
            let alpha = alpha_or(0.01);
            Box::new(move |x| if x < 0.0 { alpha * x } else { x })
        }
        "thresholdedrelu" => {
            let alpha = alpha_or(1.0);
            Box::new(move |x| if x > alpha { x } else { 0.0 })
        }
        "hardsigmoid" => {
            let (alpha, beta) = (alpha_or(0.2), beta_or(0.5));
            Box::new(move |x| maximum(0.0, minimum(1.0, alpha * x + beta)))
        }
        "affine" => {
            let (alpha, beta) = (alpha_or(1.0), beta_or(0.0));
            Box::new(move |x| alpha * x + beta)
        }
        "scaledtanh" => {
            let (alpha, beta) = (alpha_or(1.0), beta_or(1.0));
            Box::new(move |x| alpha * tanh(beta * x))
        }
        other => return Err(Failure::unsupported(format!("the activation `{other}`"))),
    })
}

/// A function of one number.
pub(super) type Activation = Box<dyn Fn(f64) -> f64 + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gelu_does_not_cancel_where_it_is_small() {
        // By mpmath with 50 digits.
        let close = |value: f64, expected: f64| (value / expected - 1.0).abs() < 1e-14;
        assert!(close(gelu_erf(-6.0), -5.919_525_870_226_189e-9));
        assert!(close(gelu_tanh(-6.0), -8.439_646_700_762_297e-11));
        assert_eq!(gelu_erf(f64::NEG_INFINITY), 0.0);
        assert_eq!(gelu_erf(f64::INFINITY), f64::INFINITY);
    }
}
