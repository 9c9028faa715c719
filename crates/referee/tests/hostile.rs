//! Graphs that nobody would write: they run or are refused, and take no more than they may.

#[path = "hostile/graph.rs"]
mod graph;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_graph_runs_or_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        graph::run(&bytes);
    }
}
