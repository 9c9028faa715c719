//! Comparing and choosing, where the language and the specification leave something open.

/// The larger of two numbers: NaN if either is, and +0 is larger than -0.
#[inline]
pub fn maximum(left: f64, right: f64) -> f64 {
    if left.is_nan() || right.is_nan() {
        f64::NAN
    } else if left > right || (left == right && left.is_sign_positive()) {
        left
    } else {
        right
    }
}

/// The smaller of two numbers: NaN if either is, and -0 is smaller than +0.
#[inline]
pub fn minimum(left: f64, right: f64) -> f64 {
    if left.is_nan() || right.is_nan() {
        f64::NAN
    } else if left < right || (left == right && left.is_sign_negative()) {
        left
    } else {
        right
    }
}

/// The integer nearest to zero that a number reaches, within 64 bits; NaN is 0.
pub fn truncate(value: f64) -> i64 {
    // The language defines this conversion so on every machine.
    value as i64
}

/// The order of sorting: numbers ascending with -0 beside +0, NaN last.
pub fn ascending(left: f64, right: f64) -> std::cmp::Ordering {
    left.partial_cmp(&right).unwrap_or_else(|| left.is_nan().cmp(&right.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_have_an_order_and_nan_wins() {
        for (left, right) in [(0.0, -0.0), (-0.0, 0.0)] {
            assert!(maximum(left, right).is_sign_positive());
            assert!(minimum(left, right).is_sign_negative());
        }
        for (left, right) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, f64::NAN)] {
            assert!(maximum(left, right).is_nan() && minimum(left, right).is_nan());
        }
        assert_eq!((maximum(1.0, 2.0), minimum(1.0, 2.0)), (2.0, 1.0));
        assert_eq!((truncate(f64::NAN), truncate(1e30), truncate(-1.9)), (0, i64::MAX, -1));
    }
}
