//! What the options of `record`, `verify` and `accept` promise.

use std::fs;

use reproof_contract::Verdict;
use reproof_testing::Sandbox;
use reproof_testing::folder::Snapshot;
use serde_json::Value;

use crate::comparing::{checks, report};
use crate::fixtures::{place, sandbox};

fn recorded() -> (Sandbox, Value) {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "epsilon.onnx");
    place(&sandbox, "planted/perceptron.float32.benign-gemm.onnx", "gemm.onnx");
    place(&sandbox, "planted/inputs/perceptron.float32.npz", "pixels.npz");
    let recorded = sandbox.run(["record", "model.onnx", "--cases", "pixels.npz", "--json"]);
    recorded.exits(0);
    let document = recorded.json();
    (sandbox, document)
}

fn contract(sandbox: &Sandbox) -> Value {
    let bytes = fs::read(sandbox.path("model.onnx.reproof/contract.json")).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn expect_takes_the_digest_of_the_contract_or_its_artifact() {
    let (sandbox, document) = recorded();
    for digest in ["contract_digest", "artifact_digest"] {
        sandbox.run(["verify", "model.onnx", "--expect", document[digest].as_str().unwrap()]).exits(0);
    }
    let before = Snapshot::of(&sandbox.folder());
    for kind in ["contract", "artifact"] {
        let other = format!("{kind}-v1:{}", "0".repeat(64));
        let refused = sandbox.run(["verify", "model.onnx", "--expect", &other]);
        refused
            .exits(1)
            .prints("")
            .complains(&other)
            .complains(document["contract_digest"].as_str().unwrap());
    }
    sandbox.run(["verify", "model.onnx", "--expect", "latest"]).exits(2).prints("").complains("--expect");
    before.unchanged(&sandbox.folder());
}

#[test]
fn expect_tells_a_contract_that_was_replaced() {
    let (sandbox, document) = recorded();
    let expected = document["contract_digest"].as_str().unwrap();
    fs::remove_dir_all(sandbox.path("model.onnx.reproof")).unwrap();
    fs::copy(sandbox.path("epsilon.onnx"), sandbox.path("model.onnx")).unwrap();
    sandbox.run(["record", "model.onnx", "--cases", "pixels.npz"]).exits(0);
    sandbox.run(["verify", "model.onnx"]).exits(0).says("identical");
    sandbox.run(["verify", "model.onnx", "--expect", expected]).exits(1).complains(expected);
}

#[test]
fn require_sets_the_rung() {
    let (sandbox, _) = recorded();
    let arguments = ["verify", "gemm.onnx", "--contract", "model.onnx.reproof", "--require"];
    for (required, exit) in [("identical", 1), ("equivalent", 0), ("tolerated", 0)] {
        let verified = sandbox.run([&arguments[..], &[required, "--json"]].concat());
        verified.exits(exit);
        let found = report(&verified);
        assert_eq!((found.verdict, found.required.as_str()), (Verdict::Equivalent, required));
    }
    sandbox.run(["verify", "model.onnx", "--require", "identical"]).exits(0);
    for nonsense in ["drifted", "undecided", "perfect"] {
        let refused = sandbox.run([&arguments[..], &[nonsense]].concat());
        refused.exits(2).prints("").complains("identical, equivalent or tolerated");
    }
}

#[test]
fn a_tolerance_of_the_user_passes_as_tolerated() {
    let (sandbox, _) = recorded();
    let arguments = ["record", "model.onnx", "--cases", "pixels.npz", "--contract", "loose"];
    sandbox.run([&arguments[..], &["--tolerance", "logits=1e-2,1e-2"]].concat()).exits(0);
    let verify = ["verify", "epsilon.onnx", "--contract", "loose", "--json"];
    let verified = sandbox.run(verify);
    verified.exits(0);
    let found = report(&verified);
    assert_eq!(found.verdict, Verdict::Tolerated);
    let evidence = &found.cases[0].outputs[0].evidence;
    assert_eq!(evidence.tolerance.as_ref().unwrap().origin, "user");
    sandbox.run([&verify[..], &["--require", "tolerated"]].concat()).exits(0);
    sandbox.run([&verify[..], &["--require", "identical"]].concat()).exits(1);
}

#[test]
fn keep_keeps_the_tensors_only_on_failure() {
    let (sandbox, _) = recorded();
    sandbox.run(["verify", "model.onnx", "--keep", "kept"]).exits(0);
    assert!(!sandbox.path("kept").exists());
    let arguments = ["verify", "epsilon.onnx", "--contract", "model.onnx.reproof", "--keep", "kept"];
    sandbox.run(arguments).exits(1);
    let case = contract(&sandbox)["suite"][0]["name"].as_str().unwrap().to_owned();
    let kept = Snapshot::of(&sandbox.path("kept"));
    let expected = [format!("{case}/outputs.json"), format!("{case}/outputs.safetensors")];
    assert_eq!(kept.paths().collect::<Vec<_>>(), expected);
    let inspected = sandbox.run(["inspect", &format!("kept/{}", expected[1]), "--json"]);
    inspected.exits(0);
    assert_eq!(inspected.json()["tensors"][0]["shape"], serde_json::json!([4, 10]));
}

#[test]
fn fail_fast_stops_after_a_failed_integrity_check() {
    let (sandbox, _) = recorded();
    fs::copy(sandbox.path("epsilon.onnx"), sandbox.path("model.onnx")).unwrap();
    let all = report(&sandbox.run(["verify", "model.onnx", "--json"]));
    assert_eq!((all.verdict, all.phases.len()), (Verdict::Corrupt, 3));
    let stopped = sandbox.run(["verify", "model.onnx", "--json", "--fail-fast"]);
    stopped.exits(1);
    let stopped = report(&stopped);
    assert_eq!((stopped.verdict, stopped.phases.len(), stopped.cases.len()), (Verdict::Corrupt, 1, 0));
    assert_eq!(stopped.assurance.as_str(), "bytes");
}

#[test]
fn sha256_is_compared_only_when_asked() {
    let (sandbox, _) = recorded();
    let path = sandbox.path("model.onnx.reproof/contract.json");
    let mut document = contract(&sandbox);
    assert_eq!(document["artifact"]["files"][0]["sha256"].as_str().unwrap().len(), 64);
    document["artifact"]["files"][0]["sha256"] = "0".repeat(64).into();
    fs::write(&path, document.to_string()).unwrap();
    sandbox.run(["verify", "model.onnx"]).exits(0);
    let verified = sandbox.run(["verify", "model.onnx", "--sha256", "--json"]);
    verified.exits(1);
    let found = report(&verified);
    let lines = checks(&found, "load.integrity.files");
    assert!(lines.iter().any(|line| line.actual.as_deref().is_some_and(|actual| actual.contains("SHA-256"))));
}

#[test]
fn record_never_overwrites() {
    let (sandbox, _) = recorded();
    let before = Snapshot::of(&sandbox.folder());
    let refused = sandbox.run(["record", "model.onnx"]);
    refused.exits(2).prints("").complains("already holds a contract").complains("reproof accept");
    before.unchanged(&sandbox.folder());
    // A folder that holds something else is nobody's to replace either.
    sandbox.write("elsewhere/diary.txt", "dear diary");
    let refused = sandbox.run(["record", "model.onnx", "--cases", "pixels.npz", "--contract", "elsewhere"]);
    assert_ne!(refused.code(), Some(0), "{}", refused.everything());
    assert_eq!(fs::read(sandbox.path("elsewhere/diary.txt")).unwrap(), b"dear diary");
    assert!(!sandbox.path("elsewhere/contract.json").exists());
}

#[test]
fn accept_keeps_the_history_and_names_the_previous_contract() {
    let (sandbox, first) = recorded();
    let document = fs::read(sandbox.path("model.onnx.reproof/contract.json")).unwrap();
    fs::copy(sandbox.path("epsilon.onnx"), sandbox.path("model.onnx")).unwrap();
    sandbox.run(["verify", "model.onnx"]).exits(1);
    let reason = ["accept", "model.onnx", "--reason", "a smaller epsilon, agreed", "--by", "ada"];
    let accepted = sandbox.run([&reason[..], &["--json"]].concat());
    accepted.exits(0);
    let second = accepted.json()["contract_digest"].clone();
    assert_ne!(second, first["contract_digest"]);
    sandbox.run(["verify", "model.onnx"]).exits(0).says("identical");

    let current = contract(&sandbox);
    assert_eq!(current["previous"]["digest"], first["contract_digest"]);
    assert_eq!(current["previous"]["accepted_by"], "ada");
    assert_eq!(current["previous"]["reason"], "a smaller epsilon, agreed");
    assert_eq!(current["suite"][0]["name"], "pixels", "the suite stays");
    let hexadecimal = first["contract_digest"].as_str().unwrap().split_once(':').unwrap().1.to_owned();
    let kept = sandbox.path(format!("model.onnx.reproof/history/{hexadecimal}.json"));
    assert_eq!(fs::read(kept).unwrap(), document, "the old contract, byte for byte");

    sandbox.run(reason).exits(0);
    assert_eq!(contract(&sandbox)["previous"]["digest"], second);
    assert_eq!(fs::read_dir(sandbox.path("model.onnx.reproof/history")).unwrap().count(), 2);
    let left = fs::read_dir(sandbox.folder()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().starts_with(".reproof-draft")));
}

