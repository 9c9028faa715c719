//! Pools.

use reproof_tensor::DType;

use super::planes::Planes;
use super::window::{Windows, image};
use super::{Outputs, one, reduce};
use crate::arithmetic::order::maximum;
use crate::arithmetic::{elementary, round};
use crate::call::{Call, dim};
use crate::parallel;
use crate::tensor::Data;
use crate::{Failure, Tensor};

fn windows(call: &Call<'_>, input: &[usize]) -> Result<Windows, Failure> {
    let kernel = call.integers("kernel_shape")?.ok_or_else(|| Failure::refused("no window"))?;
    Windows::of(call, input, kernel.iter().map(|size| dim(*size)).collect::<Result<_, _>>()?)
}

/// The largest number of each window, NaN if one is there, and where it is: the first of equal ones.
pub(super) fn max(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (batch, channels, input) = image(tensor)?;
    let windows = windows(call, input)?;
    let shape = [&[batch, channels], windows.output.as_slice()].concat();
    // Of no windows there may be more planes than numbers can tell.
    let planes = if call.count(&shape)? == 0 { 0 } else { batch * channels };
    let with_places = call.node.outputs.len() > 1;
    let planes_of = if with_places { None } else { Planes::of(&windows) };
    let (data, places) = match (tensor.data(), planes_of) {
        (Data::Float(dtype, values), Some(planes)) => {
            let found = largest_numbers(values, &windows, &planes, call.run.options.threads);
            (Data::Float(*dtype, found), Vec::new())
        }
        (Data::Float(dtype, values), _) => {
            let (found, places) = largest(values, planes, &windows, f64::NEG_INFINITY, is_larger);
            (Data::Float(*dtype, found), places)
        }
        (Data::Integer(dtype, values), _) => {
            let (found, places) = largest(values, planes, &windows, 0, |now, best| now > best);
            (Data::Integer(*dtype, found), places)
        }
        (other, _) => return Err(Failure::refused(format!("a pool of {}", other.kind()))),
    };
    let values = Tensor::new(shape.clone(), data).into();
    if !with_places {
        return Ok(vec![values]);
    }
    let by_column = call.flag("storage_order", false)?;
    let (count, size) = (windows.count().max(1), windows.size());
    let told = places.iter().enumerate().map(|(at, place)| {
        let place = if by_column { by_columns(*place, input) } else { *place };
        (at / count * size + place) as i64
    });
    Ok(vec![values, Tensor::wrapped(shape, DType::I64, told.collect()).into()])
}

/// Whether a number is chosen before the best so far.
fn is_larger(now: f64, best: f64) -> bool {
    !best.is_nan() && (now.is_nan() || now > best)
}

/// The largest number of each window of each image.
fn largest_numbers(values: &[f64], windows: &Windows, planes: &Planes<'_>, threads: usize) -> Vec<f64> {
    let (size, count) = (windows.size(), windows.count());
    let mut found = vec![0.0; values.len() / size * count];
    parallel::fill(threads, &mut found, count, windows.kernel_size(), |first, part| {
        let mut line = vec![0.0; planes.count()];
        for (image, found) in part.chunks_exact_mut(count).enumerate() {
            let image = &values[(first / count + image) * size..][..size];
            let image = planes.filled(image, f64::NEG_INFINITY);
            line.fill(f64::NEG_INFINITY);
            for shift in &planes.shifts {
                for (best, now) in line.iter_mut().zip(&image[*shift..]) {
                    *best = if *now > *best || now.is_nan() { *now } else { *best };
                }
            }
            planes.gather(&line, found);
        }
    });
    found
}

/// The best number of each window of each plane, `none` where nothing lies under one, and where in its plane it is.
fn largest<T: Copy>(
    values: &[T],
    planes: usize,
    windows: &Windows,
    none: T,
    is_better: impl Fn(T, T) -> bool,
) -> (Vec<T>, Vec<usize>) {
    let (count, size) = (windows.count(), windows.size());
    let (mut under, mut ends) = (Vec::new(), Vec::with_capacity(count));
    for window in 0..count {
        under.extend((0..windows.kernel_size()).filter_map(|element| windows.under(window, element)));
        ends.push(under.len());
    }
    let (mut found, mut places) = (Vec::with_capacity(planes * count), Vec::with_capacity(planes * count));
    for plane in 0..planes {
        let values = &values[plane * size..][..size];
        let mut start = 0;
        for end in &ends {
            let mut own = under[start..*end].iter().map(|place| (values[*place], *place));
            let first = own.next().unwrap_or((none, 0));
            let (value, place) =
                own.fold(first, |best, now| if is_better(now.0, best.0) { now } else { best });
            found.push(value);
            places.push(place);
            start = *end;
        }
    }
    (found, places)
}

