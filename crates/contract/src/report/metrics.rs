//! How a tensor differs from its golden: numbers and pictures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;

/// How a tensor differs from its golden.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metrics {
    /// Elements.
    pub elements: u64,
    /// Elements whose bits differ.
    pub differing: u64,
    /// Largest absolute difference over finite elements.
    pub maximum_absolute: Real,
    /// Largest relative difference over finite elements that are not 0 in the golden.
    pub maximum_relative: Real,
    /// Largest absolute difference over the golden's root mean square.
    pub maximum_over_rms: Real,
    /// L2 norm of the difference over that of the golden.
    pub relative_l2: Real,
    /// Cosine of the angle between the two, in float64.
    pub cosine: Real,
    /// Median distance in units in the last place, over differing and equal elements alike; elements below
    /// 2^-10 of the golden's root mean square are measured in units of that floor.
    pub ulp_median: Option<Real>,
    /// 99th percentile of the same.
    pub ulp_p99: Option<Real>,
    /// Positions where exactly one of the two is NaN, or infinities differ.
    pub special_mismatches: u64,
    /// The element with the largest difference.
    pub worst: Option<WorstElement>,
    /// Distribution of the difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// Where the differences lie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heatmap: Option<Heatmap>,
}

/// The element with the largest difference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorstElement {
    /// Its index along each dim.
    pub index: Vec<u64>,
    /// The golden's value.
    pub expected: Real,
    /// The produced value.
    pub actual: Real,
}

/// Distribution of `|difference| / rms(golden)` over the elements, in decades.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    /// Elements without any difference.
    pub equal: u64,
    /// The exponent of ten at the lower edge of the first bin: bin `i` counts `10^(first+i) <= x < 10^(first+i+1)`;
    /// smaller differences are in the first bin, larger ones in the last.
    pub first_exponent: i32,
    /// Elements per bin.
    pub counts: Vec<u64>,
}

/// Largest `|difference| / rms(golden)` on a grid over the last two dims, other dims folded together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Heatmap {
    /// Rows of the grid (at most 32).
    pub rows: u32,
    /// Columns of the grid (at most 32).
    pub columns: u32,
    /// Row-major values.
    pub values: Vec<Real>,
}
