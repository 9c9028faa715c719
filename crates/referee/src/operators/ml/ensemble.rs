//! What the trees of an ensemble say together.

use reproof_tensor::DType;

use super::super::reduce::total;
use super::super::{Outputs, one};
use super::attributes::doubles;
use super::forest::{Forest, Vote};
use super::labels::{Labels, top};
use super::planted::{by_ids, by_places};
use super::rows::Rows;
use super::transform::Transform;
use crate::arithmetic::order::{maximum, minimum};
use crate::arithmetic::round;
use crate::call::Call;
use crate::{Failure, Tensor, parallel};

/// How the votes for a target become its score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Aggregate {
    Average,
    Sum,
    Min,
    Max,
}

/// Trees, and how their votes become scores.
struct Ensemble {
    forest: Forest,
    targets: usize,
    aggregate: Aggregate,
    /// What each target begins with; none is zeros.
    base: Vec<f64>,
    /// The type of scores.
    dtype: DType,
}

impl Ensemble {
    /// The scores of every row, each rounded. A target without votes has its base value.
    fn scores(&self, call: &Call<'_>, rows: &Rows<'_>) -> Result<Vec<f64>, Failure> {
        self.forest.fits(rows.width)?;
        let mut scores = vec![0.0; call.count(&[rows.count, self.targets])?];
        let work = self.forest.len().saturating_mul(16) / self.targets.max(1);
        parallel::fill(call.run.options.threads, &mut scores, self.targets, work, |start, part| {
            let mut votes = Vec::new();
            for (index, scores) in part.chunks_exact_mut(self.targets).enumerate() {
                votes.clear();
                votes.extend(self.forest.votes(rows.row(start / self.targets + index)));
                // Those for one target stay in the order of trees.
                votes.sort_by_key(|vote| vote.target);
                scores.iter_mut().enumerate().for_each(|(target, score)| *score = self.base(target));
                for votes in votes.chunk_by(|left, right| left.target == right.target) {
                    scores[votes[0].target] = self.score(votes);
                }
            }
        });
        Ok(scores)
    }

    fn base(&self, target: usize) -> f64 {
        self.base.get(target).copied().map_or(0.0, |base| round(self.dtype, base))
    }

    /// The score of a target with votes.
    fn score(&self, votes: &[Vote]) -> f64 {
        let base = self.base.get(votes[0].target).copied();
        let weights = votes.iter().map(|vote| vote.weight);
        let rounded = |score: f64| round(self.dtype, score);
        let added = base.unwrap_or(0.0);
        match self.aggregate {
            Aggregate::Sum => total(self.dtype, weights.chain(base), rounded),
            Aggregate::Average => {
                let trees = self.forest.len() as f64;
                total(self.dtype, weights, |sum| rounded(sum / trees + added))
            }
            Aggregate::Min => rounded(weights.fold(f64::INFINITY, minimum) + added),
            Aggregate::Max => rounded(weights.fold(f64::NEG_INFINITY, maximum) + added),
        }
    }
}

/// The base values of an ensemble: none, or one for each target.
fn base_values(call: &Call<'_>, targets: usize) -> Result<Vec<f64>, Failure> {
    let base = doubles(call, "base_values")?;
    if base.is_empty() || base.len() == targets {
        return Ok(base);
    }
    Err(Failure::refused(format!("attribute `base_values`: expected none or {targets}, got {}", base.len())))
}

/// The number of targets of a regression.
fn targets(call: &Call<'_>) -> Result<usize, Failure> {
    let told = call.integer("n_targets", 0)?;
    usize::try_from(told)
        .ok()
        .filter(|targets| *targets > 0)
        .ok_or_else(|| Failure::refused(format!("attribute `n_targets`: expected at least 1, got {told}")))
}

/// Scores of targets, each transformed as the specification says; ONNX Runtime transforms a single one with PROBIT only.
fn regression(call: &Call<'_>, rows: &Rows<'_>, ensemble: &Ensemble, transform: Transform) -> Outputs {
    let mut scores = ensemble.scores(call, rows)?;
    transform.each(&mut scores, ensemble.targets);
    one(Tensor::rounded(vec![rows.count, ensemble.targets], ensemble.dtype, scores))
}

pub(in super::super) fn regressor(call: &Call<'_>) -> Outputs {
    let (rows, targets) = (Rows::of(call)?, targets(call)?);
    let aggregate = match call.text("aggregate_function", "SUM")? {
        "AVERAGE" => Aggregate::Average,
        "SUM" => Aggregate::Sum,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => return Err(Failure::refused(format!("aggregate_function `{other}`"))),
    };
    let (forest, base) = (by_ids(call, "target", targets)?, base_values(call, targets)?);
    let ensemble = Ensemble { forest, targets, aggregate, base, dtype: call.run.float(DType::F32) };
    regression(call, &rows, &ensemble, Transform::named(call)?)
}

/// The operator that replaced both others; its scores have the type of its features.
pub(in super::super) fn ensemble(call: &Call<'_>) -> Outputs {
    let (dtype, _) = call.floats(0)?;
    let (rows, targets) = (Rows::of(call)?, targets(call)?);
    let aggregate = match call.integer("aggregate_function", 1)? {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(Failure::refused(format!("aggregate_function {other}"))),
    };
    let ensemble =
        Ensemble { forest: by_places(call, targets)?, targets, aggregate, base: Vec::new(), dtype };
    regression(call, &rows, &ensemble, Transform::numbered(call)?)
}

/// The label of the top class, and the scores of all.
pub(in super::super) fn classifier(call: &Call<'_>) -> Outputs {
    let (rows, transform) = (Rows::of(call)?, Transform::named(call)?);
    let labels = Labels::of(call, "classlabels_int64s")?;
    let forest = by_ids(call, "class", labels.len())?;
    // Converters write of two classes one score, as that of the first class, and mean the second. The specification does not
    // tell; the rule is that of ONNX Runtime.
    let base = doubles(call, "base_values")?;
    let is_single = labels.len() == 2 && base.len() < 2 && forest.votes.iter().all(|vote| vote.target == 0);
    let targets = if is_single { 1 } else { labels.len() };
    // Weights of which none is negative are shares of votes, of which more than half win.
    let is_share = !forest.votes.iter().any(|vote| vote.weight < 0.0);
    let (base, aggregate) = (base_values(call, targets)?, Aggregate::Sum);
    let ensemble = Ensemble { forest, targets, aggregate, base, dtype: call.run.float(DType::F32) };
    let mut scores = ensemble.scores(call, &rows)?;
    let classes: Vec<usize> = if is_single {
        let wins = |score: &f64| *score > if transform.is_of_shares(is_share) { 0.5 } else { 0.0 };
        scores.iter().map(|score| usize::from(wins(score))).collect()
    } else {
        scores.chunks_exact(targets).map(top).collect()
    };
    if is_single {
        call.count(&[rows.count, 2])?;
        scores = scores.iter().flat_map(|score| transform.pair(*score, is_share)).collect();
    } else {
        transform.each(&mut scores, targets);
    }
    let scores = Tensor::rounded(vec![rows.count, labels.len()], ensemble.dtype, scores);
    Ok(vec![labels.tensor(&classes).into(), scores.into()])
}
