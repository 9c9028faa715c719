//! Operators of two or more operands, element by element.

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::arithmetic::{elementary, order};
use crate::broadcast;
use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// What an operator does with each type that it takes.
struct Rule<F> {
    float: F,
    integer: Option<fn(i64, i64) -> i64>,
    unsigned: Option<fn(u64, u64) -> u64>,
}

impl<F: Fn(f64, f64) -> f64> Rule<F> {
    const fn of(float: F, integer: fn(i64, i64) -> i64) -> Self {
        Self { float, integer: Some(integer), unsigned: None }
    }
}

fn apply(
    call: &Call<'_>,
    left: &Tensor,
    right: &Tensor,
    rule: &Rule<impl Fn(f64, f64) -> f64>,
) -> Result<Tensor, Failure> {
    let shape = broadcast::shape(&[left.shape(), right.shape()], call.limits())?;
    match (left.data(), right.data()) {
        (Data::Float(dtype, x), Data::Float(other, y)) if dtype == other => {
            let values = broadcast::zip(&shape, (x, left.shape()), (y, right.shape()), &rule.float);
            Ok(Tensor::rounded(shape, *dtype, values))
        }
        (Data::Integer(dtype, x), Data::Integer(other, y)) if dtype == other => {
            let operands = ((x.as_slice(), left.shape()), (y.as_slice(), right.shape()));
            let values = match (rule.unsigned, rule.integer) {
                (Some(join), _) if *dtype == DType::U64 => {
                    broadcast::zip(&shape, operands.0, operands.1, |x, y| join(x as u64, y as u64) as i64)
                }
                (_, Some(join)) => broadcast::zip(&shape, operands.0, operands.1, join),
                _ => return Err(Failure::unsupported(format!("this operator for {dtype}"))),
            };
            Ok(Tensor::wrapped(shape, *dtype, values))
        }
        (x, y) => Err(Failure::refused(format!("operands of the types {} and {}", x.kind(), y.kind()))),
    }
}

fn pair(call: &Call<'_>, rule: &Rule<impl Fn(f64, f64) -> f64>) -> Outputs {
    let left = call.tensor(0)?;
    let right = call.tensor(1)?;
    // Before version 7, the second operand was told where to stretch.
    if call.opset < 7 && call.integer("broadcast", 0)? != 0 && call.has("axis") {
        let axis = call.axis("axis", 0, left.rank())?;
        let mut shape = right.shape().to_vec();
        shape.resize(left.rank().saturating_sub(axis).max(shape.len()), 1);
        return one(apply(call, left, &right.reshaped(shape), rule)?);
    }
    one(apply(call, left, right, rule)?)
}

pub(super) fn add(call: &Call<'_>) -> Outputs {
    pair(call, &Rule::of(|x, y| x + y, i64::wrapping_add))
}

pub(super) fn sub(call: &Call<'_>) -> Outputs {
    pair(call, &Rule::of(|x, y| x - y, i64::wrapping_sub))
}

pub(super) fn mul(call: &Call<'_>) -> Outputs {
    pair(call, &Rule::of(|x, y| x * y, i64::wrapping_mul))
}

pub(super) fn div(call: &Call<'_>) -> Outputs {
    refuse_zero(call)?;
    let rule = Rule {
        float: |x, y| x / y,
        // Towards zero; the only quotient that does not fit wraps.
        integer: Some(i64::wrapping_div),
        unsigned: Some(|x, y| x / y),
    };
    pair(call, &rule)
}

fn refuse_zero(call: &Call<'_>) -> Result<(), Failure> {
    match call.tensor(1)?.data() {
        Data::Integer(_, values) if values.contains(&0) => {
            Err(Failure::refused("an integer divided by zero"))
        }
        _ => Ok(()),
    }
}

pub(super) fn modulo(call: &Call<'_>) -> Outputs {
    refuse_zero(call)?;
    let rule: Rule<fn(f64, f64) -> f64> = if call.flag("fmod", false)? {
        // The sign of the dividend; the remainder of floats is exact.
        Rule { float: |x, y| x % y, integer: Some(i64::wrapping_rem), unsigned: Some(|x, y| x % y) }
    } else {
        Rule {
            float: |x, y| {
                let rest = x % y;
                if rest != 0.0 && (rest < 0.0) != (y < 0.0) { rest + y } else { rest }
            },
            integer: Some(|x, y| {
                let rest = x.wrapping_rem(y);
                if rest != 0 && (rest < 0) != (y < 0) { rest + y } else { rest }
            }),
            unsigned: Some(|x, y| x % y),
        }
    };
    pair(call, &rule)
}

