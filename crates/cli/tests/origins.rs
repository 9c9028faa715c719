//! Pushes of what other tools made: DVC, MLflow, Hugging Face. The files are as those tools wrote them.

use std::collections::BTreeMap;

use reproof_testing::Sandbox;

use crate::fixtures::sandbox;
use crate::registry::ask;

/// A sandbox with an empty registry.
fn empty() -> Sandbox {
    let sandbox = sandbox();
    ask(&sandbox, "ada", "init").exits(0);
    sandbox
}

fn tags(sandbox: &Sandbox, name: &str) -> (BTreeMap<String, String>, Vec<String>) {
    let shown = ask(sandbox, "ada", &format!("show {name} --json")).exits(0).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let tags = shown["tags"].as_array().unwrap().iter().map(|tag| (text(&tag["key"]), text(&tag["value"])));
    let lineage = shown["lineage"].as_array().unwrap().iter();
    let lineage = lineage.map(|edge| format!("{} {}", text(&edge["relation"]), text(&edge["target"])));
    (tags.collect(), lineage.collect())
}

/// A file of safetensors with seven bytes.
fn tensor(bytes: [u8; 7]) -> Vec<u8> {
    let header = br#"{"a":{"dtype":"U8","shape":[7],"data_offsets":[0,7]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header, &bytes].concat()
}

/// `dvc add` of DVC 3.67.1.
const TRACKED_FILE: &str =
    "outs:\n- md5: 7db6f206e4d52a6da010adb1b9ced35e\n  size: 68\n  hash: md5\n  path: model.safetensors\n";
const TRACKED_FOLDER: &str = "outs:\n- md5: a3cf06c7dd289a91d11cf527401798c5.dir\n  size: 79\n  nfiles: 4\n  hash: md5\n  path: folder\n";

#[test]
fn what_dvc_tracks_is_pushed_if_it_is_what_dvc_tracks() {
    let sandbox = empty();
    sandbox.write("model.safetensors.dvc", TRACKED_FILE);
    let push = |what: &str| ask(&sandbox, "ada", &format!("push {what}"));
    push("model.safetensors.dvc m@1.0.0")
        .exits(3)
        .complains("`model.safetensors` is not here: dvc pull model.safetensors.dvc");
    sandbox.write("model.safetensors", tensor(*b"weights"));
    push("model.safetensors.dvc m@1.0.0").exits(0).says("from dvc: dvc.md5=7db6f206e4d52a6da010adb1b9ced35e");
    // The file itself is as good, and the same artifact.
    let again = push("model.safetensors m@1.0.0 --json").exits(0).json();
    assert_eq!((&again["new"], &again["origin"]), (&false.into(), &"dvc".into()));
    sandbox.write("model.safetensors", tensor(*b"Weights"));
    push("model.safetensors m@1.1.0").exits(1).complains("has the MD5").complains("dvc checkout");

    sandbox.write("folder.dvc", TRACKED_FOLDER);
    for (name, text) in [("a/x", "one"), ("a.txt", "two"), ("ü/z", "three")] {
        sandbox.write(format!("folder/{name}"), text);
    }
    sandbox.write("folder/model.safetensors", tensor(*b"weights"));
    push("folder.dvc f@1.0.0").exits(0);
    // A contract that came later is ours, anything else is not what is tracked.
    ask(&sandbox, "ada", "record folder --bytes-only").exits(0);
    push("folder.dvc f@1.1.0").exits(0);
    sandbox.write("folder/c", "five");
    push("folder f@1.2.0").exits(1).complains("folder.dvc");
}

#[test]
fn files_of_dvc_that_mislead_are_refused() {
    let sandbox = empty();
    sandbox.write("secret", "weights");
    for (text, expected) in [
        ("outs: []", "expected one entry in `outs`"),
        ("outs:\n- path: model.safetensors\n", "expected `path` and `md5`"),
        ("outs:\n- md5: 63f4\n  path: ../secret\n", "is no name in its folder"),
        ("outs:\n- md5: 63f4\n  path: /etc/passwd\n", "is no name in its folder"),
        ("a: &a [1, 2]\nouts: *a\n", "it uses an alias"),
        ("outs: [", "model.dvc: "),
    ] {
        sandbox.write("model.dvc", text);
        ask(&sandbox, "ada", "push model.dvc m@1.0.0").exits(3).complains(expected);
    }
}

