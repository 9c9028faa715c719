//! Boxes around things in pictures.

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::call::Call;
use crate::{Failure, Tensor};

/// Boxes in the order of their scores, without those that overlap a better one too much. Of equal scores the first
/// box comes first.
pub(super) fn non_max_suppression(call: &Call<'_>) -> Outputs {
    let (boxes, scores) = (call.tensor(0)?, call.tensor(1)?);
    let ((_, corners), (_, values)) = (boxes.floats()?, scores.floats()?);
    let ([batch, count, 4], [_, classes, known]) = (boxes.shape(), scores.shape()) else {
        return Err(Failure::refused(format!(
            "boxes of {:?} and scores of {:?}",
            boxes.shape(),
            scores.shape()
        )));
    };
    if known != count {
        return Err(Failure::refused(format!("{known} scores for {count} boxes")));
    }
    let most = call.optional(2)?.map(Tensor::single).transpose()?.unwrap_or(0).max(0) as usize;
    let number = |index: usize, default: f64| -> Result<f64, Failure> {
        let told = call.optional(index)?.map(Tensor::floats).transpose()?;
        Ok(told.and_then(|(_, values)| values.first().copied()).unwrap_or(default))
    };
    let (overlap, threshold) = (number(3, 0.0)?, number(4, f64::NEG_INFINITY)?);
    let centred = call.flag("center_point_box", false)?;
    let corners_of = |item: usize, at: usize| {
        let own: [f64; 4] = std::array::from_fn(|place| corners[(item * count + at) * 4 + place]);
        if centred {
            let [x, y, width, height] = own;
            [y - height / 2.0, x - width / 2.0, y + height / 2.0, x + width / 2.0]
        } else {
            [own[0].min(own[2]), own[1].min(own[3]), own[0].max(own[2]), own[1].max(own[3])]
        }
    };
    let mut found = Vec::new();
    for item in 0..*batch {
        for class in 0..*classes {
            let score = |at: usize| values[(item * classes + class) * count + at];
            let mut order: Vec<usize> = (0..*count).filter(|at| score(*at) > threshold).collect();
            order.sort_by(|left, right| score(*right).total_cmp(&score(*left)));
            let mut kept: Vec<[f64; 4]> = Vec::new();
            for at in order {
                if kept.len() == most {
                    break;
                }
                let own = corners_of(item, at);
                if kept.iter().all(|other| union_share(&own, other) <= overlap) {
                    kept.push(own);
                    found.extend([item as i64, class as i64, at as i64]);
                }
            }
        }
    }
    one(Tensor::wrapped(vec![found.len() / 3, 3], DType::I64, found))
}

/// The area that two boxes share over that of both.
fn union_share(left: &[f64; 4], right: &[f64; 4]) -> f64 {
    let height = left[2].min(right[2]) - left[0].max(right[0]);
    let width = left[3].min(right[3]) - left[1].max(right[1]);
    if height <= 0.0 || width <= 0.0 {
        return 0.0;
    }
    let area = |of: &[f64; 4]| (of[2] - of[0]) * (of[3] - of[1]);
    let shared = height * width;
    shared / (area(left) + area(right) - shared)
}