pub(super) fn pow(call: &Call<'_>) -> Outputs {
    let (left, right) = (call.tensor(0)?, call.tensor(1)?);
    let shape = broadcast::shape(&[left.shape(), right.shape()], call.limits())?;
    let exponents: Vec<f64> = match right.data() {
        Data::Float(_, values) => values.clone(),
        Data::Integer(_, values) => values.iter().map(|value| *value as f64).collect(),
        other => return Err(Failure::refused(format!("an exponent of the type {}", other.kind()))),
    };
    one(match left.data() {
        Data::Float(dtype, values) => {
            let join = |base: f64, exponent: f64| match exponent {
                // The same number as the function gives, without its cost.
                2.0 => base * base,
                1.0 => base,
                _ => elementary::pow(base, exponent),
            };
            let values = broadcast::zip(&shape, (values, left.shape()), (&exponents, right.shape()), join);
            Tensor::rounded(shape, *dtype, values)
        }
        Data::Integer(dtype, values) => {
            let join = |base: i64, exponent: f64| match u32::try_from(order::truncate(exponent)) {
                Ok(whole) if f64::from(whole) == exponent => base.wrapping_pow(whole),
                _ => order::truncate(elementary::pow(base as f64, exponent)),
            };
            let values = broadcast::zip(&shape, (values, left.shape()), (&exponents, right.shape()), join);
            Tensor::wrapped(shape, *dtype, values)
        }
        other => return Err(Failure::refused(format!("a base of the type {}", other.kind()))),
    })
}

/// Operands joined from the left, each step rounded, as `Max` and its like take any number.
fn chain(call: &Call<'_>, rule: &Rule<impl Fn(f64, f64) -> f64>) -> Outputs {
    let tensors = call.tensors()?;
    let Some((first, rest)) = tensors.split_first() else { return Err(Failure::refused("no operands")) };
    let mut joined = (*first).clone();
    for tensor in rest {
        joined = apply(call, &joined, tensor, rule)?;
    }
    one(joined)
}

pub(super) fn max(call: &Call<'_>) -> Outputs {
    chain(call, &Rule { float: order::maximum, integer: Some(i64::max), unsigned: Some(u64::max) })
}

pub(super) fn min(call: &Call<'_>) -> Outputs {
    chain(call, &Rule { float: order::minimum, integer: Some(i64::min), unsigned: Some(u64::min) })
}

/// The sum of any number of operands, in float64 from the left, rounded once.
pub(super) fn sum(call: &Call<'_>) -> Outputs {
    one(total(call, 1.0)?)
}

/// The sum, divided by the number of operands, rounded once.
pub(super) fn mean(call: &Call<'_>) -> Outputs {
    one(total(call, call.inputs.len() as f64)?)
}

fn total(call: &Call<'_>, divisor: f64) -> Result<Tensor, Failure> {
    let tensors = call.tensors()?;
    let shapes: Vec<&[usize]> = tensors.iter().map(|tensor| tensor.shape()).collect();
    let shape = broadcast::shape(&shapes, call.limits())?;
    let Some((first, _)) = tensors.split_first() else { return Err(Failure::refused("no operands")) };
    let (dtype, _) = first.floats()?;
    let mut sum = vec![-0.0; call.count(&shape)?];
    for tensor in tensors {
        sum = broadcast::zip(&shape, (&sum, &shape), (tensor.floats()?.1, tensor.shape()), |x, y| x + y);
    }
    for value in &mut sum {
        *value /= divisor;
    }
    Ok(Tensor::rounded(shape, dtype, sum))
}

/// Elements where a number is negative are scaled.
pub(super) fn prelu(call: &Call<'_>) -> Outputs {
    let rule = Rule::of(
        |x, slope| if x < 0.0 { slope * x } else { x },
        |x, slope| if x < 0 { slope.wrapping_mul(x) } else { x },
    );
    let (left, slope) = (call.tensor(0)?, call.tensor(1)?);
    // Before version 7, slopes were those of channels.
    if call.opset < 7 && slope.rank() == 1 && left.shape().get(1) == Some(&slope.len()) {
        let mut shape = vec![1; left.rank() - 1];
        shape[0] = slope.len();
        return one(apply(call, left, &slope.reshaped(shape), &rule)?);
    }
    pair(call, &rule)
}

fn compare(
    call: &Call<'_>,
    float: fn(f64, f64) -> bool,
    integer: fn(i64, i64) -> bool,
    unsigned: fn(u64, u64) -> bool,
) -> Outputs {
    let (left, right) = (call.tensor(0)?, call.tensor(1)?);
    let shape = broadcast::shape(&[left.shape(), right.shape()], call.limits())?;
    let (x, y) = (left.shape(), right.shape());
    let truths = match (left.data(), right.data()) {
        (Data::Float(_, a), Data::Float(_, b)) => broadcast::zip(&shape, (a, x), (b, y), float),
        (Data::Integer(DType::U64, a), Data::Integer(_, b)) => {
            broadcast::zip(&shape, (a, x), (b, y), |a, b| unsigned(a as u64, b as u64))
        }
        (Data::Integer(_, a), Data::Integer(_, b)) => broadcast::zip(&shape, (a, x), (b, y), integer),
        (Data::Boolean(a), Data::Boolean(b)) => {
            broadcast::zip(&shape, (a, x), (b, y), |a, b| integer(a.into(), b.into()))
        }
        (Data::Text(a), Data::Text(b)) => {
            let (a, b): (Vec<&str>, Vec<&str>) =
                (a.iter().map(String::as_str).collect(), b.iter().map(String::as_str).collect());
            broadcast::zip(&shape, (&a, x), (&b, y), |a, b| integer(a.cmp(b) as i64, 0))
        }
        (a, b) => {
            return Err(Failure::refused(format!("operands of the types {} and {}", a.kind(), b.kind())));
        }
    };
    one(Tensor::new(shape, Data::Boolean(truths)))
}

