//! One tensor of two artifacts.

use reproof_tensor::DType;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Real;
use crate::report::Heatmap;

/// What became of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TensorStatus {
    /// Same name, dtype, shape and bits.
    Identical,
    /// Same dtype and shape, other bits.
    Changed,
    /// Only in the second.
    Added,
    /// Only in the first.
    Removed,
    /// Same bits under another name.
    Renamed,
    /// The other way round; `exact` says whether values are otherwise the same.
    Transposed,
    /// Rounded to another floating-point type; `exact` says whether rounding is all that happened.
    Cast,
    /// Same bits, and shared with another tensor in one of the two only.
    Retied,
    /// Several tensors of the first, one after the other, are one of the second.
    Merged,
    /// One tensor of the first is several of the second.
    Split,
    /// Same shape, another dtype that is no cast.
    Dtype,
    /// Another shape.
    Shape,
    /// Without values in one or both, so that they cannot be compared.
    Absent,
}

impl TensorStatus {
    /// The word as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Identical => "identical",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Renamed => "renamed",
            Self::Transposed => "transposed",
            Self::Cast => "cast",
            Self::Retied => "retied",
            Self::Merged => "merged",
            Self::Split => "split",
            Self::Dtype => "dtype",
            Self::Shape => "shape",
            Self::Absent => "absent",
        }
    }
}

/// One tensor of two artifacts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TensorDiff {
    /// Its part, such as `model`.
    pub part: String,
    /// Its name in the first, or in the second if it is only there.
    pub name: String,
    /// Its name in the second, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_in_b: Option<String>,
    /// What became of it.
    pub status: TensorStatus,
    /// Its element type.
    pub dtype: DType,
    /// Its element type in the second, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dtype_in_b: Option<DType>,
    /// Its dims, outermost first.
    pub shape: Vec<u64>,
    /// Its dims in the second, where these are others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape_in_b: Option<Vec<u64>>,
    /// Of what is merged or split: the several, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pieces: Vec<String>,
    /// Of what is transposed or cast: whether nothing else changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<bool>,
    /// The tensor that it shares its values with in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tied_to: Option<String>,
    /// The tensor that it shares its values with in the second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tied_to_in_b: Option<String>,
    /// How much it differs, where something does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<TensorMetrics>,
}

/// How much a tensor differs: of one that is transposed or cast, after doing the same to the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TensorMetrics {
    /// Elements; a complex one counts as two.
    pub elements: u64,
    /// Elements whose bits differ.
    pub differing: u64,
    /// Index of the first of them along each dim.
    pub first: Option<Vec<u64>>,
    /// What only a comparison of values tells.
    #[serde(flatten)]
    pub values: Option<ValueMetrics>,
}

/// How much values differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ValueMetrics {
    /// Elements whose bits differ and values do not: zeros of other signs, NaN with other payloads.
    pub bits_only: u64,
    /// Positions where exactly one of the two is NaN, or infinities differ.
    pub special_mismatches: u64,
    /// Largest absolute difference over finite elements.
    pub maximum_absolute: Real,
    /// L2 norm of the difference over that of the first.
    pub relative_l2: Real,
    /// Root mean square of the first's finite elements.
    pub rms: Real,
    /// Most steps between neighbouring numbers of the dtype from one to the other: units in the last place of floats,
    /// differences of integers.
    pub ulp_maximum: Option<Real>,
    /// The 99th percentile of the same over all elements, good to 1/16.
    pub ulp_p99: Option<Real>,
    /// Elements by such steps: none, 1, 2 to 3, 4 to 7 and so on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ulp_octaves: Vec<u64>,
    /// The element with the largest difference.
    pub worst: Option<Element>,
    /// Where the differences lie; of the tensors that differ most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heatmap: Option<Heatmap>,
}

/// One element of both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Element {
    /// Its index along each dim.
    pub index: Vec<u64>,
    /// The value in the first.
    pub a: Real,
    /// The value in the second.
    pub b: Real,
}

impl TensorDiff {
    /// A tensor that nothing is known of but what it is.
    pub fn new(part: &str, name: &str, status: TensorStatus, dtype: DType, shape: &[u64]) -> Self {
        Self {
            part: part.to_owned(),
            name: name.to_owned(),
            name_in_b: None,
            status,
            dtype,
            dtype_in_b: None,
            shape: shape.to_vec(),
            shape_in_b: None,
            pieces: Vec::new(),
            exact: None,
            tied_to: None,
            tied_to_in_b: None,
            metrics: None,
        }
    }

    /// The relative L2 distance, where values were compared; infinite where NaN and numbers meet.
    pub fn distance(&self) -> Option<f64> {
        let values = self.metrics.as_ref()?.values.as_ref()?;
        Some(if values.special_mismatches > 0 { f64::INFINITY } else { values.relative_l2.0 })
    }
}
