//! `diagnose`: planted causes are named, and what could not be told is not.

use reproof_testing::Sandbox;
use serde_json::Value;

use crate::fixtures::{place, sandbox};
use crate::python::{models, run};

/// The weights with a loader, recorded with what the test adds.
fn recorded(add: &[&str]) -> Sandbox {
    let sandbox = models();
    let usual = ["m/weights.pt", "--loader", "loaders:build", "--cases", "m/images"];
    run(&sandbox, "record", &[&usual[..], add].concat()).exits(0);
    sandbox
}

/// Puts other words into the loader's file.
fn edit(sandbox: &Sandbox, from: &str, to: &str) {
    let text = std::fs::read_to_string(sandbox.path("m/loaders.py")).unwrap();
    assert!(text.contains(from), "{from}");
    sandbox.write("m/loaders.py", text.replacen(from, to, 1));
}

fn diagnosis(sandbox: &Sandbox, add: &[&str]) -> Value {
    let arguments = [&["m/weights.pt", "--loader", "loaders:build", "--json"], add].concat();
    let finished = run(sandbox, "diagnose", &arguments);
    finished.exits(0);
    finished.json()
}

#[track_caller]
fn named(found: &Value, cause: &str, confidence: &str) {
    let first = &found["causes"][0];
    let shown = format!("{} {}\n{:#}", found["summary"], found["causes"], found["experiments"]);
    assert_eq!((&first["id"], &first["confidence"]), (&cause.into(), &confidence.into()), "{shown}");
    assert_eq!(found["causes"].as_array().unwrap().len(), 1, "{shown}");
}

#[test]
fn changes_of_code_are_named_by_what_undoes_them() {
    let plants = [
        ("BatchNorm2d(8)", "BatchNorm2d(8, eps=1e-3)", "constant.epsilon"),
        ("functional.gelu(", "functional.relu(", "code.activation"),
        ("return Net().eval()", "return Net()", "mode.training"),
        ("self.norm(self.conv(x))", "self.norm(self.conv(x / 255))", "inputs.scale"),
        ("self.norm(self.conv(x))", "self.norm(self.conv(x.flip(-1)))", "inputs.order"),
    ];
    for (from, to, cause) in plants {
        let sandbox = recorded(&["--budget", "1s"]);
        edit(&sandbox, from, to);
        let found = diagnosis(&sandbox, &[]);
        named(&found, cause, "confirmed");
        let evidence = found["causes"][0]["evidence"].to_string();
        assert!(evidence.contains("every bit is the recorded one"), "{evidence}");
        assert!(evidence.contains("loaders.py"), "{evidence}");
    }
}

/// What no experiment undoes is not blamed on anything that was merely seen to differ.
#[test]
fn a_cause_that_is_not_known_stays_likely() {
    let sandbox = recorded(&["--budget", "1s"]);
    edit(&sandbox, "self.head(self.drop(x))", "self.head(self.drop(x.sin()))");
    let found = diagnosis(&sandbox, &[]);
    named(&found, "code.changed", "likely");
    assert!(found["unresolved"].is_string(), "{found}");
    assert_eq!(found["acceptable"]["same_function"], Value::Null, "{found}");
}

#[test]
fn nothing_is_named_where_nothing_differs() {
    let sandbox = recorded(&["--budget", "1s"]);
    let found = diagnosis(&sandbox, &[]);
    assert_eq!(found["verdict"], "identical");
    assert_eq!((&found["causes"], &found["experiments"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    let told = run(&sandbox, "diagnose", &["m/weights.pt", "--html", "page.html"]);
    told.exits(0).says("nothing differs");
}

#[test]
fn an_engine_that_optimises_in_another_way_is_named() {
    let sandbox = sandbox();
    place(&sandbox, "planted/convolution.float32.onnx", "model.onnx");
    let engine = ["--runner", "onnxruntime"];
    let record = ["record", "model.onnx", "--budget", "1s", "--option", "optimisation=disabled"];
    crate::fixtures::run(&sandbox, &[&record[..], &engine].concat()).exits(0);
    let found =
        crate::fixtures::run(&sandbox, &[&["diagnose", "model.onnx", "--json"][..], &engine].concat());
    found.exits(0);
    named(&found.json(), "engine.optimisation", "confirmed");
}
