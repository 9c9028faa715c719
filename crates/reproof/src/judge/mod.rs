//! Judges outputs against goldens: the verdict ladder.
//!
//! Order of the gates: names, kind of value, dtype, shape, bits, then numbers. Where bits differ, the float64 referee
//! says whether the function is the same; then the recorded envelope or the referee's own measure of rounding says
//! whether the difference is harmless; a decision that changed is never harmless.

mod generation;
mod leaf;
mod metrics;
mod referee;
mod rungs;
mod statistics;
pub(crate) mod table;

use std::collections::HashMap;

use reproof_contract::Verdict;
use reproof_contract::contract::{OpenPoint, OutputRule};
use reproof_contract::report::{Basis, Evidence, OutputReport};
use reproof_tensor::{Leaf, Value};

pub(crate) use generation::divergence;
pub(crate) use metrics::heatmap;
pub(crate) use referee::definition_difference;
pub use referee::{DEFINITION_LIMIT, ELEMENT_LIMIT, ROUNDING_LIMIT};
pub(crate) use statistics::{distances, judge_statistics};

/// The output under which a runner shows what stages before the model gave, and the input behind which the model starts.
pub(crate) const STAGES: &str = "preprocessing";

/// Named values in the model's order.
pub(crate) type Values = Vec<(String, Value)>;

/// What a case is judged with beside the two sides.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "facts that have nothing to do with each other")]
pub(crate) struct Context<'a> {
    /// Whether the golden belongs to this environment class.
    pub(crate) same_class: bool,
    /// Whether something that may rightly move bits is not as recorded: engine, processor, settings, or the graph of a
    /// converted artifact.
    pub(crate) elsewhere: bool,
    /// Whether bytes or code are not proved to be the recorded ones, so that the function may have changed.
    pub(crate) doubt: bool,
    /// What the specification leaves open for these inputs.
    pub(crate) open: &'a [OpenPoint],
    /// Outputs whose decisions are ties for these inputs.
    pub(crate) ties: &'a [String],
    /// The float64 outputs that were recorded.
    pub(crate) stored_referee: Option<&'a Values>,
    /// The float64 outputs of the current definition, or why there are none.
    pub(crate) current_referee: Option<Result<&'a Values, &'a str>>,
    /// Whether both float64 runs were the same bytes in the engine whose bits are defined: then they are the same bits.
    pub(crate) bit_for_bit: bool,
    /// Whether values must not be told.
    pub(crate) private: bool,
    /// Why the contract has no referee, where it has none.
    pub(crate) referee_none: Option<&'a str>,
}

impl Context<'_> {
    /// How far the two float64 runs of one function may be apart, over the root mean square.
    pub(crate) fn definition_limit(&self) -> f64 {
        if self.bit_for_bit { 0.0 } else { DEFINITION_LIMIT }
    }

    /// Whether differences may be the specification's doing and not the artifact's. Flushed denormals and the sign of
    /// zero move outputs by less than rounding does, so that they excuse nothing.
    pub(crate) fn leaves_open(&self) -> bool {
        let wide = |point: &OpenPoint| matches!(point, OpenPoint::NanOrdering | OpenPoint::Overflow);
        self.elsewhere && self.open.iter().any(wide)
    }
}

/// Whether every leaf has the same bits, names, dtypes and shapes: then no referee needs to be asked.
pub(crate) fn all_identical(golden: &Values, produced: &Values) -> bool {
    let same_names = golden.len() == produced.len();
    same_names
        && golden.iter().zip(produced).all(|((name, golden), (other, produced))| {
            let (expected, actual) = (golden.leaves(name), produced.leaves(other));
            expected.len() == actual.len()
                && expected
                    .iter()
                    .zip(&actual)
                    .all(|((a, golden), (b, produced))| a == b && leaf::same_bits(*golden, *produced))
        })
}

/// Judges the outputs of one case; `rule` finds the rule of an output path.
pub(crate) fn judge<'a>(
    golden: &Values,
    produced: &Values,
    rule: &dyn Fn(&str) -> Option<&'a OutputRule>,
    context: &Context<'_>,
) -> Vec<OutputReport> {
    let expected = leaves(golden);
    let actual = leaves(produced);
    let by_path: HashMap<&str, Leaf<'_>> = actual.iter().map(|(path, leaf)| (path.as_str(), *leaf)).collect();
    let fallback = OutputRule::default();
    let mut reports: Vec<OutputReport> = expected
        .iter()
        .map(|(path, golden)| match by_path.get(path.as_str()) {
            Some(produced) => leaf::judge(path, *golden, *produced, rule(path).unwrap_or(&fallback), context),
            None => structural(path, "the output is missing".to_owned(), Verdict::Incomparable),
        })
        .collect();
    let known: std::collections::HashSet<&str> = expected.iter().map(|(path, _)| path.as_str()).collect();
    for (path, _) in actual.iter().filter(|(path, _)| !known.contains(path.as_str())) {
        reports.push(structural(path, "the golden has no such output".to_owned(), Verdict::Incomparable));
    }
    reports
}

/// All leaves of named values with their paths.
pub(crate) fn leaves(values: &Values) -> Vec<(String, Leaf<'_>)> {
    values.iter().flat_map(|(name, value)| value.leaves(name)).collect()
}

/// A verdict that needs no number.
fn structural(path: &str, statement: String, verdict: Verdict) -> OutputReport {
    OutputReport { name: path.to_owned(), verdict, metrics: None, evidence: plain(Basis::Nothing, statement) }
}

/// Evidence that is a sentence.
pub(crate) fn plain(basis: Basis, statement: String) -> Evidence {
    Evidence {
        basis,
        statement,
        referee: None,
        referee_none: None,
        envelope: None,
        decisions: None,
        tolerance: None,
    }
}