pub(super) fn equal(call: &Call<'_>) -> Outputs {
    compare(call, |x, y| x == y, |x, y| x == y, |x, y| x == y)
}

pub(super) fn less(call: &Call<'_>) -> Outputs {
    compare(call, |x, y| x < y, |x, y| x < y, |x, y| x < y)
}

pub(super) fn less_or_equal(call: &Call<'_>) -> Outputs {
    compare(call, |x, y| x <= y, |x, y| x <= y, |x, y| x <= y)
}

pub(super) fn greater(call: &Call<'_>) -> Outputs {
    compare(call, |x, y| x > y, |x, y| x > y, |x, y| x > y)
}

pub(super) fn greater_or_equal(call: &Call<'_>) -> Outputs {
    compare(call, |x, y| x >= y, |x, y| x >= y, |x, y| x >= y)
}

fn logical(call: &Call<'_>, join: fn(bool, bool) -> bool) -> Outputs {
    let (left, right) = (call.tensor(0)?, call.tensor(1)?);
    let shape = broadcast::shape(&[left.shape(), right.shape()], call.limits())?;
    let operands = ((left.truths()?, left.shape()), (right.truths()?, right.shape()));
    let truths = broadcast::zip(&shape, operands.0, operands.1, join);
    one(Tensor::new(shape, Data::Boolean(truths)))
}

pub(super) fn and(call: &Call<'_>) -> Outputs {
    logical(call, |x, y| x && y)
}

pub(super) fn or(call: &Call<'_>) -> Outputs {
    logical(call, |x, y| x || y)
}

pub(super) fn xor(call: &Call<'_>) -> Outputs {
    logical(call, |x, y| x != y)
}

fn bitwise(call: &Call<'_>, join: fn(i64, i64) -> i64) -> Outputs {
    pair(call, &Rule { float: |_, _| f64::NAN, integer: Some(join), unsigned: None })
}

pub(super) fn bit_and(call: &Call<'_>) -> Outputs {
    bitwise(call, |x, y| x & y)
}

pub(super) fn bit_or(call: &Call<'_>) -> Outputs {
    bitwise(call, |x, y| x | y)
}

pub(super) fn bit_xor(call: &Call<'_>) -> Outputs {
    bitwise(call, |x, y| x ^ y)
}

pub(super) fn bit_shift(call: &Call<'_>) -> Outputs {
    // A distance of all bits or more leaves nothing.
    match call.text("direction", "")? {
        "LEFT" => bitwise(call, |x, by| u32::try_from(by).ok().and_then(|by| x.checked_shl(by)).unwrap_or(0)),
        _ => bitwise(call, |x, by| {
            u32::try_from(by).ok().and_then(|by| (x as u64).checked_shr(by)).map_or(0, |x| x as i64)
        }),
    }
}

/// Elements of the second operand where the first is true, else of the third.
pub(super) fn choose(call: &Call<'_>) -> Outputs {
    let (condition, left, right) = (call.tensor(0)?, call.tensor(1)?, call.tensor(2)?);
    let shape = broadcast::shape(&[condition.shape(), left.shape(), right.shape()], call.limits())?;
    let steps = |tensor: &Tensor| broadcast::steps(tensor.shape(), &shape);
    let (first, second, third) = (steps(condition), steps(left), steps(right));
    let truths = condition.truths()?;
    let places = broadcast::positions(&shape, &first)
        .zip(broadcast::positions(&shape, &second).zip(broadcast::positions(&shape, &third)));
    let chosen = places.map(|(at, (left, right))| if truths[at] { Ok(left) } else { Err(right) });
    let data = match (left.data(), right.data()) {
        (Data::Float(dtype, x), Data::Float(_, y)) => {
            Data::Float(*dtype, chosen.map(|at| at.map_or_else(|at| y[at], |at| x[at])).collect())
        }
        (Data::Integer(dtype, x), Data::Integer(_, y)) => {
            Data::Integer(*dtype, chosen.map(|at| at.map_or_else(|at| y[at], |at| x[at])).collect())
        }
        (Data::Boolean(x), Data::Boolean(y)) => {
            Data::Boolean(chosen.map(|at| at.map_or_else(|at| y[at], |at| x[at])).collect())
        }
        (Data::Text(x), Data::Text(y)) => {
            Data::Text(chosen.map(|at| at.map_or_else(|at| y[at].clone(), |at| x[at].clone())).collect())
        }
        (x, y) => {
            return Err(Failure::refused(format!("operands of the types {} and {}", x.kind(), y.kind())));
        }
    };
    one(Tensor::new(shape, data))
}
