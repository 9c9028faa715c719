//! What score vectors decide: their largest entries along the last axis.

use crate::TensorView;

/// Whether the largest entries stayed the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Decisions {
    /// Score vectors.
    pub total: u64,
    /// Those whose largest entries, in order, changed.
    pub changed: u64,
    /// The first that changed.
    pub first_changed: Option<u64>,
    /// The smallest distance in the golden between the last entry that counts and the next; infinite without one.
    pub smallest_margin: f64,
}

/// Compares the `top` largest entries, in order, of every vector along the last axis; ties go to the lower index,
/// NaN counts as the largest. `None` for scalars, complex tensors and vectors of fewer than 2 entries.
pub fn decisions(golden: TensorView<'_>, produced: TensorView<'_>, top: usize) -> Option<Decisions> {
    let width = usize::try_from(*golden.shape().last()?).ok().filter(|width| *width >= 2)?;
    let (expected, actual) = (golden.elements()?, produced.elements()?);
    let top = top.clamp(1, width);
    let mut result = Decisions { total: 0, changed: 0, first_changed: None, smallest_margin: f64::INFINITY };
    let (mut order, mut other) = (Vec::with_capacity(width), Vec::with_capacity(width));
    for start in (0..expected.len()).step_by(width) {
        rank(&mut order, top, |entry| expected.get(start + entry), width);
        rank(&mut other, top, |entry| actual.get(start + entry), width);
        if let Some(next) = order.get(top) {
            let margin = expected.get(start + order[top - 1]) - expected.get(start + next);
            if margin < result.smallest_margin {
                result.smallest_margin = margin;
            }
        }
        if order[..top] != other[..top] {
            result.changed += 1;
            result.first_changed.get_or_insert(result.total);
        }
        result.total += 1;
    }
    Some(result)
}

/// Fills `order` with the `top + 1` largest entries, largest first.
fn rank(order: &mut Vec<usize>, top: usize, score: impl Fn(usize) -> f64, width: usize) {
    // NaN first, then descending, then ascending index: a total order, so that ties never depend on the sort.
    let key = |entry: &usize| {
        let score = score(*entry);
        if score.is_nan() { f64::INFINITY } else { score }
    };
    let before = |a: &usize, b: &usize| {
        let nan = score(*b).is_nan().cmp(&score(*a).is_nan());
        nan.then(key(b).partial_cmp(&key(a)).expect("NaN was replaced")).then(a.cmp(b))
    };
    order.clear();
    order.extend(0..width);
    let keep = (top + 1).min(width);
    if keep < width {
        order.select_nth_unstable_by(keep - 1, before);
        order.truncate(keep);
    }
    order.sort_unstable_by(before);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    fn run(golden: &[f32], produced: &[f32], width: u64, top: usize) -> Option<Decisions> {
        let tensor =
            |values: &[f32]| Tensor::from_f32(vec![values.len() as u64 / width, width], values).unwrap();
        decisions(tensor(golden).view(), tensor(produced).view(), top)
    }

    #[test]
    fn a_flipped_argmax_is_seen_in_its_vector() {
        let result = run(&[1.0, 2.0, 0.0, 5.0, 4.9, 0.0], &[1.0, 2.0, 0.0, 4.9, 5.0, 0.0], 3, 1).unwrap();
        assert_eq!((result.total, result.changed, result.first_changed), (2, 1, Some(1)));
        assert!((result.smallest_margin - 0.1).abs() < 1e-6);
    }

    #[test]
    fn order_within_the_top_counts() {
        assert_eq!(run(&[3.0, 2.0, 1.0], &[2.0, 3.0, 1.0], 3, 2).unwrap().changed, 1);
        assert_eq!(run(&[3.0, 2.0, 1.0], &[4.0, 2.0, 1.9], 3, 2).unwrap().changed, 0);
    }

    #[test]
    fn ties_go_to_the_lower_index_and_nan_is_largest() {
        assert_eq!(run(&[1.0, 1.0], &[1.0, 1.0], 2, 1).unwrap().changed, 0);
        assert_eq!(run(&[f32::INFINITY, f32::NAN], &[0.0, f32::NAN], 2, 1).unwrap().changed, 0);
    }

    #[test]
    fn a_single_score_decides_nothing() {
        assert_eq!(run(&[1.0, 2.0], &[2.0, 1.0], 1, 1), None);
    }
}
