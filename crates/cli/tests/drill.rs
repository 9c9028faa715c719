//! `drill`: faults are planted, the suite catches them or is told what it lacks, and the diagnosis names them.

use serde_json::Value;

use crate::fixtures::{place, sandbox};
use crate::python::{recorded, run};

#[track_caller]
fn planted(found: &Value) -> Vec<(&str, &str)> {
    let faults = found["faults"].as_array().unwrap().iter();
    faults.map(|fault| (fault["fault"].as_str().unwrap(), fault["outcome"].as_str().unwrap())).collect()
}

/// Faults of the loaded model and of its code; the file stays as it is.
#[test]
fn faults_of_a_loaded_model_are_caught_and_named() {
    let usual = ["m/weights.pt", "--loader", "loaders:build"];
    let sandbox = recorded(&["m/weights.pt", "--cases", "m/images", "--loader", "loaders:build"]);
    let before = std::fs::read(sandbox.path("m/weights.pt")).unwrap();
    let drill = [&usual[..], &["--faults", "epsilon,weight=zeroed:head", "--diagnose", "--json"]].concat();
    let found = run(&sandbox, "drill", &drill);
    let found = found.exits(0).json();
    let faults = planted(&found);
    assert!(faults.len() >= 2 && faults.iter().all(|(_, outcome)| *outcome == "caught"), "{faults:?}");
    for fault in found["faults"].as_array().unwrap() {
        assert_eq!(fault["named"]["answer"], "right", "{fault:#}");
    }
    assert_eq!(std::fs::read(sandbox.path("m/weights.pt")).unwrap(), before);
    let told = run(&sandbox, "drill", &[&usual[..], &["--faults", "mode"]].concat());
    told.exits(0).says("1 of 1 fault are caught (100 %)").says("mode=train");
    let unknown = run(&sandbox, "drill", &[&usual[..], &["--faults", "gravity"]].concat());
    unknown
        .exits(2)
        .complains("no such fault can be planted in")
        .complains("it can have mode=train, epsilon=");
}

/// Faults in a copy of a file, which no framework has to know.
#[test]
fn faults_of_a_file_are_planted_in_a_copy() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    let engine = ["--runner", "referee"];
    let before = std::fs::read(sandbox.path("model.onnx")).unwrap();
    sandbox.run([&["record", "model.onnx", "--budget", "1s"][..], &engine].concat()).exits(0);
    let found = sandbox.run([&["drill", "model.onnx", "--diagnose", "--json"][..], &engine].concat());
    let found = found.exits(0).json();
    let faults = planted(&found);
    let kinds: Vec<&str> =
        faults.iter().filter_map(|(fault, _)| fault.rsplit_once(':')).map(|(kind, _)| kind).collect();
    let known = [
        "file=bit:sign",
        "file=bit:mantissa",
        "file=negated",
        "file=reversed",
        "file=narrowed",
        "file=zeroed",
    ];
    assert_eq!(kinds[..6], known, "{faults:?}");
    for fault in found["faults"].as_array().unwrap() {
        let answer = &fault["named"]["answer"];
        assert!(
            answer == "right" || (answer == "likely" && fault["fault"].to_string().contains("narrowed")),
            "{fault:#}"
        );
        assert_eq!(fault["outcome"], "caught", "{fault:#}");
    }
    assert_eq!(std::fs::read(sandbox.path("model.onnx")).unwrap(), before);
}

/// What slips through is counted, and the case that would catch it is told.
#[test]
fn what_a_suite_lacks_is_told() {
    let sandbox = recorded(&["m/pipeline.joblib", "--cases", "m/tables"]);
    let drill = ["m/pipeline.joblib", "--faults", "inputs=float16,weight=bit:63", "--verbose"];
    let told = run(&sandbox, "drill", &drill);
    // Pixels are whole numbers, which float16 holds.
    told.exits(0)
        .says("1 of 2 faults are caught")
        .says("to catch more add a case whose values need all of their digits");
    told.says("caught by digits-0");
}

#[test]
fn a_drill_needs_outputs_that_are_as_recorded() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    let engine = ["--runner", "referee"];
    sandbox.run(["drill", "model.onnx"]).exits(3).complains("no contract at");
    sandbox.run([&["record", "model.onnx", "--budget", "1s"][..], &engine].concat()).exits(0);
    place(&sandbox, "planted/perceptron.float32.gelu-tanh.onnx", "model.onnx");
    let drill = sandbox.run([&["drill", "model.onnx"][..], &engine].concat());
    drill
        .exits(3)
        .complains("with nothing planted the outputs are")
        .complains("reproof verify PATH --diagnose");
    let whole = std::fs::read(sandbox.path("model.onnx")).unwrap();
    sandbox.write("model.onnx", &whole[..whole.len() / 2]);
    let cut = sandbox.run([&["drill", "model.onnx"][..], &engine].concat());
    cut.exits(3)
        .complains("no outputs are compared: weights cannot be read")
        .complains("reproof verify PATH tells more");
    sandbox.run(["drill", "nowhere"]).exits(2).complains("no artifact at nowhere");
}

/// Weights that two parts share, and the filter that resizes pictures.
#[test]
fn a_broken_tie_and_another_preparation_are_caught_and_named() {
    let drilled = |artifact: &str, cases: &str, faults: &str| {
        let sandbox = recorded(&[artifact, "--cases", cases]);
        let found = run(&sandbox, "drill", &[artifact, "--faults", faults, "--diagnose", "--json"]);
        let found = found.exits(0).json();
        for fault in found["faults"].as_array().unwrap() {
            assert_eq!(
                (&fault["outcome"], &fault["named"]["answer"]),
                (&"caught".into(), &"right".into()),
                "{fault:#}"
            );
        }
        planted(&found).into_iter().map(|(fault, _)| fault.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(drilled("m/writer", "m/texts", "tied"), ["tied=broken"]);
    let filter = ["file=resample:preprocessor_config.json"];
    assert_eq!(drilled("m/seer", "m/pictures", "file=resample"), filter);
}
