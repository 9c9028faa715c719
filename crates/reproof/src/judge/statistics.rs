//! Models recorded as nondeterministic: a new sample against the recorded spread.
//!
//! The statistic of an output is its relative L2 distance from the mean of the recorded samples; the golden keeps those
//! distances for the recorded samples themselves, each from the mean of the others. New distances that rank among the
//! recorded ones speak for the same distribution.

use reproof_contract::report::{Basis, OutputReport};
use reproof_contract::{Real, Verdict};
use reproof_tensor::{Leaf, Tensor};

use super::{Values, leaves, plain};

/// A new distance beyond this multiple of the largest recorded one is outside the spread. For one normal number, the
/// worst case, a new sample exceeds three times the largest of 8 in fewer than 1 of 1000 runs; wide outputs concentrate
/// and exceed it never.
const SPREAD_FACTOR: f64 = 3.0;

/// Per float output path: the relative L2 distance of each sample from the mean of the others, sorted. `None` where an
/// output changes its shape or is not a float from run to run.
pub(crate) fn distances(samples: &[Values]) -> Option<Vec<(String, Vec<Real>)>> {
    let first = samples.first()?;
    let mut found = Vec::new();
    for (path, leaf) in leaves(first) {
        let Leaf::Tensor(tensor) = leaf else { return None };
        if tensor.dtype().is_discrete() {
            return None;
        }
        let values: Vec<Vec<f64>> =
            samples.iter().map(|sample| floats(sample, &path, tensor)).collect::<Option<_>>()?;
        let mut distances: Vec<f64> = (0..values.len())
            .map(|own| {
                let others: Vec<&Vec<f64>> = values
                    .iter()
                    .enumerate()
                    .filter(|(index, _)| *index != own)
                    .map(|(_, values)| values)
                    .collect();
                distance(&values[own], &others)
            })
            .collect();
        distances.sort_by(f64::total_cmp);
        found.push((path, distances.into_iter().map(Real).collect()));
    }
    Some(found)
}

/// Judges one new sample of one case; never better than `tolerated`.
pub(crate) fn judge_statistics(
    recorded: &[Values],
    produced: &Values,
    spread: &dyn Fn(&str) -> Vec<Real>,
) -> Vec<OutputReport> {
    let expected = recorded.first().map(leaves).unwrap_or_default();
    let reports = expected.into_iter().map(|(path, leaf)| {
        let report = |verdict, basis, statement| OutputReport {
            name: path.clone(),
            verdict,
            metrics: None,
            evidence: plain(basis, statement),
        };
        let Leaf::Tensor(tensor) = leaf else {
            let statement = "the output is not a tensor".to_owned();
            return report(Verdict::Incomparable, Basis::Nothing, statement);
        };
        let samples: Option<Vec<Vec<f64>>> =
            recorded.iter().map(|sample| floats(sample, &path, tensor)).collect();
        let (Some(samples), Some(new)) = (samples, floats(produced, &path, tensor)) else {
            let statement = "dtype or shape differ from the recorded samples".to_owned();
            return report(Verdict::Incomparable, Basis::Nothing, statement);
        };
        let new = distance(&new, &samples.iter().collect::<Vec<_>>());
        let largest = spread(&path).last().map_or(0.0, |largest| largest.0);
        let statement = format!(
            "statistical, n={}: relative distance {} from the recorded mean, recorded samples reach {}",
            samples.len(),
            Real(new),
            Real(largest)
        );
        if new.is_finite() && largest.is_finite() && new <= largest * SPREAD_FACTOR {
            report(Verdict::Tolerated, Basis::Statistics, statement)
        } else {
            report(Verdict::Drifted, Basis::Nothing, statement)
        }
    });
    let mut reports: Vec<OutputReport> = reports.collect();
    let known: Vec<String> = reports.iter().map(|report| report.name.clone()).collect();
    for (path, _) in leaves(produced).into_iter().filter(|(path, _)| !known.contains(path)) {
        let evidence = plain(Basis::Nothing, "the recorded samples have no such output".to_owned());
        reports.push(OutputReport { name: path, verdict: Verdict::Incomparable, metrics: None, evidence });
    }
    reports
}

/// The elements of the tensor at a path, if dtype and shape are those of `like`.
fn floats(sample: &Values, path: &str, like: &Tensor) -> Option<Vec<f64>> {
    let leaf = leaves(sample).into_iter().find(|(known, _)| known == path)?.1;
    match leaf {
        Leaf::Tensor(tensor) if tensor.dtype() == like.dtype() && tensor.shape() == like.shape() => {
            Some(tensor.view().elements()?.iter().collect())
        }
        _ => None,
    }
}

/// Relative L2 distance of `values` from the mean of `others`.
fn distance(values: &[f64], others: &[&Vec<f64>]) -> f64 {
    let (mut difference, mut norm) = (0.0, 0.0);
    for (index, value) in values.iter().enumerate() {
        let mean = others.iter().map(|other| other[index]).sum::<f64>() / others.len().max(1) as f64;
        difference += (value - mean) * (value - mean);
        norm += mean * mean;
    }
    if difference == 0.0 { 0.0 } else { (difference / norm).sqrt() }
}
