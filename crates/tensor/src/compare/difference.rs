//! Absolute, relative and global differences in one pass.

use super::ulp::{Ulp, UlpCounter};
use crate::TensorView;

/// How two tensors of equal dtype and shape differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Elements.
    pub elements: u64,
    /// Elements whose values differ (`-0.0` and `0.0` are equal here, bits decide elsewhere).
    pub differing: u64,
    /// Positions where exactly one of the two is NaN, or where infinities differ.
    pub special_mismatches: u64,
    /// Root mean square of the golden's finite elements.
    pub golden_rms: f64,
    /// Largest absolute difference over positions where both are finite.
    pub maximum_absolute: f64,
    /// Largest relative difference over those whose golden is not 0.
    pub maximum_relative: f64,
    /// L2 norm of the difference over that of the golden; infinite if only the golden is 0.
    pub relative_l2: f64,
    /// Cosine of the angle between the two; 1 if both are 0.
    pub cosine: f64,
    /// Distances in units in the last place, for dtypes that have them.
    pub ulp: Option<Ulp>,
    /// The element with the largest difference; a special mismatch comes before any finite one.
    pub worst: Option<Worst>,
}

/// The element with the largest difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Worst {
    /// Row-major position.
    pub position: usize,
    /// The golden's value.
    pub expected: f64,
    /// The produced value.
    pub actual: f64,
}

impl Difference {
    /// Largest absolute difference over the golden's root mean square; infinite if only the golden is 0.
    pub fn maximum_over_rms(&self) -> f64 {
        ratio(self.maximum_absolute, self.golden_rms)
    }
}

/// `part / whole`, with 0 / 0 = 0.
fn ratio(part: f64, whole: f64) -> f64 {
    if part == 0.0 { 0.0 } else { part / whole }
}

/// Root mean square of the finite elements; 0 of none, `None` for complex tensors.
pub fn root_mean_square(tensor: TensorView<'_>) -> Option<f64> {
    let (mut squares, mut count) = (0.0, 0_u64);
    for value in tensor.elements()?.iter().filter(|value| value.is_finite()) {
        squares += value * value;
        count += 1;
    }
    Some(if count == 0 { 0.0 } else { (squares / count as f64).sqrt() })
}

/// Compares two tensors of equal dtype and shape; `None` where there is no number to compare (complex).
///
/// # Panics
/// If dtypes or shapes differ.
pub fn difference(golden: TensorView<'_>, produced: TensorView<'_>) -> Option<Difference> {
    assert_eq!((golden.dtype(), golden.shape()), (produced.dtype(), produced.shape()), "comparable tensors");
    let (expected, actual) = (golden.elements()?, produced.elements()?);
    let golden_rms = root_mean_square(golden)?;
    let mut ulp = UlpCounter::new(golden.dtype(), golden_rms);
    let mut result = Difference {
        elements: expected.len() as u64,
        differing: 0,
        special_mismatches: 0,
        golden_rms,
        maximum_absolute: 0.0,
        maximum_relative: 0.0,
        relative_l2: 0.0,
        cosine: 1.0,
        ulp: None,
        worst: None,
    };
    let (mut square_difference, mut square_golden, mut square_produced, mut product) = (0.0, 0.0, 0.0, 0.0);
    for position in 0..expected.len() {
        let (a, b) = (expected.get(position), actual.get(position));
        let worst = Worst { position, expected: a, actual: b };
        if !(a.is_finite() && b.is_finite()) {
            let same = a == b || (a.is_nan() && b.is_nan());
            if !same {
                result.differing += 1;
                if result.special_mismatches == 0 {
                    result.worst = Some(worst);
                }
                result.special_mismatches += 1;
            }
            continue;
        }
        if let Some(ulp) = &mut ulp {
            ulp.add(&expected, &actual, position, a, b);
        }
        square_golden += a * a;
        square_produced += b * b;
        product += a * b;
        let absolute = if a == b {
            // One float may stand for both.
            let integers = expected.wide_integer(position).zip(actual.wide_integer(position));
            integers.map_or(0.0, |(a, b)| a.abs_diff(b) as f64)
        } else {
            (a - b).abs()
        };
        if absolute == 0.0 {
            continue;
        }
        result.differing += 1;
        square_difference += absolute * absolute;
        if a != 0.0 {
            result.maximum_relative = result.maximum_relative.max(absolute / a.abs());
        }
        if absolute > result.maximum_absolute {
            result.maximum_absolute = absolute;
            if result.special_mismatches == 0 {
                result.worst = Some(worst);
            }
        }
    }
    result.relative_l2 = ratio(f64::sqrt(square_difference), f64::sqrt(square_golden));
    let norms = f64::sqrt(square_golden) * f64::sqrt(square_produced);
    result.cosine = match (square_golden == 0.0, square_produced == 0.0) {
        (true, true) => 1.0,
        (true, false) | (false, true) => 0.0,
        (false, false) => (product / norms).clamp(-1.0, 1.0),
    };
    result.ulp = ulp.map(UlpCounter::finish);
    Some(result)
}

