//! What models of Python's frameworks are given: inputs that are proposed, cases that begin at raw input, generated text.

use reproof_testing::Finished;

use crate::python::{keeps_its_promise, models, recorded, run};

const BRIEF: [&str; 2] = ["--budget", "1s"];

#[test]
fn inputs_are_proposed_where_the_framework_tells_them() {
    let sandbox = models();
    let tokens = run(&sandbox, "cases", &["m/bert", "--json"]);
    tokens.exits(0);
    let tokens = tokens.json();
    let named =
        |name: &str| tokens.as_array().unwrap().iter().find(|case| case["name"] == name).unwrap().clone();
    assert_eq!(named("typical-1")["inputs"][0]["shape"], "I64[1, 16]");
    // No longer than the positions that the configuration has.
    assert_eq!(named("long")["inputs"][1]["shape"], "I64[1, 47]");
    assert_eq!(named("out-of-range")["class"], "corner");
    run(&sandbox, "cases", &["m/program.pt2", "--trust"])
        .exits(0)
        .says("F32[5, 1, 8, 8]")
        .says("empty-batch");
    run(&sandbox, "cases", &["m/pipeline.joblib"]).exits(0).says("X F64[5, 64]");
    run(&sandbox, "cases", &["m/reader"]).exits(0).says("text-odd-text");
    run(&sandbox, "cases", &["m/scripted.pt"])
        .exits(2)
        .complains("cannot be proposed")
        .complains("--cases FILE");
}

#[test]
fn proposed_inputs_make_a_contract() {
    let sandbox = models();
    run(&sandbox, "record", &[&["m/bert"], &BRIEF[..]].concat()).exits(0).says("3 typical");
    run(&sandbox, "verify", &["m/bert"]).exits(0).says("identical");
    let contract: serde_json::Value =
        serde_json::from_slice(&std::fs::read(sandbox.path("m/bert/reproof/contract.json")).unwrap())
            .unwrap();
    let goldens = contract["goldens"].as_array().unwrap();
    let refused = goldens.iter().find(|golden| golden["case"] == "out-of-range").unwrap();
    assert!(refused.to_string().contains("refusal"), "{refused}");
}

#[test]
fn weights_that_nothing_loads_are_a_promise_of_bytes() {
    let sandbox = models();
    let recorded = run(&sandbox, "record", &["m/weights.pt", "--json"]);
    recorded.exits(0);
    assert_eq!(recorded.json()["assurance"], "bytes");
    assert!(recorded.json()["notes"][0].as_str().unwrap().contains("--loader MODULE:FUNCTION"));
    run(&sandbox, "verify", &["m/weights.pt"]).exits(0).says("assurance bytes");
}

#[test]
fn a_changed_tokenizer_is_told_from_a_changed_model() {
    let sandbox = models();
    run(&sandbox, "record", &[&["m/reader", "--cases", "m/texts"], &BRIEF[..]].concat()).exits(0);
    run(&sandbox, "verify", &["m/reader"]).exits(0).says("identical");
    let contract = std::fs::read_to_string(sandbox.path("m/reader/reproof/contract.json")).unwrap();
    let contract: serde_json::Value = serde_json::from_str(&contract).unwrap();
    assert_eq!(contract["context"]["sources"][0]["role"], "tokenizer");
    std::fs::copy(sandbox.path("m/reader-lower/tokenizer.json"), sandbox.path("m/reader/tokenizer.json"))
        .unwrap();
    let changed = run(&sandbox, "verify", &["m/reader", "--json"]);
    changed.exits(1);
    let changed = changed.json();
    let summary = changed["summary"].as_str().unwrap();
    assert!(summary.contains("preprocessing changed: preprocessing.input_ids"), "{summary}");
    assert!(summary.contains("the model did not"), "{summary}");
    let verdict = |name: &str| {
        let outputs = changed["cases"][0]["outputs"].as_array().unwrap();
        outputs.iter().find(|output| output["name"] == name).unwrap()["verdict"].clone()
    };
    assert_eq!(
        (verdict("preprocessing.input_ids"), verdict("logits")),
        ("drifted".into(), "identical".into())
    );
}

