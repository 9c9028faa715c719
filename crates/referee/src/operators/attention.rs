//! Attention.

use super::arrange::permuted;
use super::softmax::soft;
use super::{Outputs, one};
use crate::broadcast::{self, positions, steps};
use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// Attention as ONNX 23 defines it: `softmax(scale Q K^T + mask) V` for each head, in float64, rounded once.
pub(super) fn attention(call: &Call<'_>) -> Outputs {
    if call.inputs.len() > 4 || call.float("softcap", 0.0)? != 0.0 || call.node.outputs.len() > 1 {
        return Err(Failure::unsupported("attention with a cache, a cap or more than one output"));
    }
    let heads = |tensor: &Tensor, name: &str| -> Result<Tensor, Failure> {
        if tensor.rank() == 4 {
            return Ok(tensor.clone());
        }
        let count = usize::try_from(call.integer(name, 0)?).unwrap_or(0);
        let [batch, length, width] = *tensor.shape() else { return Err(Failure::refused("no heads")) };
        if count == 0 || width % count != 0 {
            return Err(Failure::refused(format!("{count} heads of {width}")));
        }
        permuted(&tensor.reshaped(vec![batch, length, count, width / count]), &[0, 2, 1, 3])
    };
    let query = heads(call.tensor(0)?, "q_num_heads")?;
    let (key, value) = (heads(call.tensor(1)?, "kv_num_heads")?, heads(call.tensor(2)?, "kv_num_heads")?);
    let (dtype, q) = query.floats()?;
    let ((_, k), (_, v)) = (key.floats()?, value.floats()?);
    let ([batch, many, rows, width], [_, few, columns, _]) = (four(&query)?, four(&key)?);
    let [_, _, value_rows, depth] = four(&value)?;
    let fits = four(&key)? == [batch, few, columns, width] && four(&value)? == [batch, few, columns, depth];
    if few == 0 || many % few != 0 || value_rows != columns || !fits {
        return Err(Failure::refused("queries, keys and values that do not fit"));
    }
    let scale = match call.float("scale", 0.0)? {
        0.0 => 1.0 / (width as f64).sqrt(),
        told => told,
    };
    let score_shape = [batch, many, rows, columns];
    let mask: Option<Vec<f64>> = match call.optional(3)? {
        Some(mask) => {
            if broadcast::shape(&[mask.shape(), &score_shape], call.limits())? != score_shape {
                return Err(Failure::refused(format!("a mask of {:?} for {score_shape:?}", mask.shape())));
            }
            let places: Vec<usize> = positions(&score_shape, &steps(mask.shape(), &score_shape)).collect();
            Some(match mask.data() {
                Data::Boolean(truths) => {
                    places.iter().map(|at| if truths[*at] { 0.0 } else { f64::NEG_INFINITY }).collect()
                }
                _ => places.iter().map(|at| Ok(mask.floats()?.1[*at])).collect::<Result<_, Failure>>()?,
            })
        }
        None => None,
    };
    let is_causal = call.flag("is_causal", false)?;
    let mut output = Vec::with_capacity(call.count(&[batch, many, rows, depth])?);
    let mut scores = vec![0.0; columns];
    for head in 0..batch * many {
        let (item, shared) = (head / many, head % many / (many / few));
        let kept = (item * few + shared) * columns;
        for row in 0..rows {
            let own = &q[(head * rows + row) * width..][..width];
            for (column, score) in scores.iter_mut().enumerate() {
                let other = &k[(kept + column) * width..][..width];
                *score = own.iter().zip(other).fold(0.0, |sum, (x, y)| sum + x * y) * scale;
                if let Some(mask) = &mask {
                    *score += mask[(head * rows + row) * columns + column];
                }
                if is_causal && column > row {
                    *score = f64::NEG_INFINITY;
                }
            }
            soft(&mut scores);
            for at in 0..depth {
                let terms = scores.iter().enumerate();
                output.push(
                    terms.fold(0.0, |sum, (column, score)| sum + score * v[(kept + column) * depth + at]),
                );
            }
        }
    }
    let made = Tensor::rounded(vec![batch, many, rows, depth], dtype, output);
    if call.tensor(0)?.rank() == 4 {
        return one(made);
    }
    one(permuted(&made, &[0, 2, 1, 3])?.reshaped(vec![batch, rows, many * depth]))
}

fn four(tensor: &Tensor) -> Result<[usize; 4], Failure> {
    <[usize; 4]>::try_from(tensor.shape())
        .map_err(|_| Failure::refused(format!("expected four dims, got {:?}", tensor.shape())))
}
