//! Contracts that are newer, hostile, altered or incomplete.

use std::fs;

use reproof_contract::Verdict;
use reproof_contract::report::{CheckStatus, Report};
use reproof_testing::folder::Snapshot;
use reproof_testing::{Sandbox, damage};
use serde_json::{Value, json};

use crate::comparing::{check, checks, report};
use crate::fixtures::{place, sandbox};

const CONTRACT: &str = "model.onnx.reproof/contract.json";

fn recorded() -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "planted/inputs/perceptron.float32.npz", "pixels.npz");
    sandbox.run(["record", "model.onnx", "--cases", "pixels.npz"]).exits(0);
    sandbox
}

/// Changes the contract as JSON.
fn edit(sandbox: &Sandbox, change: impl FnOnce(&mut Value)) {
    let mut contract: Value = serde_json::from_slice(&fs::read(sandbox.path(CONTRACT)).unwrap()).unwrap();
    change(&mut contract);
    sandbox.write(CONTRACT, serde_json::to_vec_pretty(&contract).unwrap());
}

/// Verification gives no answer, with these words, and writes nothing.
#[track_caller]
fn refused(sandbox: &Sandbox, words: &str) {
    let before = Snapshot::of(&sandbox.folder());
    let verified = sandbox.run(["verify", "model.onnx", "--json"]);
    verified.exits(3).prints("").complains("contract.json").complains(words).never_mentions("panicked");
    before.unchanged(&sandbox.folder());
}

/// Verification says `corrupt`, names the file in its checklist, and writes nothing.
#[track_caller]
fn corrupt(sandbox: &Sandbox, file: &str) -> Report {
    let before = Snapshot::of(&sandbox.folder());
    let verified = sandbox.run(["verify", "model.onnx", "--json"]);
    verified.exits(1).never_mentions("panicked");
    before.unchanged(&sandbox.folder());
    let found = report(&verified);
    assert_eq!(found.verdict, Verdict::Corrupt, "{}", found.summary);
    let lines = checks(&found, "load.integrity.contract");
    let named = lines.iter().find(|line| line.title == format!("contract file {file}"));
    let line = named.unwrap_or_else(|| panic!("{file} is not named: {lines:#?}"));
    assert_eq!((line.status, line.verdict), (CheckStatus::Fail, Verdict::Corrupt));
    assert!(line.hint.is_some());
    let words = sandbox.run(["verify", "model.onnx"]);
    words.exits(1).says("corrupt").says(file);
    found
}

#[test]
fn a_newer_schema_asks_for_a_newer_version() {
    let sandbox = recorded();
    edit(&sandbox, |contract| {
        contract["schema"] = json!("reproof.contract/v9");
        contract["from_the_future"] = json!({ "anything": [1, 2, 3] });
    });
    refused(&sandbox, "reproof.contract/v9");
    refused(&sandbox, "hint: use a newer reproof");
    let accepted = sandbox.run(["accept", "model.onnx", "--reason", "the future"]);
    accepted.exits(3).complains("reproof.contract/v9");
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    for hostile in ["../x", "/etc/passwd", "suite/../../x", "..\\x"] {
        let sandbox = recorded();
        let outside = json!({ "size": 1, "digest": format!("blob-v1:{}", "0".repeat(64)) });
        edit(&sandbox, |contract| contract["files"][hostile] = outside.clone());
        refused(&sandbox, "leaves its folder");

        let sandbox = recorded();
        edit(&sandbox, |contract| contract["artifact"]["files"][0]["path"] = json!(hostile));
        refused(&sandbox, "leaves its folder");
    }
    let sandbox = recorded();
    edit(&sandbox, |contract| contract["goldens"][0]["class"] = json!("../../goldens"));
    refused(&sandbox, "leaves its folder");
    let sandbox = recorded();
    edit(&sandbox, |contract| contract["suite"][0]["name"] = json!("../pixels"));
    refused(&sandbox, "pixels");
}

