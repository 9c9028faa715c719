//! Numbers of a difference in the report's form.

use reproof_contract::Real;
use reproof_contract::report::{Heatmap, Histogram, Metrics, WorstElement};
use reproof_tensor::TensorView;
use reproof_tensor::compare::{Difference, Grid, grid, spread};

/// The metrics of a difference with its pictures.
pub(super) fn metrics(golden: TensorView<'_>, produced: TensorView<'_>, difference: &Difference) -> Metrics {
    let rms = difference.golden_rms;
    let histogram = spread(golden, produced, rms).map(|spread| Histogram {
        equal: spread.equal,
        first_exponent: spread.first_exponent,
        counts: spread.counts,
    });
    Metrics {
        elements: difference.elements,
        differing: difference.differing,
        maximum_absolute: Real(difference.maximum_absolute),
        maximum_relative: Real(difference.maximum_relative),
        maximum_over_rms: Real(difference.maximum_over_rms()),
        relative_l2: Real(difference.relative_l2),
        cosine: Real(difference.cosine),
        ulp_median: difference.ulp.map(|ulp| Real(ulp.median)),
        ulp_p99: difference.ulp.map(|ulp| Real(ulp.p99)),
        special_mismatches: difference.special_mismatches,
        worst: difference.worst.map(|worst| WorstElement {
            index: golden.index_of(worst.position),
            expected: Real(worst.expected),
            actual: Real(worst.actual),
        }),
        histogram,
        heatmap: grid(golden, produced, rms).as_ref().and_then(heatmap),
    }
}

/// A grid as a picture; none of a single cell, which shows nothing that the numbers do not.
pub(crate) fn heatmap(grid: &Grid) -> Option<Heatmap> {
    (grid.cells.len() > 1).then(|| Heatmap {
        rows: grid.rows as u32,
        columns: grid.columns as u32,
        values: grid.cells.iter().copied().map(Real).collect(),
    })
}
