//! Comparisons in the form of the document.

use std::cmp::Ordering;

use reproof_contract::Real;
use reproof_contract::diff::{Element, TensorDiff, TensorMetrics, TensorStatus, ValueMetrics};
use reproof_tensor::compare::stream::Divergence;
use reproof_tensor::{DType, element_count};

use super::compare::Comparison;
use crate::artifact::MODEL_PART;
use crate::judge::heatmap;

/// The measures of a comparison; nothing where nothing differs.
pub(super) fn metrics(found: &Comparison, dtype: DType, shape: &[u64]) -> Option<TensorMetrics> {
    match found {
        Comparison::Equal => None,
        Comparison::Bits { differing, first } => Some(TensorMetrics {
            elements: element_count(shape).unwrap_or(u64::MAX).saturating_mul(if dtype.is_complex() {
                2
            } else {
                1
            }),
            differing: *differing,
            first: first.map(|first| index_of(dtype, shape, first)),
            values: None,
        }),
        Comparison::Values(divergence) => Some(TensorMetrics {
            elements: divergence.elements,
            differing: divergence.differing,
            first: divergence.first.map(|first| index_of(dtype, shape, first)),
            values: divergence.readable.then(|| values(divergence, dtype, shape)),
        }),
    }
}

fn values(divergence: &Divergence, dtype: DType, shape: &[u64]) -> ValueMetrics {
    ValueMetrics {
        bits_only: divergence.bits_only,
        special_mismatches: divergence.special_mismatches,
        maximum_absolute: Real(divergence.maximum_absolute),
        relative_l2: Real(divergence.relative_l2),
        rms: Real(divergence.rms),
        ulp_maximum: divergence.maximum_steps.map(|steps| Real(steps as f64)),
        ulp_p99: divergence.p99_steps.map(|steps| Real(steps as f64)),
        ulp_octaves: divergence.octaves.clone(),
        worst: divergence.worst.map(|worst| Element {
            index: index_of(dtype, shape, worst.position),
            a: Real(worst.a),
            b: Real(worst.b),
        }),
        heatmap: divergence.grid.as_ref().and_then(heatmap),
    }
}

/// The index along each dim of a row-major position; the halves of a complex element are one more dim.
fn index_of(dtype: DType, shape: &[u64], position: u64) -> Vec<u64> {
    let halves = if dtype.is_complex() { &[2][..] } else { &[] };
    let mut rest = position;
    let dims = shape.iter().chain(halves).rev();
    let mut index: Vec<u64> = dims
        .map(|dim| {
            let along = rest % (*dim).max(1);
            rest /= (*dim).max(1);
            along
        })
        .collect();
    index.reverse();
    index
}

/// The model before everything else; in it what differs most first, what is identical last.
pub(super) fn sort(tensors: &mut [TensorDiff]) {
    let rank = |tensor: &TensorDiff| match tensor.status {
        TensorStatus::Identical => 2,
        _ if tensor.metrics.is_none() => 1,
        _ => 0,
    };
    tensors.sort_by(|a, b| {
        let distances = further(a, b);
        rank(a)
            .cmp(&rank(b))
            .then_with(|| (a.part != MODEL_PART).cmp(&(b.part != MODEL_PART)))
            .then(distances)
            .then(a.status.cmp(&b.status))
            .then_with(|| (&a.part, &a.name).cmp(&(&b.part, &b.name)))
    });
}

/// The order of two tensors by their distance, the larger first.
fn further(a: &TensorDiff, b: &TensorDiff) -> Ordering {
    let distance = |tensor: &TensorDiff| tensor.distance().unwrap_or(-1.0);
    distance(b).total_cmp(&distance(a))
}

/// Drops the heat maps of all but the tensors that differ most.
pub(super) fn keep_pictures(tensors: &mut [TensorDiff], most: usize) {
    let has = |tensor: &&mut TensorDiff| {
        let values = tensor.metrics.as_ref().and_then(|metrics| metrics.values.as_ref());
        values.is_some_and(|values| values.heatmap.is_some())
    };
    let mut drawn: Vec<&mut TensorDiff> = tensors.iter_mut().filter(has).collect();
    drawn.sort_by(|a, b| further(a, b));
    for tensor in drawn.into_iter().skip(most) {
        if let Some(values) = tensor.metrics.as_mut().and_then(|metrics| metrics.values.as_mut()) {
            values.heatmap = None;
        }
    }
}