#[test]
fn a_changed_resize_filter_is_told_from_a_changed_model() {
    let sandbox = models();
    run(&sandbox, "record", &[&["m/seer", "--cases", "m/pictures"], &BRIEF[..]].concat()).exits(0);
    run(&sandbox, "verify", &["m/seer"]).exits(0).says("identical");
    let file = "preprocessor_config.json";
    std::fs::copy(sandbox.path("m/seer-bicubic").join(file), sandbox.path("m/seer").join(file)).unwrap();
    let changed = run(&sandbox, "verify", &["m/seer", "--json"]);
    changed.exits(1);
    let changed = changed.json();
    let summary = changed["summary"].as_str().unwrap();
    assert!(summary.contains("preprocessing changed: preprocessing.pixel_values"), "{summary}");
    assert!(summary.contains("the model did not"), "{summary}");
    let outputs = changed["cases"][0]["outputs"].as_array().unwrap();
    let verdict = |name: &str| &outputs.iter().find(|output| output["name"] == name).unwrap()["verdict"];
    assert_eq!(
        (verdict("preprocessing.decoded"), verdict("logits")),
        (&"identical".into(), &"identical".into())
    );
    // What is no picture is refused by the decoder.
    sandbox.write("broken.png", "no picture");
    run(&sandbox, "accept", &["m/seer", "--reason", "x", "--by", "me", "--cases", "broken.png"])
        .exits(1)
        .complains("the picture cannot be decoded");
}

#[test]
fn a_changed_scaler_is_told_from_a_changed_classifier() {
    let sandbox = recorded(&["m/pipeline.joblib", "--cases", "m/tables"]);
    std::fs::copy(sandbox.path("m/pipeline-shifted.joblib"), sandbox.path("m/pipeline.joblib")).unwrap();
    let changed = run(&sandbox, "verify", &["m/pipeline.joblib", "--json"]);
    changed.exits(1);
    let summary = changed.json()["summary"].as_str().unwrap().to_owned();
    assert!(summary.contains("preprocessing changed: preprocessing.standardscaler"), "{summary}");
    assert!(summary.contains("the model did not"), "{summary}");
}

#[test]
fn generated_text_names_the_first_other_token() {
    let generate = ["--adapter", "transformers-generate"];
    let kept = keeps_its_promise("writer", "m/texts", &generate, &[]);
    assert_eq!(kept["verdict"], "identical");
    let sandbox = recorded(&[&["m/writer", "--cases", "m/texts"], &generate[..]].concat());
    let weights = "model.safetensors";
    std::fs::copy(sandbox.path("m/writer-changed").join(weights), sandbox.path("m/writer").join(weights))
        .unwrap();
    let changed = run(&sandbox, "verify", &["m/writer", "--json"]);
    changed.exits(1);
    let changed = changed.json();
    let outputs = changed["cases"][0]["outputs"].as_array().unwrap();
    let tokens = outputs.iter().find(|output| output["name"] == "tokens").unwrap();
    assert_eq!(tokens["verdict"], "drifted");
    let statement = tokens["evidence"]["statement"].as_str().unwrap();
    assert!(statement.contains("first diverging token: index"), "{statement}");
    assert!(statement.contains("apart"), "{statement}");
    run(&sandbox, "record", &["m/reader", "--cases", "m/texts", "--adapter", "transformers-generate"])
        .exits(3)
        .complains("a model that generates text");
}

#[test]
fn code_that_the_loader_imports_is_part_of_what_was_recorded() {
    let sandbox = models();
    sandbox.write("whole.py", "import parts\n\ndef build():\n    return parts.build()\n");
    let parts = "from m.loaders import build\n";
    sandbox.write("parts.py", parts);
    let cases = ["--cases", "m/images", "--budget", "1s", "--loader", "whole:build"];
    run(&sandbox, "record", &[&["m/weights.pt"], &cases[..]].concat()).exits(0);
    let sources = |finished: &Finished| {
        let report = finished.json();
        let checks =
            report["phases"].as_array().unwrap().iter().flat_map(|phase| phase["checks"].as_array().unwrap());
        checks
            .filter(|check| check["id"] == "execute.sources")
            .map(|check| check["actual"].to_string())
            .collect::<String>()
    };
    let same = run(&sandbox, "verify", &["m/weights.pt", "--json"]);
    same.exits(0);
    assert_eq!(sources(&same), "");
    sandbox.write("parts.py", format!("{parts}# a word\n"));
    let changed = run(&sandbox, "verify", &["m/weights.pt", "--json"]);
    changed.exits(0);
    assert!(sources(&changed).contains("code parts.py ("), "{}", changed.json());
}