#[test]
fn what_is_no_contract_is_refused_with_its_line() {
    let sandbox = recorded();
    let whole = fs::read(sandbox.path(CONTRACT)).unwrap();
    for (bytes, words) in [
        (&b""[..], "is not a contract"),
        (b"{", "line 1"),
        (b"[]", "is not a contract"),
        (b"\xff\xfe", "is not a contract"),
        (&whole[..whole.len() / 2], "is not a contract"),
        (b"{\"schema\":\"reproof.contract/v0\"}", "missing field"),
    ] {
        sandbox.write(CONTRACT, bytes);
        refused(&sandbox, words);
    }
    sandbox.write(CONTRACT, [r#"{"deep":"#, &"[".repeat(100_000)].concat());
    refused(&sandbox, "EOF while parsing");
}

#[test]
fn a_contract_that_contradicts_itself_is_refused() {
    let sandbox = recorded();
    edit(&sandbox, |contract| {
        let twice = contract["suite"][0].clone();
        contract["suite"].as_array_mut().unwrap().push(twice);
    });
    refused(&sandbox, "stands twice in the suite");
    let sandbox = recorded();
    edit(&sandbox, |contract| contract["suite"] = json!([]));
    refused(&sandbox, "which the suite lacks");
}

#[test]
fn a_missing_case_file_is_named() {
    let sandbox = recorded();
    fs::remove_file(sandbox.path("model.onnx.reproof/suite/pixels/inputs.safetensors")).unwrap();
    let found = corrupt(&sandbox, "suite/pixels/inputs.safetensors");
    assert_eq!(check(&found, "load.integrity.contract").actual.as_deref(), Some("missing"));
}

#[test]
fn an_altered_case_file_is_named() {
    let sandbox = recorded();
    damage::flip_bit(&sandbox.path("model.onnx.reproof/suite/pixels/inputs.safetensors"), 300, 3);
    corrupt(&sandbox, "suite/pixels/inputs.safetensors");
    let sandbox = recorded();
    damage::truncate(&sandbox.path("model.onnx.reproof/suite/pixels/inputs.json"), 10);
    corrupt(&sandbox, "suite/pixels/inputs.json");
}

#[test]
fn an_altered_golden_is_named() {
    let golden = "goldens/referee/pixels/outputs.safetensors";
    let sandbox = recorded();
    let file = sandbox.path("model.onnx.reproof").join(golden);
    damage::flip_bit(&file, fs::metadata(&file).unwrap().len() - 2, 0);
    let found = corrupt(&sandbox, golden);
    assert_eq!(found.phases.len(), 3, "outputs are compared all the same");
    fs::remove_file(&file).unwrap();
    corrupt(&sandbox, golden);
}

#[test]
fn a_file_that_was_not_recorded_is_named() {
    let sandbox = recorded();
    sandbox.write("model.onnx.reproof/suite/pixels/extra.npy", "x");
    corrupt(&sandbox, "suite/pixels/extra.npy");
    fs::remove_file(sandbox.path("model.onnx.reproof/suite/pixels/extra.npy")).unwrap();
    // What grows after recording is not vouched for.
    sandbox.write("model.onnx.reproof/evidence/later.json", "{}");
    sandbox.run(["verify", "model.onnx"]).exits(0);
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_file_is_corrupt() {
    let sandbox = recorded();
    let file = sandbox.path("model.onnx.reproof/suite/pixels/inputs.safetensors");
    let moved = sandbox.home().join("inputs.safetensors");
    fs::rename(&file, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, &file).unwrap();
    let verified = sandbox.run(["verify", "model.onnx", "--json"]);
    verified.exits(1);
    let found = report(&verified);
    assert_eq!(check(&found, "load.integrity.contract").actual.as_deref(), Some("a symbolic link"));
}

#[test]
fn recorded_segments_that_do_not_tile_the_file_are_corrupt() {
    let sandbox = recorded();
    edit(&sandbox, |contract| {
        let segments = contract["artifact"]["files"][0]["segments"].as_array_mut().unwrap();
        segments.remove(0);
    });
    let verified = sandbox.run(["verify", "model.onnx", "--json"]);
    verified.exits(1).never_mentions("panicked");
    assert_eq!(report(&verified).verdict, Verdict::Corrupt);
}

#[test]
fn a_digest_cannot_be_claimed_for_another_model() {
    let sandbox = recorded();
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "other.onnx");
    let digests = sandbox.run(["digest", "other.onnx", "--json"]);
    digests.exits(0);
    let claimed = digests.json()["artifact_digest"].clone();
    edit(&sandbox, |contract| contract["artifact"]["artifact_digest"] = claimed);
    refused(&sandbox, "are not those of its files and tensors");
}

#[test]
fn a_promise_without_goldens_is_refused() {
    let sandbox = recorded();
    edit(&sandbox, |contract| contract["goldens"] = json!([]));
    refused(&sandbox, "has no golden");
    let sandbox = recorded();
    edit(&sandbox, |contract| contract["statistics"] = json!({ "samples": 0, "distances": {} }));
    refused(&sandbox, "fewer than 2 samples");
}

#[test]
fn sizes_beyond_any_disk_do_not_overflow() {
    let sandbox = recorded();
    edit(&sandbox, |contract| {
        let mut file = contract["artifact"]["files"][0].clone();
        file["size"] = json!(1_u64 << 63);
        file["path"] = json!("a");
        let mut other = file.clone();
        other["path"] = json!("b");
        contract["artifact"]["files"] = json!([file, other]);
    });
    refused(&sandbox, "are not those of its files and tensors");
}

#[cfg(unix)]
#[test]
fn links_in_circles_are_strays_and_not_followed() {
    let sandbox = recorded();
    let suite = sandbox.path("model.onnx.reproof/suite");
    for name in ["a", "b"] {
        std::os::unix::fs::symlink("..", suite.join(name)).unwrap();
    }
    sandbox.run(["verify", "model.onnx"]).exits(1).says("corrupt").says("suite/a");
}

#[cfg(unix)]
#[test]
fn a_contract_that_is_a_device_is_refused() {
    let sandbox = recorded();
    fs::remove_file(sandbox.path(CONTRACT)).unwrap();
    std::os::unix::fs::symlink("/dev/zero", sandbox.path(CONTRACT)).unwrap();
    sandbox.run(["verify", "model.onnx"]).exits(3).prints("").complains("is not a regular file");
}

#[test]
fn an_altered_suite_cannot_be_accepted() {
    let sandbox = recorded();
    let inputs = sandbox.path("model.onnx.reproof/suite/pixels/inputs.safetensors");
    damage::flip_bit(&inputs, fs::metadata(&inputs).unwrap().len() - 1, 0);
    let before = Snapshot::of(&sandbox.folder());
    let accepted = sandbox.run(["accept", "model.onnx", "--reason", "none", "--by", "nobody"]);
    accepted.exits(3).complains("suite/pixels/inputs.safetensors").complains("restore it before accepting");
    before.unchanged(&sandbox.folder());
}

#[test]
fn accepting_keeps_what_was_promised_before() {
    let sandbox = recorded();
    fs::remove_dir_all(sandbox.path("model.onnx.reproof")).unwrap();
    sandbox.write("scale.json", "{}");
    let told = ["--owner", "me", "--tolerance", "logits=1e-3,0", "--preprocessing", "scale.json"];
    sandbox.run([&["record", "model.onnx", "--cases", "pixels.npz"][..], &told].concat()).exits(0);
    sandbox.run(["accept", "model.onnx", "--reason", "again", "--by", "me"]).exits(0);
    let contract: Value = serde_json::from_slice(&fs::read(sandbox.path(CONTRACT)).unwrap()).unwrap();
    assert_eq!(contract["governance"]["owner"], "me");
    assert_eq!(contract["outputs"]["logits"]["tolerance"]["origin"], "user");
    assert!(sandbox.path("model.onnx.reproof/context/scale.json").is_file());
}

#[test]
fn a_graph_that_is_none_of_its_files_and_a_private_suite_of_another_name_are_refused() {
    let graph = |path: &str| {
        json!({"form": "onnx", "path": path, "exporter": "nobody", "runner": "onnx", "engine": "", "verdict": "identical",
               "statement": "", "cases": []})
    };
    for path in ["frozen/model.onnx", "../model.onnx", "history/model.onnx", ""] {
        let sandbox = recorded();
        edit(&sandbox, |contract| contract["frozen"] = graph(path));
        refused(&sandbox, "is none of its files");
    }
    let sandbox = recorded();
    let id = format!("blob-v1:{}", "0".repeat(64));
    edit(&sandbox, |contract| contract["private"] = json!({"id": id, "files": {}}));
    refused(&sandbox, "the private suite is not named by its files");
    let sandbox = recorded();
    let files = json!({"../../secret": {"size": 1, "digest": id}});
    edit(&sandbox, |contract| contract["private"] = json!({"id": id, "files": files}));
    refused(&sandbox, "leaves its folder");
}
