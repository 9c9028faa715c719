//! Checkpoints that the real frameworks wrote: every tensor as the framework itself reads it, bit for bit.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use reproof_testing::{Sandbox, generated, python};
use serde::Deserialize;
use serde_json::Value;

use crate::fixtures::sandbox;

/// What a framework read.
#[derive(Deserialize)]
struct Expected {
    artifacts: Vec<Artifact>,
}

#[derive(Deserialize)]
struct Artifact {
    path: String,
    kind: String,
    tensors: Vec<Tensor>,
    same_weights_as: Option<String>,
}

#[derive(Deserialize)]
struct Tensor {
    part: String,
    name: String,
    dtype: String,
    shape: Vec<u64>,
    digest: Option<String>,
}

/// The Python with the frameworks.
pub(crate) fn interpreter() -> &'static Path {
    static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
        python::environment("checkpoints")
            .unwrap_or_else(|error| panic!("no frameworks for the tests: {error}"))
    });
    &PYTHON
}

/// The folder of `checkpoints.py` and its list.
fn written() -> &'static (PathBuf, Expected) {
    static WRITTEN: LazyLock<(PathBuf, Expected)> = LazyLock::new(|| {
        let folder = generated::by_script(interpreter(), "checkpoints.py", &["checkpointing"]);
        let list = std::fs::read(folder.join("expected.json")).unwrap();
        (folder, serde_json::from_slice(&list).unwrap())
    });
    &WRITTEN
}

/// The folder of `checkpoints.py`.
pub(crate) fn folder() -> &'static Path {
    &written().0
}

/// `inspect --digest` of a path, which must succeed.
fn inspected(sandbox: &Sandbox, path: &Path) -> Result<Value, String> {
    let finished = sandbox.run(["inspect", "--digest", "--json", path.to_str().unwrap()]);
    match finished.code() {
        Some(0) => Ok(finished.json()),
        _ => Err(format!("{}: {}", path.display(), finished.stderr().trim())),
    }
}

/// What differs between what the framework read and what is inspected.
fn differences(sandbox: &Sandbox, path: &Path, artifact: &Artifact) -> Vec<String> {
    let document = match inspected(sandbox, path) {
        Ok(document) => document,
        Err(error) => return vec![error],
    };
    let mut found: BTreeMap<(String, String), Value> = BTreeMap::new();
    for tensor in document["tensors"].as_array().unwrap() {
        let text = |key: &str| tensor[key].as_str().unwrap().to_owned();
        found.insert((text("part"), text("name")), tensor.clone());
    }
    let mut wrong = Vec::new();
    for tensor in &artifact.tensors {
        // The framework's list has all optimizers in one; here each is a part of its own.
        let name = match artifact.kind.as_str() {
            "lightning" => {
                tensor.name.strip_prefix("0.state").map_or(tensor.name.clone(), |rest| format!("state{rest}"))
            }
            _ => tensor.name.clone(),
        };
        let at = |part: &str| found.get(&(part.to_owned(), name.clone()));
        // Buffers that a module makes anew are a part of their own.
        let Some(ours) = at(&tensor.part).or_else(|| at("transient")) else {
            wrong.push(format!("{}: no {} `{name}`", artifact.path, tensor.part));
            continue;
        };
        let same = ours["dtype"] == tensor.dtype.as_str()
            && ours["shape"] == serde_json::json!(tensor.shape)
            && tensor.digest.as_ref().is_none_or(|digest| ours["digest"] == digest.as_str());
        if !same {
            wrong.push(format!("{}: {} `{name}` is {ours}", artifact.path, tensor.part));
        }
    }
    wrong
}

