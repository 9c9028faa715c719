//! The documents that the command line writes: their schemas, their number, their form.

use std::fs;

use reproof_testing::{Finished, Sandbox};
use serde_json::Value;

use crate::fixtures::{place, python, run, sandbox};

/// A recorded perceptron, and variants of it.
fn recorded() -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "epsilon.onnx");
    place(&sandbox, "planted/perceptron.float32.benign-gemm.onnx", "gemm.onnx");
    place(&sandbox, "planted/unsupported-built-in.onnx", "unsupported.onnx");
    sandbox.run(["record", "model.onnx"]).exits(0);
    sandbox
}

/// The published schema of a document.
fn schema(document: &str) -> Value {
    let printed = sandbox().run(["schema", document]);
    printed.exits(0);
    printed.json()
}

/// What the reference implementation of JSON Schema finds: nothing, or a line per problem.
fn problems(schema: &Value, document: &Value) -> String {
    let folder = tempfile::tempdir().expect("there is room for two small files");
    let write = |name: &str, document: &Value| {
        let path = folder.path().join(name);
        fs::write(&path, document.to_string()).expect("there is room for two small files");
        path.display().to_string()
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/conforms.py");
    python(&[script, &write("schema.json", schema), &write("document.json", document)])
}

#[track_caller]
fn conforms(schema: &Value, document: &Value) {
    assert_eq!(problems(schema, document), "");
}

/// `verify --json` of one of the variants.
fn verify(sandbox: &Sandbox, model: &str) -> Finished {
    let verified = sandbox.run(["verify", model, "--contract", "model.onnx.reproof", "--json"]);
    verified.never_mentions("panicked");
    verified
}

#[test]
fn reports_and_contracts_conform_to_the_published_schemas() {
    let sandbox = recorded();
    let report = schema("report");
    for (model, exit, verdict) in [
        ("model.onnx", 0, "identical"),
        ("gemm.onnx", 0, "equivalent"),
        ("epsilon.onnx", 1, "drifted"),
        ("unsupported.onnx", 3, "undecided"),
    ] {
        let verified = verify(&sandbox, model);
        verified.exits(exit);
        let document = verified.json();
        assert_eq!(document["verdict"], verdict, "{model}");
        conforms(&report, &document);
    }
    let broken = serde_json::json!({ "schema": "reproof.report/v0" });
    assert!(!problems(&report, &broken).is_empty(), "the schema asks for something");

    let contract: Value =
        serde_json::from_slice(&fs::read(sandbox.path("model.onnx.reproof/contract.json")).unwrap()).unwrap();
    conforms(&schema("contract"), &contract);
    schema("shard");
}

#[test]
fn contracts_of_every_kind_conform_to_the_schema() {
    let contract = schema("contract");
    for (model, options) in [
        ("planted/nondeterministic.onnx", &["--allow", "nondeterministic"][..]),
        ("planted/sequence.onnx", &[]),
        ("planted/strings.onnx", &[]),
        ("planted/integers.onnx", &["--owner", "vision team", "--seed", "torch=7", "--note", "epochs=60"]),
        ("twin/perceptron.float32.safetensors", &[]),
    ] {
        let sandbox = sandbox();
        place(&sandbox, model, "model");
        run(&sandbox, &[&["record", "model"][..], options].concat()).exits(0);
        let bytes = fs::read(sandbox.path("model.reproof/contract.json")).unwrap();
        conforms(&contract, &serde_json::from_slice(&bytes).unwrap());
        run(&sandbox, &["verify", "model"]).exits(0);
    }
}

#[test]
fn the_report_has_the_promised_fields() {
    let sandbox = recorded();
    let document = verify(&sandbox, "epsilon.onnx").json();
    for field in ["schema", "verdict", "assurance", "artifact", "contract", "phases", "cases", "environment"]
    {
        assert!(!document[field].is_null(), "{field}");
    }
    for digest in ["artifact_digest", "weights_digest", "values_digest", "architecture_digest"] {
        let prefix = format!("{}-v1:", digest.trim_end_matches("_digest"));
        assert!(document["artifact"][digest].as_str().unwrap().starts_with(&prefix), "{digest}");
    }
    assert_eq!(document["contract"]["signed"], false);
    assert!(document["contract"]["digest"].as_str().unwrap().starts_with("contract-v1:"));
    let phases = document["phases"].as_array().unwrap();
    let names: Vec<&str> = phases.iter().map(|phase| phase["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["load", "execute", "validate"]);
    for phase in phases {
        assert!(phase["seconds"].as_f64().unwrap() > 0.0 && phase["verdict"].is_string());
        #[cfg(target_os = "linux")]
        assert!(phase["peak_memory_bytes"].as_u64().unwrap() > 0, "{}", phase["name"]);
    }
    let known = [
        "load.integrity.contract",
        "load.integrity.files",
        "load.integrity.weights",
        "load.architecture",
        "load.environment",
        "load.restore",
        "execute.case",
        "validate.output",
    ];
    let checks = phases.iter().flat_map(|phase| phase["checks"].as_array().unwrap());
    for check in checks {
        assert!(known.contains(&check["id"].as_str().unwrap()), "{check}");
        let status = check["status"].as_str().unwrap();
        assert!(["pass", "warn", "fail", "skip"].contains(&status) && check["title"].is_string());
    }
    let output = &document["cases"][0]["outputs"][0];
    assert!(output["metrics"]["worst"]["index"].is_array() && output["evidence"]["basis"].is_string());
}

#[test]
fn json_means_exactly_one_document_on_stdout() {
    let sandbox = recorded();
    for arguments in [
        &["inspect", "model.onnx", "--json"][..],
        &["digest", "model.onnx", "--json"],
        &["cases", "model.onnx", "--json"],
        &["record", "gemm.onnx", "--json"],
        &["verify", "model.onnx", "--json"],
        &["accept", "model.onnx", "--reason", "a test", "--json"],
        &["schema", "report"],
    ] {
        let finished = sandbox.run(arguments);
        finished.exits(0);
        assert!(finished.json().is_object() || finished.json().is_array(), "{}", finished.everything());
    }
    // What went wrong is said beside it, and is no document.
    sandbox
        .run(["verify", "nothing.onnx", "--json"])
        .exits(2)
        .prints("")
        .complains("no artifact at nothing.onnx");
}

#[test]
fn report_files_are_written_whole_and_well_formed() {
    let sandbox = recorded();
    for (model, exit) in [("model.onnx", 0), ("epsilon.onnx", 1), ("unsupported.onnx", 3)] {
        let reports = ["--junit", "junit.xml", "--sarif", "report.sarif", "--html", "report.html"];
        let arguments = ["verify", model, "--contract", "model.onnx.reproof"];
        sandbox.run([&arguments[..], &reports].concat()).exits(exit);
        let read = |name: &str| fs::read_to_string(sandbox.path(name)).unwrap();

        let question = "import sys, xml.etree.ElementTree as e; r = e.parse(sys.argv[1]).getroot(); \
                        print(r.tag, len(r.findall('.//testcase')), len(r.findall('.//failure')))";
        let answer = python(&["-c", question, sandbox.path("junit.xml").to_str().unwrap()]);
        let counts: Vec<&str> = answer.split_whitespace().collect();
        assert_eq!(counts[0], "testsuites");
        assert!(counts[1].parse::<u32>().unwrap() >= 5, "{answer}");
        assert_eq!(counts[2] == "0", exit != 1, "{model}: {answer}");

        let sarif: Value = serde_json::from_str(&read("report.sarif")).unwrap();
        assert_eq!(sarif["version"], "2.1.0");
        let results = sarif["runs"][0]["results"].as_array().unwrap();
        assert_eq!(results.iter().any(|result| result["level"] == "error"), exit == 1, "{model}");

        let page = read("report.html");
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"), "{model}");
        for outside in ["http-equiv=\"refresh\"", "<script src", "<link ", "src=\"http", "@import"] {
            assert!(!page.contains(outside), "the page is self-contained: {outside}");
        }
    }
    let left = fs::read_dir(sandbox.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().ends_with(".partial")));
}

#[test]
fn completions_and_manuals_print() {
    let sandbox = sandbox();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        sandbox.run(["completions", shell]).exits(0).says("verify").says("accept");
    }
    sandbox.run(["man"]).exits(0).says(".TH reproof").says("verify");
    sandbox.run(["man", "pages"]).exits(0).prints("");
    for page in ["reproof.1", "reproof-verify.1", "reproof-record.1", "reproof-accept.1"] {
        assert!(sandbox.path("pages").join(page).is_file(), "{page}");
    }
    assert!(!sandbox.path("pages/reproof-run-unit.1").exists(), "the hidden command has no page");
}
