//! Contracts of every version, as earlier programs wrote them: they must verify for ever, with the digests that they had.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reproof_testing::folder;
use serde_json::Value;

use crate::fixtures::sandbox;

/// The examples, each with the digest that its contract has and must keep.
const EXAMPLES: [(&str, &str); 2] = [
    ("v0/linear.onnx", "contract-v1:d630c09b56fb335b5c367417e4a0cbe31b9a8e2a28a199eecddcb428959f1832"),
    ("v1/linear.onnx", "contract-v1:a6baea94bfcdf6f4a6c0eab3ae6d891da13afbcf5d25f4c2474b1e837dc29d3f"),
];

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/contracts")
}

#[test]
fn every_version_verifies_with_the_digest_that_it_had() {
    let sandbox = sandbox();
    folder::copy(&examples(), &sandbox.path("c"));
    for (example, digest) in EXAMPLES {
        let artifact = format!("c/{example}");
        let verified = sandbox.run(["verify", &artifact, "--expect", digest, "--runner", "onnx", "--json"]);
        verified.exits(0);
        assert_eq!(verified.json()["contract"]["digest"], digest, "{example}");
        assert_eq!(verified.json()["assurance"], "outputs", "{example}");
    }
}

#[test]
fn every_version_has_an_example() {
    let schema = sandbox().run(["schema", "contract"]).json();
    let variants = schema["$defs"]["ContractSchema"]["oneOf"].as_array().unwrap();
    let known: BTreeSet<String> = variants
        .iter()
        .map(|variant| variant["const"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
        .collect();
    let shown = EXAMPLES.iter().map(|(example, _)| example.split('/').next().unwrap().to_owned());
    assert_eq!(known, shown.collect());
}

#[test]
fn accepting_writes_the_newest_version_and_keeps_the_old_one() {
    let sandbox = sandbox();
    folder::copy(&examples().join("v0"), &sandbox.path("c"));
    let before = fs::read(sandbox.path("c/linear.onnx.reproof/contract.json")).unwrap();
    sandbox.run(["accept", "c/linear.onnx", "--reason", "the newest version", "--by", "me"]).exits(0);
    let text = fs::read_to_string(sandbox.path("c/linear.onnx.reproof/contract.json")).unwrap();
    let contract: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(contract["schema"], "reproof.contract/v1");
    let (_, digest) = EXAMPLES[0];
    assert_eq!(contract["previous"]["digest"], digest);
    let kept = digest.rsplit(':').next().unwrap();
    let history = sandbox.path(format!("c/linear.onnx.reproof/history/{kept}.json"));
    assert_eq!(fs::read(history).unwrap(), before);
    sandbox.run(["verify", "c/linear.onnx"]).exits(0);
}

#[test]
fn the_guide_names_every_field() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |name: &str| fs::read_to_string(docs.join(name)).unwrap();
    let guide = read("contract.md") + &read("environment.md");
    let schema = sandbox().run(["schema", "contract"]).json();
    let mut fields = BTreeSet::new();
    collect(&schema, &mut fields);
    assert!(fields.len() > 60, "{fields:?}");
    let missing: Vec<&String> =
        fields.iter().filter(|field| !guide.contains(&format!("`{field}`"))).collect();
    assert!(missing.is_empty(), "docs/contract.md says nothing of {missing:?}");
}

/// Names of all properties of a schema.
fn collect(schema: &Value, fields: &mut BTreeSet<String>) {
    match schema {
        Value::Object(entries) => {
            if let Some(Value::Object(properties)) = entries.get("properties") {
                fields.extend(properties.keys().cloned());
            }
            entries.values().for_each(|value| collect(value, fields));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, fields)),
        _ => {}
    }
}