#[test]
fn every_tensor_is_what_the_framework_reads() {
    let (folder, expected) = written();
    let sandbox = sandbox();
    let kinds: BTreeSet<&str> = expected.artifacts.iter().map(|artifact| artifact.kind.as_str()).collect();
    assert!(kinds.len() >= 19, "{kinds:?}");
    let tensors: usize = expected.artifacts.iter().map(|artifact| artifact.tensors.len()).sum();
    assert!(tensors > 1000, "{tensors} tensors");
    let wrong: Vec<String> = expected
        .artifacts
        .iter()
        .flat_map(|artifact| differences(&sandbox, &folder.join(&artifact.path), artifact))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn one_set_of_tensors_has_one_weights_digest_in_every_container() {
    let (folder, expected) = written();
    let sandbox = sandbox();
    let mut groups: BTreeMap<&str, BTreeMap<String, Vec<&str>>> = BTreeMap::new();
    for artifact in &expected.artifacts {
        let Some(group) = &artifact.same_weights_as else { continue };
        let path = folder.join(&artifact.path);
        let document = sandbox.run(["digest", "--json", path.to_str().unwrap()]).json();
        let digest = document["weights_digest"].as_str().unwrap().to_owned();
        groups.entry(group).or_default().entry(digest).or_default().push(&artifact.path);
    }
    for (group, digests) in &groups {
        assert_eq!(digests.len(), 1, "{group}: {digests:#?}");
        assert!(digests.values().next().unwrap().len() >= 8, "{group}: {digests:#?}");
    }
    assert!(!groups.is_empty());
}

#[test]
fn shipped_checkpoints_are_what_their_frameworks_read() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/shipped_checkpoints.py");
    let output = Command::new(interpreter()).arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Expected = serde_json::from_slice(&output.stdout).unwrap();
    assert!(expected.artifacts.len() >= 5, "{} checkpoints", expected.artifacts.len());
    let sandbox = sandbox();
    let wrong: Vec<String> = expected
        .artifacts
        .iter()
        .flat_map(|artifact| differences(&sandbox, Path::new(&artifact.path), artifact))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn training_state_is_told_part_by_part() {
    let (folder, expected) = written();
    let sandbox = sandbox();
    let of_kind = |kind: &str| {
        let artifact = expected.artifacts.iter().find(|artifact| artifact.kind == kind);
        let artifact = artifact.unwrap_or_else(|| panic!("no {kind}"));
        inspected(&sandbox, &folder.join(&artifact.path)).unwrap()["state"].clone()
    };
    let names = |state: &Value| -> Vec<String> {
        let parts = state["parts"].as_array().unwrap();
        parts.iter().map(|part| part["name"].as_str().unwrap().to_owned()).collect()
    };
    let missing = |state: &Value| -> Vec<String> {
        let missing = state["missing"].as_array().unwrap();
        missing.iter().map(|piece| piece["what"].as_str().unwrap().to_owned()).collect()
    };
    let lightning = of_kind("lightning");
    assert_eq!(lightning["trainer"]["name"], "Lightning");
    assert!(names(&lightning).starts_with(&["model".to_owned(), "optimizer".to_owned()]), "{lightning:#}");
    // Lightning saves no random state.
    for what in ["rng.python", "rng.numpy", "rng.torch"] {
        assert!(missing(&lightning).contains(&what.to_owned()), "{lightning:#}");
    }
    let trainer = of_kind("hf-trainer");
    assert_eq!(trainer["trainer"]["name"], "Hugging Face Trainer");
    for part in ["model", "optimizer", "scheduler", "rng", "progress", "hyperparameters"] {
        assert!(names(&trainer).contains(&part.to_owned()), "{part}: {trainer:#}");
    }
    assert!(!missing(&trainer).iter().any(|what| what.starts_with("rng")), "{trainer:#}");
    let optimizer =
        trainer["parts"].as_array().unwrap().iter().find(|part| part["name"] == "optimizer").unwrap();
    assert_eq!(optimizer["kind"], "AdamW");
    assert!(
        optimizer["facts"]["step"].as_str().is_some_and(|step| step.parse::<u64>().is_ok()),
        "{optimizer:#}"
    );
    let accelerate = of_kind("accelerate");
    assert_eq!(accelerate["trainer"]["name"], "Accelerate");
}

#[test]
fn an_optimizer_in_another_order_than_its_model_is_told() {
    let sandbox = sandbox();
    let missing = |name: &str| {
        let document = inspected(&sandbox, &folder().join("torch-training").join(name)).unwrap();
        document["state"]["missing"].as_array().unwrap().clone()
    };
    let order = |found: &Value| found["what"] == "optimizer.order";
    assert!(!missing("named.pt").iter().any(order));
    assert!(!missing("adamw.pt").iter().any(order), "it has no names, so nothing is known");
    let told = missing("reordered.pt").into_iter().find(order).expect("its order is told");
    let why = told["why"].as_str().unwrap();
    assert!(why.starts_with("it has `hidden.bias` before `norm.bias`, unlike the model"), "{why}");
}

#[test]
fn the_model_can_be_named() {
    let (folder, expected) = written();
    let sandbox = sandbox();
    let artifact = expected.artifacts.iter().find(|artifact| artifact.kind == "torch-training");
    let artifact = artifact.expect("checkpoints of plain training loops");
    let path = folder.join(&artifact.path);
    let path = path.to_str().unwrap();
    let found = sandbox.run(["digest", "--json", path]).json();
    let named = sandbox.run(["digest", "--json", "--model", "ema", path]);
    named.exits(0);
    assert_ne!(found["weights_digest"], named.json()["weights_digest"]);
    sandbox.run(["digest", "--model", "absent", path]).exits(3).complains("there is no `absent`");
}

#[test]
fn checkpoints_are_compared_across_containers_and_state_by_state() {
    let folder = folder();
    let sandbox = sandbox();
    let path = |relative: &str| folder.join(relative).to_str().unwrap().to_owned();
    // One set of tensors from two ranks, in one file, and in an archive of arrays.
    for other in ["shared/model.safetensors", "shared/arrays.npz", "shared/legacy.pth"] {
        let same = sandbox.run(["diff", &path("dcp-2-ranks/shared"), &path(other), "--part", "model"]);
        same.exits(0).says("Nothing differs");
    }
    let [first, second] = ["adamw", "sgd"].map(|name| path(&format!("torch-training/{name}.pt")));
    let differ = sandbox.run(["diff", &first, &second, "--json"]);
    differ.exits(1);
    let document = differ.json();
    let states = document["states"].as_array().unwrap();
    let optimizer = states.iter().find(|state| state["part"] == "optimizer").unwrap();
    assert_eq!((&optimizer["kind"], &optimizer["kind_in_b"]), (&"AdamW".into(), &"SGD".into()));
    let facts: Vec<&str> = optimizer["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["fact"].as_str().unwrap())
        .collect();
    assert!(facts.contains(&"groups.0.momentum"), "{facts:?}");
}