/// The error of a tensor of any real dtype against float64 reference values of the same shape: its L2 norm and
/// its largest element, over positions where both are finite; `special` counts the positions where one is NaN
/// or infinite and the other is not the same.
///
/// Returns `None` where shapes differ or there is no number to compare.
pub fn error_against(reference: TensorView<'_>, tensor: TensorView<'_>) -> Option<(f64, f64, u64)> {
    if reference.shape() != tensor.shape() {
        return None;
    }
    let (expected, actual) = (reference.elements()?, tensor.elements()?);
    let (mut squares, mut largest, mut special) = (0.0, 0.0_f64, 0);
    for (a, b) in expected.iter().zip(actual.iter()) {
        if a.is_finite() && b.is_finite() {
            let error = (a - b).abs();
            squares += error * error;
            largest = largest.max(error);
        } else if !(a == b || (a.is_nan() && b.is_nan())) {
            special += 1;
        }
    }
    Some((f64::sqrt(squares), largest, special))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    fn compare(golden: &[f32], produced: &[f32]) -> Difference {
        let tensor = |values: &[f32]| Tensor::from_f32(vec![values.len() as u64], values).unwrap();
        difference(tensor(golden).view(), tensor(produced).view()).unwrap()
    }

    #[test]
    fn equal_tensors_have_no_difference() {
        let result = compare(&[1.0, f32::NAN, f32::INFINITY, 0.0], &[1.0, f32::NAN, f32::INFINITY, -0.0]);
        assert_eq!((result.differing, result.special_mismatches, result.relative_l2), (0, 0, 0.0));
        assert_eq!(result.worst, None);
    }

    #[test]
    fn integers_that_one_float_stands_for_are_as_far_apart_as_they_are() {
        let compare = |golden: &[i64], produced: &[i64]| {
            let tensor = |values: &[i64]| Tensor::from_i64(vec![values.len() as u64], values).unwrap();
            difference(tensor(golden).view(), tensor(produced).view()).unwrap()
        };
        let result = compare(&[1 << 53, i64::MIN, 7], &[(1 << 53) + 1, i64::MIN + 3, 7]);
        assert_eq!((result.differing, result.maximum_absolute), (2, 3.0));
        assert_eq!(result.worst.map(|worst| worst.position), Some(1));
    }

    #[test]
    fn a_special_value_is_a_mismatch_and_not_an_infinite_difference() {
        let result = compare(&[1.0, f32::INFINITY, 3.0, 4.0], &[f32::NAN, f32::NEG_INFINITY, 3.0, 4.5]);
        assert_eq!((result.differing, result.special_mismatches), (3, 2));
        assert_eq!(result.maximum_absolute, 0.5);
        assert_eq!(result.worst.map(|worst| worst.position), Some(0));
    }

    #[test]
    fn the_worst_element_is_named_with_both_values() {
        let result = compare(&[1.0, 2.0, 4.0], &[1.0, 2.5, 4.25]);
        assert_eq!(result.worst, Some(Worst { position: 1, expected: 2.0, actual: 2.5 }));
        assert_eq!(result.maximum_relative, 0.25);
        assert!((result.relative_l2 - (0.3125_f64 / 21.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn a_zero_golden_divides_nothing_by_zero() {
        let result = compare(&[0.0, 0.0], &[0.0, 1.0]);
        assert_eq!(result.relative_l2, f64::INFINITY);
        assert_eq!(result.maximum_over_rms(), f64::INFINITY);
        assert_eq!(compare(&[0.0], &[0.0]).maximum_over_rms(), 0.0);
    }
}