#[test]
fn accept_wants_a_reason_and_something_to_accept() {
    let (sandbox, _) = recorded();
    let before = Snapshot::of(&sandbox.folder());
    sandbox.run(["accept", "model.onnx"]).exits(2).complains("--reason");
    sandbox.run(["accept", "model.onnx", "--reason", "  "]).exits(2).complains("--reason");
    let none = sandbox.run(["accept", "epsilon.onnx", "--reason", "why not"]);
    none.exits(3).complains("no contract at").complains("reproof record");
    before.unchanged(&sandbox.folder());
}

#[cfg(unix)]
#[test]
fn a_read_only_artifact_keeps_its_contract_elsewhere() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = sandbox();
    place(&sandbox, "planted/external.onnx", "folder/model.onnx");
    place(&sandbox, "planted/external.bin", "folder/external.bin");
    let folder = sandbox.path("folder");
    let allow = |mode| fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
    allow(0o555);
    let before = Snapshot::of(&folder);
    let recorded = sandbox.run(["record", "folder", "--contract", "contracts/first"]);
    let verified = sandbox.run(["verify", "folder", "--contract", "contracts/first", "--relation", "same"]);
    let moved = sandbox.run(["verify", "folder", "--contract", "contracts/first", "--json"]);
    before.unchanged(&folder);
    allow(0o755);
    recorded.exits(0);
    verified.exits(0).says("identical");
    moved.exits(0);
    assert_eq!(report(&moved).relation.as_str(), "converted", "another folder means a conversion");
}

#[test]
fn a_renamed_or_moved_artifact_keeps_its_promise() {
    let (sandbox, _) = recorded();
    fs::create_dir(sandbox.path("moved")).unwrap();
    fs::rename(sandbox.path("model.onnx"), sandbox.path("moved/other.onnx")).unwrap();
    fs::rename(sandbox.path("model.onnx.reproof"), sandbox.path("moved/other.onnx.reproof")).unwrap();
    sandbox.run(["verify", "moved/other.onnx"]).exits(0).says("identical");
    sandbox.command(["verify", "other.onnx"]).within("moved").run().exits(0).says("identical");
}
