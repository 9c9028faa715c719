//! `diagnose`: where an engine's errors are made.

use std::path::Path;

use reproof_testing::{Finished, Sandbox, damage, folder};
use serde_json::Value;

use crate::fixtures::{place, run, sandbox};

fn example() -> Sandbox {
    let sandbox = sandbox();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits");
    folder::copy(&example, &sandbox.path("digits"));
    sandbox
}

fn nodes(finished: &Finished) -> Vec<Value> {
    finished.exits(0);
    finished.json()["errors"]["nodes"].as_array().unwrap().clone()
}

/// The largest error that a node makes by itself, in units of its type.
fn worst(nodes: &[Value]) -> f64 {
    nodes.iter().filter_map(|node| node["own"]["units"].as_f64()).fold(0.0, f64::max)
}

#[test]
fn exact_sums_make_half_a_unit_at_most_and_ordinary_ones_more() {
    let sandbox = example();
    let exact = nodes(&sandbox.run(["diagnose", "digits", "--errors", "--json"]));
    assert_eq!(exact.len(), 13);
    // What is rounded once is off by half a unit at most.
    assert!(worst(&exact) <= 0.5, "{exact:#?}");
    let ordinary =
        nodes(&sandbox.run(["diagnose", "digits", "--errors", "--option", "rounding=ordinary", "--json"]));
    assert!(worst(&ordinary) > 0.5, "{ordinary:#?}");
    assert!(exact.iter().all(|node| node["changed"] == false));
}

#[test]
fn an_installed_engine_is_measured_and_shown() {
    let sandbox = sandbox();
    place(&sandbox, "shipped/voice.onnx", "voice.onnx");
    run(&sandbox, &["record", "voice.onnx", "--runner", "onnxruntime"]).exits(0);
    let told = run(&sandbox, &["diagnose", "voice.onnx", "--errors", "--html", "page.html"]);
    told.exits(0).says("errors by node  onnxruntime (onnxruntime ").says("by itself").says("so far");
    let page = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert!(page.contains("<svg role=\"img\"") && page.contains("Worst first"), "{page}");
}

#[test]
fn what_is_no_graph_and_what_is_not_there_are_told_apart() {
    let sandbox = example();
    sandbox
        .run(["diagnose", "digits", "--errors", "--case", "nothing"])
        .exits(2)
        .complains("the contract has no case nothing");
    sandbox.run(["diagnose", "nowhere"]).exits(2).complains("no artifact at nowhere");
    place(&sandbox, "shipped/voice.onnx", "voice.onnx");
    sandbox
        .run(["diagnose", "voice.onnx"])
        .exits(3)
        .complains("no contract at")
        .complains("make one with `reproof record PATH`");
    damage::truncate(&sandbox.path("digits/model.onnx"), 5000);
    sandbox
        .run(["diagnose", "digits", "--errors"])
        .exits(3)
        .complains("digits/model.onnx")
        .never_mentions("is no ONNX graph");
}
