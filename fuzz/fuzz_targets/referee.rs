//! Graphs of any operator, attribute, type and shape: they run or are refused.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../crates/referee/tests/hostile/graph.rs"]
mod graph;

fuzz_target!(|bytes: &[u8]| drop(graph::run(bytes)));
