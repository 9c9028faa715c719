//! An error budget as both renderings show it: its order and its scale.

use reproof_contract::Real;
use reproof_contract::diagnosis::{ErrorBudget, NodeError};

use crate::figures::measure;

/// The nodes, what they do by themselves first.
pub(crate) fn worst_first(budget: &ErrorBudget) -> Vec<&NodeError> {
    let mut nodes: Vec<&NodeError> = budget.nodes.iter().collect();
    let own = |node: &NodeError| node.own.map_or(0.0, |apart| apart.units.0);
    nodes.sort_by(|a, b| b.changed.cmp(&a.changed).then(own(b).total_cmp(&own(a))));
    nodes
}

/// A logarithmic scale over all distances of a budget.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    lowest: f64,
    highest: f64,
}

impl Scale {
    /// From the smallest to the largest distance that is not zero; nothing if there is none.
    pub(crate) fn of(budget: &ErrorBudget) -> Option<Self> {
        let distances = budget.nodes.iter().flat_map(|node| [node.own, node.total]).flatten();
        let distances =
            distances.map(|apart| apart.l2.0).filter(|distance| *distance > 0.0 && distance.is_finite());
        let (lowest, highest) =
            distances.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), at| (low.min(at), high.max(at)));
        (highest > 0.0).then(|| Self { lowest: lowest.max(highest * 1e-9), highest })
    }

    /// The level of a distance, from 0 (none) to `levels`.
    pub(crate) fn level(self, distance: f64, levels: usize) -> usize {
        if distance <= 0.0 {
            return 0;
        }
        let span = (self.highest / self.lowest).ln();
        let share = if span > 0.0 { (distance / self.lowest).ln() / span } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `levels`")]
        let level = (share.clamp(0.0, 1.0) * (levels - 1) as f64).round() as usize;
        level + 1
    }

    /// The smallest distance in words.
    pub(crate) fn lowest(self) -> String {
        measure(Real(self.lowest))
    }

    /// The largest distance in words.
    pub(crate) fn highest(self) -> String {
        measure(Real(self.highest))
    }
}
