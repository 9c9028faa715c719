//! The largest and the smallest along axes.

use reproof_tensor::DType;

use super::reduce::Axes;
use super::{Outputs, one};
use crate::arithmetic::order::{maximum, minimum};
use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

fn extreme(
    call: &Call<'_>,
    float: fn(f64, f64) -> f64,
    integer: fn(&i64, &i64) -> bool,
    empty: f64,
) -> Outputs {
    let tensor = call.tensor(0)?;
    let axes = Axes::of(call, tensor.rank())?;
    let shape = axes.shape(tensor.shape());
    let (starts, along) = axes.places(tensor.shape());
    one(match tensor.data() {
        Data::Float(dtype, values) => {
            let term = |start: &usize| along.iter().map(|at| values[start + at]).fold(empty, float);
            Tensor::rounded(shape, *dtype, starts.iter().map(term).collect())
        }
        Data::Integer(dtype, values) => {
            let better = |best: i64, term: i64| if integer(&term, &best) { term } else { best };
            let term = |start: &usize| {
                let found = along.iter().map(|at| values[start + at]).reduce(better);
                found.ok_or_else(|| Failure::refused("the largest or smallest of no integers"))
            };
            Tensor::wrapped(shape, *dtype, starts.iter().map(term).collect::<Result<_, _>>()?)
        }
        Data::Boolean(values) => {
            // True is larger.
            let all = empty > 0.0;
            let term = |start: &usize| {
                let mut terms = along.iter().map(|at| values[start + at]);
                if all { terms.all(|truth| truth) } else { terms.any(|truth| truth) }
            };
            Tensor::new(shape, Data::Boolean(starts.iter().map(term).collect()))
        }
        other @ Data::Text(_) => return Err(Failure::refused(format!("a reduction of {}", other.kind()))),
    })
}

pub(super) fn max(call: &Call<'_>) -> Outputs {
    extreme(call, maximum, |term, best| term > best, f64::NEG_INFINITY)
}

pub(super) fn min(call: &Call<'_>) -> Outputs {
    extreme(call, minimum, |term, best| term < best, f64::INFINITY)
}

/// The place of the extreme number along an axis: the first NaN, else the first or last of the best.
fn arg(call: &Call<'_>, better: fn(f64, f64) -> bool) -> Outputs {
    let tensor = call.tensor(0)?;
    let along = call.axis("axis", 0, tensor.rank())?;
    let last = call.flag("select_last_index", false)?;
    let axes = Axes { axes: vec![along], keep: call.flag("keepdims", true)? };
    let shape = axes.shape(tensor.shape());
    let (starts, places) = axes.places(tensor.shape());
    if places.is_empty() && !starts.is_empty() {
        return Err(Failure::refused("the largest or smallest of no numbers"));
    }
    let numbers: Vec<f64>;
    let whole: Option<&[i64]> = match tensor.data() {
        Data::Float(_, values) => {
            numbers = values.clone();
            None
        }
        Data::Integer(_, values) => {
            numbers = Vec::new();
            Some(values)
        }
        other => return Err(Failure::refused(format!("a reduction of {}", other.kind()))),
    };
    let find = |start: &usize| {
        let mut best = 0;
        for (index, at) in places.iter().enumerate().skip(1) {
            let (now, so_far) = (start + at, start + places[best]);
            let is_better = if let Some(values) = whole {
                let order = values[now].cmp(&values[so_far]);
                (better(1.0, 0.0) && order.is_gt())
                    || (better(0.0, 1.0) && order.is_lt())
                    || (last && order.is_eq())
            } else {
                let (now, so_far) = (numbers[now], numbers[so_far]);
                !so_far.is_nan() && (now.is_nan() || better(now, so_far) || (last && now == so_far))
            };
            if is_better {
                best = index;
            }
        }
        best as i64
    };
    one(Tensor::wrapped(shape, DType::I64, starts.iter().map(find).collect()))
}

pub(super) fn arg_max(call: &Call<'_>) -> Outputs {
    arg(call, |now, best| now > best)
}

pub(super) fn arg_min(call: &Call<'_>) -> Outputs {
    arg(call, |now, best| now < best)
}
