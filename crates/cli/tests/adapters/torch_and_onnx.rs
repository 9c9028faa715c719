//! Sentence transformers, and ONNX in the interpreter's own runtime.

use reproof_testing::Sandbox;

use super::TORCH;
use crate::fixtures::{interpreter, place, sandbox};

#[test]
fn sentences_become_vectors_and_foreign_modules_are_not_imported() {
    let models = TORCH.sandbox();
    let report = models.keeps("sentences", "texts", &[]);
    let outputs = report["cases"][0]["outputs"].as_array().unwrap();
    assert!(outputs.iter().any(|output| output["name"] == "sentence_embedding"), "{outputs:?}");
    models.refuses("foreign", "texts", &[], 3, "leave to import subprocess.Popen");
}

/// Runs a command with the adapter `onnxruntime`.
fn through_python(sandbox: &Sandbox, arguments: &[&str], exit: i32) -> serde_json::Value {
    let python = interpreter().display().to_string();
    let finished = sandbox.run([arguments, &["--python", &python, "--json"]].concat());
    finished.exits(exit);
    finished.json()
}

#[test]
fn onnx_runs_in_the_interpreters_own_runtime_and_a_planted_fault_is_told() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "planted/perceptron.float32.gelu-tanh.onnx", "planted.onnx");
    place(&sandbox, "planted/inputs/perceptron.float32.npz", "pixels.npz");
    through_python(&sandbox, &["record", "model.onnx", "--cases", "pixels.npz"], 0);
    let kept = through_python(&sandbox, &["verify", "model.onnx", "--threads", "2"], 0);
    assert_eq!(kept["verdict"], "identical", "{kept:#}");
    let contract = ["--contract", "model.onnx.reproof"];
    let drifted = through_python(&sandbox, &[&["verify", "planted.onnx"], &contract[..]].concat(), 1);
    assert_eq!(drifted["verdict"], "drifted", "{drifted:#}");
}
