//! Shapes that stretch over each other, as NumPy's do.

use crate::tensor::{count, strides};
use crate::{Failure, Limits};

/// The shape that all of these stretch to.
pub(crate) fn shape(shapes: &[&[usize]], limits: &Limits) -> Result<Vec<usize>, Failure> {
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut common = vec![1; rank];
    for shape in shapes {
        let offset = rank - shape.len();
        for (known, dim) in common[offset..].iter_mut().zip(*shape) {
            if *known == 1 {
                *known = *dim;
            } else if *dim != 1 && *dim != *known {
                return Err(Failure::refused(format!("shapes that do not fit: {shapes:?}")));
            }
        }
    }
    limits.count(&common)?;
    Ok(common)
}

/// Steps through a stretched operand along the dims of the common shape: 0 where it is stretched.
pub(crate) fn steps(source: &[usize], common: &[usize]) -> Vec<usize> {
    let offset = common.len() - source.len();
    let own = strides(source);
    let step = |dim: usize| {
        let at = dim.checked_sub(offset)?;
        (source[at] != 1 || common[dim] == 1).then(|| own[at])
    };
    (0..common.len()).map(|dim| step(dim).unwrap_or(0)).collect()
}

/// Two operands joined element by element.
pub(crate) fn zip<A: Copy, B: Copy, R>(
    common: &[usize],
    left: (&[A], &[usize]),
    right: (&[B], &[usize]),
    join: impl Fn(A, B) -> R,
) -> Vec<R> {
    let total = count(common).unwrap_or(0);
    let ((left, left_shape), (right, right_shape)) = (left, right);
    if total == 0 {
        return Vec::new();
    }
    if left.len() == total && right.len() == total {
        return left.iter().zip(right).map(|(left, right)| join(*left, *right)).collect();
    }
    if right.len() == 1 && left.len() == total {
        return left.iter().map(|left| join(*left, right[0])).collect();
    }
    if left.len() == 1 && right.len() == total {
        return right.iter().map(|right| join(left[0], *right)).collect();
    }
    let (left_steps, right_steps) = (steps(left_shape, common), steps(right_shape, common));
    let inner = common[common.len() - 1];
    let (left_step, right_step) = (left_steps[common.len() - 1], right_steps[common.len() - 1]);
    let mut output = Vec::with_capacity(total);
    let rows = &common[..common.len() - 1];
    let left_starts = positions(rows, &left_steps[..rows.len()]);
    let right_starts = positions(rows, &right_steps[..rows.len()]);
    for (left_start, right_start) in left_starts.zip(right_starts) {
        match (left_step, right_step) {
            (1, 1) => {
                let pairs = left[left_start..][..inner].iter().zip(&right[right_start..][..inner]);
                output.extend(pairs.map(|(left, right)| join(*left, *right)));
            }
            (1, 0) => {
                let right = right[right_start];
                output.extend(left[left_start..][..inner].iter().map(|left| join(*left, right)));
            }
            (0, 1) => {
                let left = left[left_start];
                output.extend(right[right_start..][..inner].iter().map(|right| join(left, *right)));
            }
            _ => output.extend(
                (0..inner)
                    .map(|at| join(left[left_start + at * left_step], right[right_start + at * right_step])),
            ),
        }
    }
    output
}

/// Positions in an operand for every element of a shape, by steps along its dims.
pub(crate) fn positions<'a>(shape: &'a [usize], steps: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    let total = count(shape).unwrap_or(0);
    let mut index = vec![0; shape.len()];
    let mut at = 0;
    (0..total).map(move |_| {
        let current = at;
        for dim in (0..shape.len()).rev() {
            index[dim] += 1;
            at += steps[dim];
            if index[dim] < shape[dim] {
                break;
            }
            at -= steps[dim] * shape[dim];
            index[dim] = 0;
        }
        current
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operands_stretch_over_each_other() {
        let limits = Limits::default();
        let common = shape(&[&[2, 1, 3], &[2, 1]], &limits).unwrap();
        assert_eq!(common, [2, 2, 3]);
        let left = [1, 2, 3, 4, 5, 6];
        let sums = zip(&common, (&left, &[2, 1, 3]), (&[10, 20], &[2, 1]), |left, right| left + right);
        assert_eq!(sums, [11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26]);
        assert!(shape(&[&[2], &[3]], &limits).is_err());
        assert_eq!(shape(&[&[0], &[1]], &limits).unwrap(), [0]);
        let scalar = zip(&[2], (&[1, 2], &[2]), (&[5], &[]), |left, right| left * right);
        assert_eq!(scalar, [5, 10]);
    }
}