/// A place counted column by column.
fn by_columns(place: usize, input: &[usize]) -> usize {
    let (mut rest, mut found) = (place, 0);
    let mut steps = vec![1; input.len()];
    for dim in 1..input.len() {
        steps[dim] = steps[dim - 1] * input[dim - 1];
    }
    for dim in (0..input.len()).rev() {
        found += rest % input[dim] * steps[dim];
        rest /= input[dim];
    }
    found
}

/// The mean of each window: of the elements that are there, or with the padding as zeros.
pub(super) fn average(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let (batch, channels, input) = image(tensor)?;
    let windows = windows(call, input)?;
    let counts_padding = call.flag("count_include_pad", false)?;
    let shape = [&[batch, channels], windows.output.as_slice()].concat();
    let total = call.count(&shape)?;
    let (count, size) = (windows.count(), windows.size());
    let element = |at: usize| {
        let (plane, window) = (at / count.max(1), at % count.max(1));
        let elements = 0..windows.kernel_size();
        let there = elements.clone().filter_map(|element| windows.under(window, element));
        let divisor = if counts_padding {
            elements.filter(|element| windows.is_padded(window, *element)).count()
        } else {
            there.clone().count()
        } as f64;
        let terms = there.map(|place| values[plane * size + place]);
        reduce::total(dtype, terms, |sum| round(dtype, sum / divisor))
    };
    one(Tensor::new(shape, Data::Float(dtype, (0..total).map(element).collect())))
}

/// `(sum |x|^p)^(1/p)` of each window, in float64 from left to right.
pub(super) fn norm(call: &Call<'_>) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let (batch, channels, input) = image(tensor)?;
    let windows = windows(call, input)?;
    let order = call.integer("p", 2)? as f64;
    let shape = [&[batch, channels], windows.output.as_slice()].concat();
    let total = call.count(&shape)?;
    let (count, size) = (windows.count(), windows.size());
    let element = |at: usize| {
        let (plane, window) = (at / count.max(1), at % count.max(1));
        let there = (0..windows.kernel_size()).filter_map(|element| windows.under(window, element));
        let powers = there.map(|place| elementary::pow(values[plane * size + place].abs(), order));
        elementary::pow(powers.fold(0.0, |sum, power| sum + power), 1.0 / order)
    };
    one(Tensor::rounded(shape, dtype, (0..total).map(element).collect()))
}

/// A reduction of every plane to one number.
fn planes(call: &Call<'_>, reduce: impl Fn(DType, &[f64]) -> f64) -> Outputs {
    let tensor = call.tensor(0)?;
    let (dtype, values) = tensor.floats()?;
    let (batch, channels, input) = image(tensor)?;
    let size: usize = input.iter().product();
    let shape = [&[batch, channels], vec![1; input.len()].as_slice()].concat();
    let element = |plane: usize| reduce(dtype, &values[plane * size..][..size]);
    one(Tensor::rounded(shape, dtype, (0..batch * channels).map(element).collect()))
}

pub(super) fn global_average(call: &Call<'_>) -> Outputs {
    planes(call, |dtype, plane| {
        reduce::total(dtype, plane.iter().copied(), |sum| round(dtype, sum / plane.len() as f64))
    })
}

pub(super) fn global_max(call: &Call<'_>) -> Outputs {
    planes(call, |_, plane| plane.iter().copied().fold(f64::NEG_INFINITY, maximum))
}

pub(super) fn global_norm(call: &Call<'_>) -> Outputs {
    let order = call.integer("p", 2)? as f64;
    planes(call, |_, plane| {
        let powers = plane.iter().map(|value| elementary::pow(value.abs(), order));
        elementary::pow(powers.fold(0.0, |sum, power| sum + power), 1.0 / order)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::operators::patches::tests::windows;

    proptest! {
        #[test]
        fn the_largest_are_the_same_by_lines(
            windows in windows(),
            numbers in proptest::collection::vec(prop_oneof![Just(f64::NAN), Just(-0.0), Just(0.0), -3.0..3.0_f64], 1..50),
        ) {
            let values: Vec<f64> = numbers.iter().cycle().take(3 * windows.size()).copied().collect();
            let Some(planes) = Planes::of(&windows) else { return Ok(()) };
            let (expected, _) = largest(&values, 3, &windows, f64::NEG_INFINITY, is_larger);
            let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
            prop_assert_eq!(bits(largest_numbers(&values, &windows, &planes, 2)), bits(expected));
        }
    }
}