/// What MLflow 3.17.2 wrote of a linear regression that was logged in a run.
const LOGGED: &str = "artifact_path: mlruns/0/models\nflavors:\n  python_function:\n    env:\n      \
                      conda: conda.yaml\n      virtualenv: python_env.yaml\n    loader_module: mlflow.sklearn\n  sklearn:\n    \
                      code: null\n    pickled_model: model.skops\nmlflow_version: 3.17.2\nmodel_id: \
                      m-08b05965b67346f7b6c8d9417cc095e6\nmodel_uuid: m-08b05965b67346f7b6c8d9417cc095e6\nprompts: \
                      null\nrun_id: b3699fe8bf5b4aae89fa2000491a88f3\nsignature:\n  inputs: '[{\"type\": \
                      \"tensor\"}]'\n  params: null\nutc_time_created: '2026-11-28 01:09:16.093962'\n";

#[test]
fn a_model_of_mlflow_keeps_its_run() {
    let sandbox = empty();
    sandbox.write("model/MLmodel", LOGGED);
    sandbox.write("model/data/model.safetensors", tensor(*b"weights"));
    ask(&sandbox, "ada", "push model m@1.0.0 --tag mlflow.version=mine").exits(0).says("from mlflow: ");
    let (tags, lineage) = tags(&sandbox, "m@1.0.0");
    assert_eq!(tags["mlflow.flavors"], "python_function sklearn");
    assert_eq!(tags["mlflow.run_id"], "b3699fe8bf5b4aae89fa2000491a88f3");
    assert_eq!(tags["mlflow.version"], "mine", "what is told outweighs what was found");
    assert_eq!(lineage, ["trained-from mlflow-run:b3699fe8bf5b4aae89fa2000491a88f3"]);
    // Outside a run there is none to be kept.
    sandbox.write("model/MLmodel", LOGGED.replace("b3699fe8bf5b4aae89fa2000491a88f3", "null"));
    ask(&sandbox, "ada", "push model m@1.1.0").exits(0);
    assert_eq!(crate::origins::tags(&sandbox, "m@1.1.0").1, Vec::<String>::new());
    sandbox.write("model/MLmodel", "flavors: {a: 1");
    ask(&sandbox, "ada", "push model m@1.2.0").exits(3).complains("MLmodel: ");
}

#[test]
fn a_folder_of_hugging_face_keeps_its_card_and_its_commit() {
    let sandbox = empty();
    let commit = "1dbc166cf8765166998eff31ade2eb64c8a40076";
    sandbox.write(
        "model/README.md",
        "---\nlicense: apache-2.0\nbase_model:\n- google-bert/bert-base-uncased\ndatasets: stanfordnlp/sst2\nlanguage: \
         [en]\n---\n# A card\n",
    );
    sandbox.write(
        "model/config.json",
        "{\"architectures\": [\"BertForSequenceClassification\"], \"model_type\": \"bert\"}",
    );
    sandbox.write("model/model.safetensors", tensor(*b"weights"));
    sandbox.write(
        "model/.cache/huggingface/download/config.json.metadata",
        format!("{commit}\n66c9\n1790000000.0\n"),
    );
    ask(&sandbox, "ada", "push model m@1.0.0").exits(0).says("from huggingface: ");
    let (found, lineage) = tags(&sandbox, "m@1.0.0");
    let expected = [
        ("architecture", "BertForSequenceClassification"),
        ("commit", commit),
        ("license", "apache-2.0"),
        ("model_type", "bert"),
    ];
    assert_eq!(found, expected.map(|(key, value)| (format!("huggingface.{key}"), value.to_owned())).into());
    let mut lineage = lineage;
    lineage.sort();
    let expected = [
        "derived-from https://huggingface.co/google-bert/bert-base-uncased",
        "trained-from https://huggingface.co/datasets/stanfordnlp/sst2",
    ];
    assert_eq!(lineage, expected);

    // An adapter names its base; a path of somebody's machine is no name.
    for (base, expected) in [("org/base", 1), ("/home/me/base", 0), ("../base", 0)] {
        sandbox.write(
            "adapter/adapter_config.json",
            format!("{{\"peft_type\": \"LORA\", \"base_model_name_or_path\": \"{base}\"}}"),
        );
        sandbox.write("adapter/adapter_model.safetensors", tensor(*b"adapter"));
        ask(&sandbox, "ada", &format!("push adapter a@1.0.{}", base.len())).exits(0);
        assert_eq!(tags(&sandbox, &format!("a@1.0.{}", base.len())).1.len(), expected, "{base}");
    }
    // What nobody can read says nothing and stops nothing.
    sandbox.write("model/README.md", [&b"---\nlicense: "[..], &[0xff, 0xfe], b"\n---\n"].concat());
    ask(&sandbox, "ada", "push model m@1.1.0").exits(0);
    assert!(!tags(&sandbox, "m@1.1.0").0.contains_key("huggingface.license"));
    sandbox.write("model/config.json", "{");
    let plain = ask(&sandbox, "ada", "push model m@1.2.0 --json").exits(0).json();
    assert_eq!(plain["origin"], serde_json::Value::Null);
}
