//! Distances in units in the last place, with percentiles in bounded memory.

use crate::{DType, Elements};

/// Distances below this are counted one by one.
const EXACT: usize = 1024;

/// Bins per doubling above [`EXACT`]: percentiles there are good to 1/16.
const BINS_PER_OCTAVE: u32 = 16;

/// Elements below this fraction of the golden's root mean square are measured in units of that floor: a unit in
/// the last place of a value near zero says nothing about a tensor of ordinary values.
const FLOOR: f64 = 1.0 / 1024.0;

/// Percentiles of the distance over all finite elements, equal ones included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ulp {
    /// Half of the elements are at most this far.
    pub median: f64,
    /// 99 of 100 are.
    pub p99: f64,
    /// All are.
    pub maximum: f64,
}

/// Counts distances into bins.
pub(super) struct UlpCounter {
    floor: f64,
    unit_at_floor: f64,
    exact: Vec<u64>,
    octaves: Vec<u64>,
    total: u64,
    maximum: f64,
}

impl UlpCounter {
    /// A counter for tensors of `dtype`, `None` where the dtype has no such unit.
    pub(super) fn new(dtype: DType, golden_rms: f64) -> Option<Self> {
        let has_places = matches!(dtype, DType::F16 | DType::BF16 | DType::F32 | DType::F64);
        let floor = golden_rms * FLOOR;
        Some(Self {
            floor,
            unit_at_floor: dtype.epsilon().filter(|_| has_places)? * floor,
            exact: vec![0; EXACT],
            octaves: vec![0; (64 * BINS_PER_OCTAVE) as usize],
            total: 0,
            maximum: 0.0,
        })
    }

    pub(super) fn add(&mut self, golden: &Elements<'_>, new: &Elements<'_>, position: usize, a: f64, b: f64) {
        let distance = if a == b {
            0.0
        } else if a.abs() < self.floor {
            (a - b).abs() / self.unit_at_floor
        } else {
            let (from, to) = (golden.place(position).unwrap_or(0), new.place(position).unwrap_or(0));
            i128::from(from).abs_diff(i128::from(to)) as f64
        };
        self.total += 1;
        self.maximum = self.maximum.max(distance);
        let rounded = distance.ceil();
        if rounded < EXACT as f64 {
            self.exact[rounded as usize] += 1;
        } else {
            let bin = ((rounded / EXACT as f64).log2() * f64::from(BINS_PER_OCTAVE)) as usize;
            let last = self.octaves.len() - 1;
            self.octaves[bin.min(last)] += 1;
        }
    }

    pub(super) fn finish(self) -> Ulp {
        Ulp { median: self.percentile(0.5), p99: self.percentile(0.99), maximum: self.maximum }
    }

    /// The smallest distance that at least `share` of the elements do not exceed.
    fn percentile(&self, share: f64) -> f64 {
        let wanted = (self.total as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (distance, count) in self.exact.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return distance as f64;
            }
        }
        for (bin, count) in self.octaves.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                let upper = EXACT as f64 * 2_f64.powf((bin + 1) as f64 / f64::from(BINS_PER_OCTAVE));
                return upper.min(self.maximum);
            }
        }
        self.maximum
    }
}

#[cfg(test)]
mod tests {
    use crate::compare::difference;
    use crate::{DType, Tensor, Value};

    fn ulp(golden: &[f32], produced: &[f32]) -> super::Ulp {
        let tensor = |values: &[f32]| Tensor::from_f32(vec![values.len() as u64], values).unwrap();
        difference(tensor(golden).view(), tensor(produced).view()).unwrap().ulp.unwrap()
    }

    #[test]
    fn percentiles_are_over_all_elements() {
        let golden = vec![1.0_f32; 100];
        let mut produced = golden.clone();
        produced[0] = f32::from_bits(1.0_f32.to_bits() + 7);
        produced[1] = f32::from_bits(1.0_f32.to_bits() + 3);
        let result = ulp(&golden, &produced);
        assert_eq!((result.median, result.p99, result.maximum), (0.0, 3.0, 7.0));
    }

    #[test]
    fn values_near_zero_are_measured_at_the_floor() {
        let result = ulp(&[1.0, 1.0, 1.0, 1e-12], &[1.0, 1.0, 1.0, 3e-12]);
        assert!(result.maximum < 1.0, "{result:?}");
    }

    #[test]
    fn integers_have_no_unit_in_the_last_place() {
        let Value::Tensor(tensor) = Value::from(Tensor::new(DType::U8, vec![2], vec![1, 2]).unwrap()) else {
            unreachable!("built as a tensor");
        };
        assert_eq!(difference(tensor.view(), tensor.view()).unwrap().ulp, None);
    }
}
