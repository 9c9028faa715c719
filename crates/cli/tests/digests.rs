//! `digest` and `inspect`: what each digest covers, seen from outside.

use reproof_testing::{Sandbox, damage};
use serde_json::Value;

use crate::fixtures::{place, sandbox};

fn digests(sandbox: &Sandbox, path: &str) -> Value {
    let printed = sandbox.run(["digest", path, "--json"]);
    printed.exits(0);
    printed.json()
}

#[test]
fn a_graph_and_bare_weights_share_the_weights_digest() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "twin/perceptron.float32.safetensors", "weights.safetensors");
    let (graph, weights) = (digests(&sandbox, "model.onnx"), digests(&sandbox, "weights.safetensors"));
    assert_eq!(graph["weights_digest"], weights["weights_digest"]);
    assert_eq!(graph["values_digest"], weights["values_digest"]);
    assert_ne!(graph["architecture_digest"], weights["architecture_digest"]);
    assert_ne!(graph["artifact_digest"], weights["artifact_digest"]);
    let names = |path: &str| -> Vec<String> {
        let document = sandbox.run(["inspect", path, "--json", "--digest"]).json();
        let tensors = document["tensors"].as_array().unwrap().clone();
        let mut lines: Vec<String> =
            tensors.iter().map(|tensor| format!("{} {}", tensor["name"], tensor["digest"])).collect();
        lines.sort();
        lines
    };
    assert_eq!(names("model.onnx"), names("weights.safetensors"));
}

#[test]
fn each_digest_moves_with_what_it_covers() {
    let sandbox = sandbox();
    let place = |name: &str| {
        place(&sandbox, &format!("planted/perceptron.float32{name}.onnx"), &format!("m{name}.onnx"));
        digests(&sandbox, &format!("m{name}.onnx"))
    };
    let original = place("");
    let changes = |other: &Value| -> Vec<&str> {
        let kinds = ["artifact_digest", "weights_digest", "values_digest", "architecture_digest"];
        kinds.into_iter().filter(|kind| original[*kind] != other[*kind]).collect()
    };
    assert_eq!(changes(&place(".weight-bit")), ["artifact_digest", "weights_digest", "values_digest"]);
    // The epsilon is an attribute here, and the divisor a stored scalar.
    assert!(changes(&place(".epsilon")).contains(&"architecture_digest"));
    assert!(changes(&place(".benign-swapped-add")).contains(&"architecture_digest"));
    // A renamed file is the same artifact.
    std::fs::rename(sandbox.path("m.onnx"), sandbox.path("renamed.onnx")).unwrap();
    assert_eq!(changes(&digests(&sandbox, "renamed.onnx")), Vec::<&str>::new());
}

#[test]
fn a_contract_inside_a_folder_is_no_part_of_the_artifact() {
    let sandbox = sandbox();
    place(&sandbox, "planted/external.onnx", "folder/model.onnx");
    place(&sandbox, "planted/external.bin", "folder/external.bin");
    let before = digests(&sandbox, "folder");
    sandbox.run(["record", "folder"]).exits(0);
    assert!(sandbox.path("folder/reproof/contract.json").is_file());
    assert_eq!(digests(&sandbox, "folder"), before);
    let files: Vec<&str> =
        before["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(files, ["external.bin", "model.onnx"]);

    damage::flip_bit(&sandbox.path("folder/external.bin"), 40, 1);
    let after = digests(&sandbox, "folder");
    assert_ne!(after["weights_digest"], before["weights_digest"]);
    assert_eq!(after["architecture_digest"], before["architecture_digest"]);
}

#[test]
fn the_documents_have_the_promised_fields() {
    let sandbox = sandbox();
    place(&sandbox, "planted/external.onnx", "model.onnx");
    place(&sandbox, "planted/external.bin", "external.bin");
    let document = digests(&sandbox, "model.onnx");
    for (field, prefix) in [
        ("artifact_digest", "artifact-v1:"),
        ("weights_digest", "weights-v1:"),
        ("values_digest", "values-v1:"),
        ("architecture_digest", "architecture-v1:"),
    ] {
        let digest = document[field].as_str().unwrap();
        assert_eq!(digest.len(), prefix.len() + 64);
        assert!(digest.starts_with(prefix), "{digest}");
    }
    assert!(document["parts"].is_object());
    let files = document["files"].as_array().unwrap();
    assert_eq!(files.len(), 2, "external data belongs to the artifact");
    assert!(
        files
            .iter()
            .all(|file| file["size"].is_u64() && file["digest"].as_str().unwrap().starts_with("layout-v1:"))
    );

    let inspected = sandbox.run(["inspect", "model.onnx", "--json"]);
    inspected.exits(0);
    let document = inspected.json();
    assert_eq!(document["format"], "onnx");
    assert!(document["state"].is_object() && document["findings"].is_array());
    let tensor = &document["tensors"][0];
    assert_eq!((tensor["name"].as_str(), tensor["dtype"].as_str()), (Some("matrix"), Some("F32")));
    assert_eq!(tensor["shape"], serde_json::json!([6, 64]));
    assert_eq!((&tensor["part"], &tensor["digest"]), (&Value::from("model"), &Value::Null));
    let with_digests = sandbox.run(["inspect", "model.onnx", "--json", "--digest"]).json();
    assert!(with_digests["tensors"][0]["digest"].as_str().unwrap().starts_with("tensor-v1:"));
    sandbox.run(["inspect", "model.onnx"]).exits(0).says("matrix").says("numbers").says("result");
}
