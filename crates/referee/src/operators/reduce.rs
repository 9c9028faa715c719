//! Reductions along axes.
//!
//! Sums of float64 go in 16 lanes: element `i` of a sum belongs to lane `i mod 16`, lanes are summed from left to right,
//! and then pairwise (0 with 8, 1 with 9, ...; then 0 with 4, ...). Sums of narrower floats are exact.

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::arithmetic::exact::{self, settle};
use crate::arithmetic::order::maximum;
use crate::arithmetic::{elementary, round};
use crate::broadcast;
use crate::call::{Call, axis};
use crate::tensor::{Data, strides};
use crate::{Failure, Tensor};

const LANES: usize = 16;

/// The sum of float64 in lanes.
pub(crate) fn lanes(values: impl Iterator<Item = f64>) -> f64 {
    let mut lanes = [0.0; LANES];
    let mut lane = 0;
    for value in values {
        lanes[lane] += value;
        lane = (lane + 1) % LANES;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

/// `finish` of the sum of terms as a type defines it: of float64 in lanes, of narrower floats the odd sum. `finish` must
/// not decrease, and rounds to the type.
pub(crate) fn total<I>(dtype: DType, terms: I, finish: impl Fn(f64) -> f64) -> f64
where
    I: Iterator<Item = f64> + Clone,
{
    let plain = lanes(terms.clone());
    if dtype == DType::F64 {
        return finish(plain);
    }
    let count = terms.clone().count();
    let size = lanes(terms.clone().map(f64::abs));
    settle(plain, exact::error(count, size), finish, || exact::sum(terms))
}

/// The axes of a reduction, and whether they stay with a size of 1.
pub(super) struct Axes {
    pub(super) axes: Vec<usize>,
    pub(super) keep: bool,
}

impl Axes {
    pub(super) fn of(call: &Call<'_>, rank: usize) -> Result<Self, Failure> {
        let told = call.list(1, "axes")?.filter(|axes| !axes.is_empty());
        let keep = call.flag("keepdims", true)?;
        let axes = match told {
            Some(axes) => axes.into_iter().map(|told| axis(told, rank)).collect::<Result<_, _>>()?,
            None if call.flag("noop_with_empty_axes", false)? => Vec::new(),
            None => (0..rank).collect(),
        };
        Ok(Self { axes, keep })
    }

    pub(super) fn shape(&self, shape: &[usize]) -> Vec<usize> {
        let dims = shape.iter().enumerate();
        let dims = dims.filter_map(|(dim, size)| match self.axes.contains(&dim) {
            true if self.keep => Some(1),
            true => None,
            false => Some(*size),
        });
        dims.collect()
    }

    /// For each element of the result, where its terms begin; and their places from there.
    pub(super) fn places(&self, shape: &[usize]) -> (Vec<usize>, Vec<usize>) {
        let own = strides(shape);
        let pick = |reduced: bool| {
            let dims = (0..shape.len()).filter(move |dim| self.axes.contains(dim) == reduced);
            let dims: Vec<usize> = dims.collect();
            let sizes: Vec<usize> = dims.iter().map(|dim| shape[*dim]).collect();
            let steps: Vec<usize> = dims.iter().map(|dim| own[*dim]).collect();
            broadcast::positions(&sizes, &steps).collect()
        };
        (pick(false), pick(true))
    }
}

/// Reduces floats with `float`, which gets the terms of one result, and integers with `integer`.
fn reduce(
    call: &Call<'_>,
    float: impl Fn(DType, &mut dyn Iterator<Item = f64>) -> f64,
    integer: Option<fn(&mut dyn Iterator<Item = i64>) -> i64>,
) -> Outputs {
    let tensor = call.tensor(0)?;
    let axes = Axes::of(call, tensor.rank())?;
    let shape = axes.shape(tensor.shape());
    let (starts, along) = axes.places(tensor.shape());
    one(match (tensor.data(), integer) {
        (Data::Float(dtype, values), _) => {
            let term = |start: &usize| float(*dtype, &mut along.iter().map(|at| values[start + at]));
            Tensor::rounded(shape, *dtype, starts.iter().map(term).collect())
        }
        (Data::Integer(dtype, values), Some(integer)) => {
            let term = |start: &usize| integer(&mut along.iter().map(|at| values[start + at]));
            Tensor::wrapped(shape, *dtype, starts.iter().map(term).collect())
        }
        (other, _) => return Err(Failure::refused(format!("a reduction of {}", other.kind()))),
    })
}

/// A sum of `term` of each float, with `finish` on the sum before it is rounded.
fn sums(
    call: &Call<'_>,
    term: impl Fn(f64) -> f64,
    finish: impl Fn(f64, usize) -> f64,
    integer: fn(&mut dyn Iterator<Item = i64>) -> i64,
) -> Outputs {
    let float = |dtype: DType, terms: &mut dyn Iterator<Item = f64>| {
        let terms: Vec<f64> = terms.map(&term).collect();
        let count = terms.len();
        total(dtype, terms.iter().copied(), |sum| round(dtype, finish(sum, count)))
    };
    reduce(call, float, Some(integer))
}

fn wrapping(terms: &mut dyn Iterator<Item = i64>) -> i64 {
    terms.fold(0, i64::wrapping_add)
}

pub(super) fn sum(call: &Call<'_>) -> Outputs {
    sums(call, |x| x, |sum, _| sum, wrapping)
}

/// The sum divided by the number of terms; none have no mean.
pub(super) fn mean(call: &Call<'_>) -> Outputs {
    sums(
        call,
        |x| x,
        |sum, count| sum / count as f64,
        |terms| {
            let (mut sum, mut count) = (0_i64, 0);
            terms.for_each(|term| {
                sum = sum.wrapping_add(term);
                count += 1;
            });
            if count == 0 { 0 } else { sum / count }
        },
    )
}

pub(super) fn l1(call: &Call<'_>) -> Outputs {
    sums(
        call,
        f64::abs,
        |sum, _| sum,
        |terms| terms.fold(0, |sum, term| sum.wrapping_add(term.wrapping_abs())),
    )
}

/// Squares of numbers of at most 26 bits are exact; those of float64 are rounded.
pub(super) fn sum_square(call: &Call<'_>) -> Outputs {
    let square = |terms: &mut dyn Iterator<Item = i64>| {
        terms.fold(0_i64, |sum, term| sum.wrapping_add(term.wrapping_mul(term)))
    };
    sums(call, |x| x * x, |sum, _| sum, square)
}

pub(super) fn l2(call: &Call<'_>) -> Outputs {
    sums(
        call,
        |x| x * x,
        |sum, _| sum.sqrt(),
        |terms| {
            let sum = terms.fold(0_i64, |sum, term| sum.wrapping_add(term.wrapping_mul(term)));
            (sum as f64).sqrt() as i64
        },
    )
}

pub(super) fn log_sum(call: &Call<'_>) -> Outputs {
    sums(call, |x| x, |sum, _| elementary::ln(sum), |terms| elementary::ln(wrapping(terms) as f64) as i64)
}

/// `max + ln(sum(exp(x - max)))`, in float64 and lanes for every type.
pub(super) fn log_sum_exp(call: &Call<'_>) -> Outputs {
    let float = |_: DType, terms: &mut dyn Iterator<Item = f64>| {
        let terms: Vec<f64> = terms.collect();
        let largest = terms.iter().copied().fold(f64::NEG_INFINITY, maximum);
        if !largest.is_finite() {
            return largest;
        }
        largest + elementary::ln(lanes(terms.iter().map(|term| elementary::exp(term - largest))))
    };
    reduce(call, float, None)
}

/// The product from left to right in float64.
pub(super) fn product(call: &Call<'_>) -> Outputs {
    reduce(
        call,
        |_, terms| terms.fold(1.0, |product, term| product * term),
        Some(|terms| terms.fold(1, i64::wrapping_mul)),
    )
}

/// Sums so far along an axis, in float64 from the start, each rounded once.
pub(super) fn cumulative_sum(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let along = axis(call.tensor(1)?.single()?, tensor.rank())?;
    let (exclusive, reverse) = (call.flag("exclusive", false)?, call.flag("reverse", false)?);
    let axes = Axes { axes: vec![along], keep: true };
    let (starts, mut places) = axes.places(tensor.shape());
    if reverse {
        places.reverse();
    }
    let shape = tensor.shape().to_vec();
    one(match tensor.data() {
        Data::Float(dtype, values) => {
            let mut output = vec![0.0; values.len()];
            for start in starts {
                let mut sum = 0.0;
                for at in &places {
                    let before = sum;
                    sum += values[start + at];
                    output[start + at] = if exclusive { before } else { sum };
                }
            }
            Tensor::rounded(shape, *dtype, output)
        }
        Data::Integer(dtype, values) => {
            let mut output = vec![0; values.len()];
            for start in starts {
                let mut sum = 0_i64;
                for at in &places {
                    let before = sum;
                    sum = sum.wrapping_add(values[start + at]);
                    output[start + at] = if exclusive { before } else { sum };
                }
            }
            Tensor::wrapped(shape, *dtype, output)
        }
        other => return Err(Failure::refused(format!("a sum of {}", other.kind()))),
    })
}
