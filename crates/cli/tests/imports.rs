//! Published inputs and outputs become a contract without executing anything.

use std::path::Path;

use reproof_contract::Verdict;
use reproof_testing::folder::{self, Snapshot};
use reproof_testing::{Sandbox, damage};
use serde_json::Value;

use crate::comparing::{outputs, report};
use crate::fixtures::{package, place, run, sandbox};

/// A sandbox with one test of ONNX's own suite in `suite`.
fn with_suite(name: &str) -> Sandbox {
    let sandbox = sandbox();
    let source = package("onnx", &format!("backend/test/data/{name}"));
    folder::copy(Path::new(&source), &sandbox.path("suite"));
    sandbox
}

const IMPORT: [&str; 5] = ["record", "suite/model.onnx", "--from", "suite/test_data_set_0", "--json"];

#[test]
fn a_published_suite_is_recorded_and_reached() {
    for name in [
        "node/test_gemm_all_attributes",
        "pytorch-converted/test_Conv2d_padding",
        "node/test_argmax_keepdims_random",
    ] {
        let sandbox = with_suite(name);
        let recorded = sandbox.run(IMPORT);
        recorded.exits(0);
        assert_eq!(recorded.json()["runner"], Value::Null, "nothing was executed");
        assert_eq!(recorded.json()["referee"]["kind"], "none");
        for runner in ["referee", "onnxruntime"] {
            let verified = run(&sandbox, &["verify", "suite/model.onnx", "--runner", runner, "--json"]);
            verified.exits(0);
            let found = report(&verified);
            assert!(found.verdict <= Verdict::Tolerated, "{name}: {}", found.summary);
            for (_, output) in outputs(&found).filter(|(_, output)| output.verdict == Verdict::Tolerated) {
                assert_eq!(output.evidence.tolerance.as_ref().unwrap().origin, "imported");
            }
        }
    }
}

#[test]
fn values_that_are_no_tensors_are_imported_too() {
    for name in [
        "node/test_sequence_insert_at_back",
        "node/test_optional_get_element_sequence",
        "node/test_string_concat",
    ] {
        let sandbox = with_suite(name);
        sandbox.run(IMPORT).exits(0);
        run(&sandbox, &["verify", "suite/model.onnx", "--runner", "onnxruntime"]).exits(0);
    }
}

#[test]
fn an_imported_output_that_is_wrong_is_found() {
    let sandbox = with_suite("node/test_gemm_all_attributes");
    let output = sandbox.path("suite/test_data_set_0/output_0.pb");
    let size = std::fs::metadata(&output).unwrap().len();
    // The sign of the last element.
    damage::flip_bit(&output, size - 1, 7);
    sandbox.run(IMPORT).exits(0);
    let verified = sandbox.run(["verify", "suite/model.onnx", "--json"]);
    verified.exits(1);
    assert_eq!(report(&verified).verdict, Verdict::Drifted);
}

#[test]
fn broken_and_missing_suites_are_refused() {
    let sandbox = with_suite("node/test_gemm_all_attributes");
    damage::truncate(&sandbox.path("suite/test_data_set_0/input_0.pb"), 11);
    sandbox.write("empty/readme.txt", "nothing here");
    let before = Snapshot::of(&sandbox.folder());
    sandbox.run(IMPORT).exits(3).prints("").complains("input_0.pb").never_mentions("panicked");
    let refused = sandbox.run(["record", "suite/model.onnx", "--from", "empty"]);
    refused.exits(2).complains("empty holds no values");
    let missing = sandbox.run(["record", "suite/model.onnx", "--from", "nowhere"]);
    missing.exits(2).complains("nowhere");
    let both = sandbox.run(["record", "suite/model.onnx", "--from", "empty", "--runner", "referee"]);
    both.exits(2).complains("cannot be used with");
    before.unchanged(&sandbox.folder());
}

#[test]
fn inputs_of_every_kind_become_cases() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "planted/inputs/perceptron.float32.npz", "pixels.npz");
    sandbox.run(["cases", "model.onnx", "--out", "proposed"]).exits(0);
    assert!(sandbox.path("proposed/typical-1/inputs.safetensors").is_file());
    let sources = [
        "--cases",
        "pixels.npz",
        "--cases",
        "proposed/typical-1",
        "--cases",
        "proposed/zeros/inputs.safetensors",
    ];
    let recorded = sandbox.run([&["record", "model.onnx", "--json"][..], &sources].concat());
    recorded.exits(0);
    assert_eq!(recorded.json()["cases"], serde_json::json!(["pixels", "typical-1", "inputs"]));
    sandbox.run(["verify", "model.onnx"]).exits(0);
}

#[test]
fn inputs_that_do_not_fit_are_refused_by_name() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "shipped/voice.npz", "voice.npz");
    sandbox.write("broken.npy", "\u{93}NUMPY");
    let before = Snapshot::of(&sandbox.folder());
    let record = |source: &str| sandbox.run(["record", "model.onnx", "--cases", source]);
    record("voice.npz").exits(2).complains("the model takes pixels");
    record("nowhere.npy").exits(2).complains("no inputs at nowhere.npy");
    record("model.onnx").exits(2).complains("holds no values");
    record("broken.npy").exits(3).complains("broken.npy");
    before.unchanged(&sandbox.folder());
}
