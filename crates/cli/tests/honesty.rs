//! Models that do not deserve a golden are refused with the fix.

use reproof_contract::Verdict;
use reproof_contract::report::Basis;
use reproof_testing::Sandbox;
use reproof_testing::folder::Snapshot;

use crate::comparing::{outputs, report};
use crate::fixtures::{place, run, sandbox};

fn with_odd(name: &str) -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, &format!("planted/{name}.onnx"), "model.onnx");
    sandbox
}

#[track_caller]
fn dishonest(name: &str, runner: &str, check: &str, allow: &str) {
    let sandbox = with_odd(name);
    let before = Snapshot::of(&sandbox.folder());
    let refused = run(&sandbox, &["record", "model.onnx", "--runner", runner]);
    refused.exits(1).prints("").complains(&format!("honesty check `{check}` failed"));
    refused.complains("hint: ").complains(&format!("--allow {allow}"));
    before.unchanged(&sandbox.folder());
    // Another allowance does not help.
    let other = if allow == "nan" { "input-blind" } else { "nan" };
    run(&sandbox, &["record", "model.onnx", "--runner", runner, "--allow", other]).exits(1);
    before.unchanged(&sandbox.folder());
}

#[test]
fn nondeterministic_models_are_refused() {
    dishonest("nondeterministic", "onnxruntime", "repeated-forwards", "nondeterministic");
}

#[test]
fn models_that_ignore_their_input_are_refused() {
    for runner in ["onnx", "onnxruntime"] {
        dishonest("input-blind", runner, "varied-outputs", "input-blind");
    }
}

#[test]
fn models_that_give_nan_are_refused() {
    for runner in ["onnx", "onnxruntime"] {
        dishonest("nan-output", runner, "finite-outputs", "nan");
    }
}

#[test]
fn what_is_allowed_is_recorded_as_such() {
    // What is NaN everywhere is the same everywhere, too.
    for (name, allowed, id) in [
        ("input-blind", &["--allow", "input-blind"][..], "varied-outputs"),
        ("nan-output", &["--allow", "nan", "--allow", "input-blind"], "finite-outputs"),
    ] {
        let sandbox = with_odd(name);
        sandbox.run([&["record", "model.onnx"][..], allowed].concat()).exits(0);
        let bytes = std::fs::read(sandbox.path("model.onnx.reproof/contract.json")).unwrap();
        let contract: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let checks = contract["honesty"].as_array().unwrap();
        let failed: Vec<_> = checks.iter().filter(|check| check["passed"] == false).collect();
        assert!(failed.iter().any(|check| check["id"] == id), "{checks:?}");
        sandbox.run(["verify", "model.onnx"]).exits(0).says("identical");
    }
}

#[test]
fn a_distribution_is_tolerated_at_best_and_says_how_many_samples() {
    let sandbox = with_odd("nondeterministic");
    let arguments = ["record", "model.onnx", "--runner", "onnxruntime", "--allow", "nondeterministic"];
    let recorded = run(&sandbox, &arguments);
    recorded.exits(0).says("nondeterministic");
    let verified = run(&sandbox, &["verify", "model.onnx", "--json"]);
    let found = report(&verified);
    let statistical = outputs(&found).filter(|(_, output)| output.evidence.basis == Basis::Statistics);
    assert!(statistical.count() > 0);
    for (case, output) in outputs(&found) {
        let empty = output.metrics.as_ref().is_some_and(|metrics| metrics.elements == 0);
        assert!(output.verdict >= Verdict::Tolerated || empty, "{case}: {}", output.verdict);
        assert!(
            output.evidence.statement.starts_with("statistical, n="),
            "{case}: {}",
            output.evidence.statement
        );
    }
    verified.exits(0);
    assert_eq!(found.verdict, Verdict::Tolerated);
    run(&sandbox, &["verify", "model.onnx"]).exits(0).says("tolerated").says("statistical, n=");
    run(&sandbox, &["verify", "model.onnx", "--require", "identical"]).exits(1);
}

#[test]
fn another_distribution_drifts() {
    let sandbox = with_odd("nondeterministic");
    let arguments = ["record", "model.onnx", "--runner", "onnxruntime", "--allow", "nondeterministic"];
    run(&sandbox, &arguments).exits(0);
    // The same signature, another function: not noise around the input but the input itself, multiplied.
    place(&sandbox, "planted/input-blind.onnx", "blind.onnx");
    let arguments =
        ["verify", "blind.onnx", "--contract", "model.onnx.reproof", "--runner", "onnxruntime", "--json"];
    let verified = run(&sandbox, &arguments);
    verified.exits(1);
    assert_eq!(report(&verified).verdict, Verdict::Drifted);
}
