//! Probabilities of classes from those of pairs of classes.

/// The least and the most that the probability of a pair may be, so that no sum is zero.
const ENDS: (f64, f64) = (1e-7, 1.0 - 1e-7);

/// Sweeps after which the probabilities are taken as they are.
const SWEEPS: usize = 100;

/// The probabilities of `count` classes. `pairs` holds, for each pair of classes in the order (0, 1), (0, 2), ..., (1, 2),
/// ..., the probability of the first of the two.
///
/// They minimise `sum over s != t of (r[t][s] p[s] - r[s][t] p[t])^2` (Wu, Lin and Weng, "Probability estimates for
/// multi-class classification by pairwise coupling", 2004, second method), which is `p Q p`. A sweep solves for one class
/// after the other; it ends when every element of `Q p` is within `0.005 / count` of `p Q p`, as that of LIBSVM and ONNX
/// Runtime does.
pub(super) fn couple(count: usize, pairs: &[f64]) -> Vec<f64> {
    // Within its ends; NaN stays.
    let mut shares = vec![0.0; count * count];
    let mut pairs = pairs.iter();
    for first in 0..count {
        for second in first + 1..count {
            let share = pairs.next().map_or(0.5, |share| share.clamp(ENDS.0, ENDS.1));
            shares[first * count + second] = share;
            shares[second * count + first] = 1.0 - share;
        }
    }
    let mut matrix = vec![0.0; count * count];
    for row in 0..count {
        for column in (0..count).filter(|column| *column != row) {
            let (share, other) = (shares[column * count + row], shares[row * count + column]);
            matrix[row * count + row] += share * share;
            matrix[row * count + column] = -(share * other);
        }
    }
    let within = 0.005 / count as f64;
    let mut chances = vec![1.0 / count as f64; count];
    for _ in 0..SWEEPS {
        // Anew in every sweep, so that no error is carried on.
        let mut slopes: Vec<f64> = matrix.chunks_exact(count).map(|row| dot(row, &chances)).collect();
        let mut value = dot(&chances, &slopes);
        if slopes.iter().all(|slope| (slope - value).abs() < within) {
            break;
        }
        for class in 0..count {
            let own = matrix[class * count + class];
            let step = (value - slopes[class]) / own;
            let whole = 1.0 + step;
            value = (value + step * (step * own + 2.0 * slopes[class])) / (whole * whole);
            chances[class] += step;
            for other in 0..count {
                slopes[other] = (slopes[other] + step * matrix[class * count + other]) / whole;
                chances[other] /= whole;
            }
        }
    }
    chances
}

/// The sum of products in ascending order.
pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).fold(0.0, |sum, (left, right)| sum + left * right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(left: &[f64], right: &[f64], within: f64) -> bool {
        left.len() == right.len() && left.iter().zip(right).all(|(left, right)| (left - right).abs() < within)
    }

    #[test]
    fn two_classes_have_the_probability_of_their_pair() {
        assert_eq!(couple(2, &[0.5]), [0.5, 0.5]);
        assert!(close(&couple(2, &[0.9]), &[0.9, 0.1], 2e-3), "{:?}", couple(2, &[0.9]));
    }

    #[test]
    fn pairs_that_agree_give_the_probabilities_they_come_from() {
        let truth = [0.5, 0.3, 0.2];
        let pair = |first: usize, second: usize| truth[first] / (truth[first] + truth[second]);
        let found = couple(3, &[pair(0, 1), pair(0, 2), pair(1, 2)]);
        assert!(close(&found, &truth, 5e-3), "{found:?}");
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn it_ends_whatever_the_pairs_say() {
        assert!(couple(3, &[f64::NAN, 0.0, 1.0]).iter().all(|chance| chance.is_nan()));
        let found = couple(3, &[1.0, 0.0, 1.0]);
        assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{found:?}");
    }
}
