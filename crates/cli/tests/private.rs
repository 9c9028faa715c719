//! Suites that stay with whoever recorded them.

use reproof_testing::Sandbox;
use serde_json::Value;

use crate::adapters::TORCH;
use crate::fixtures::{place, place_example, sandbox};

/// The example of the digits, recorded with its own cases as a private suite.
fn recorded(sandbox: &Sandbox) -> Value {
    place_example(sandbox, "digits");
    record(sandbox)
}

fn record(sandbox: &Sandbox) -> Value {
    let recorded = sandbox.run([
        "record",
        "digits",
        "--cases",
        "digits/cases",
        "--suite",
        "private",
        "--runner",
        "referee",
    ]);
    recorded.exits(0).says("private ").complains("inputs and goldens are private");
    let text = std::fs::read_to_string(sandbox.path("digits/reproof/contract.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn private_values_lie_outside_the_artifact_and_are_found_again() {
    let sandbox = sandbox();
    let contract = recorded(&sandbox);
    for inside in ["suite", "goldens"] {
        assert!(!sandbox.path(format!("digits/reproof/{inside}")).exists(), "{inside} lies in the contract");
    }
    let files = contract["private"]["files"].as_object().unwrap();
    assert!(files.keys().any(|name| name.starts_with("suite/")), "{files:?}");
    assert!(files.keys().any(|name| name.starts_with("goldens/")), "{files:?}");
    let verified = sandbox.run(["verify", "digits", "--json"]);
    verified.exits(0);
    assert_eq!(verified.json()["assurance"], "outputs");
    // The next contract keeps them private without being told.
    sandbox.run(["accept", "digits", "--reason", "again", "--by", "me"]).exits(0);
    assert!(!sandbox.path("digits/reproof/goldens").exists(), "the next contract told them");
    sandbox.run(["verify", "digits"]).exits(0);
    // Told, it puts them into the contract.
    sandbox.run(["accept", "digits", "--reason", "open", "--by", "me", "--suite", "public"]).exits(0);
    assert!(sandbox.path("digits/reproof/goldens").exists(), "they were asked for in the contract");
    sandbox.run(["verify", "digits"]).exits(0);
}

#[test]
fn elsewhere_there_is_no_answer_about_outputs_and_one_about_bytes() {
    let sandbox = sandbox();
    recorded(&sandbox);
    let elsewhere = |arguments: &[&str]| {
        let all = [&["verify", "digits"], arguments].concat();
        sandbox.command(all).variable("REPROOF_PRIVATE", sandbox.path("nowhere")).run()
    };
    elsewhere(&[]).exits(3).says("inputs and goldens are private and not here").says("REPROOF_PRIVATE");
    elsewhere(&["--bytes-only"]).exits(0);
}

#[test]
fn a_changed_private_golden_is_corrupt() {
    let sandbox = sandbox();
    let contract = recorded(&sandbox);
    let id = contract["private"]["id"].as_str().unwrap().rsplit(':').next().unwrap().to_owned();
    let vault = sandbox.home().join(".local/share/reproof/private").join(id);
    let files = contract["private"]["files"].as_object().unwrap();
    let golden = files.keys().find(|name| name.ends_with("outputs.safetensors")).unwrap();
    let mut bytes = std::fs::read(vault.join(golden)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(vault.join(golden), bytes).unwrap();
    let verified = sandbox.run(["verify", "digits", "--json"]);
    verified.exits(1);
    assert_eq!(verified.json()["verdict"], "corrupt");
    // The same values recorded again take the place of the damaged ones.
    std::fs::remove_dir_all(sandbox.path("digits/reproof")).unwrap();
    record(&sandbox);
    sandbox.run(["verify", "digits"]).exits(0);
}

#[test]
fn only_their_owner_can_read_private_values() {
    use std::os::unix::fs::PermissionsExt as _;

    let sandbox = sandbox();
    recorded(&sandbox);
    let root = sandbox.home().join(".local/share/reproof/private");
    for entry in std::fs::read_dir(root).unwrap() {
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}

#[test]
fn reports_tell_no_private_value() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "epsilon.onnx");
    place(&sandbox, "planted/inputs/perceptron.float32.npz", "pixels.npz");
    let record =
        ["record", "model.onnx", "--cases", "pixels.npz", "--suite", "private", "--runner", "referee"];
    sandbox.run(record).exits(0);
    let verify =
        ["verify", "epsilon.onnx", "--contract", "model.onnx.reproof", "--runner", "referee", "--json"];
    let verified = sandbox.run(verify);
    verified.exits(1);
    assert_eq!(verified.json()["verdict"], "drifted");
    let text = verified.stdout();
    assert!(text.contains("the values are private"), "{text}");
    assert!(!text.contains("where the golden has") && !text.contains("\"worst\": {"), "{text}");
}

#[test]
fn personal_data_does_not_lie_beside_an_artifact_unasked() {
    let models = TORCH.sandbox();
    models.sandbox.write("letters/ada.txt", "The quick Fox writes to ada@example.org\n");
    models.sandbox.write("m/counter.bin", "what a function of nothing but Python needs of a file");
    let counts =
        "import numpy\n\n\ndef made():\n    return lambda text: numpy.array([len(text)], numpy.float32)\n";
    models.sandbox.write("counting.py", counts);
    let record = |more: &[&str]| {
        let all = ["--budget", "1s", "--cases", "letters", "--loader", "counting:made"];
        models.run("record", "counter.bin", &[&all[..], more].concat())
    };
    record(&[]).exits(1).complains("the case ada holds an e-mail address").complains("--suite private");
    record(&["--allow", "personal-data"]).exits(0);
    let contract =
        std::fs::read_to_string(models.sandbox.path("m/counter.bin.reproof/contract.json")).unwrap();
    let contract: Value = serde_json::from_str(&contract).unwrap();
    let data = &contract["suite"][0]["data"];
    assert_eq!((&data["class"], &data["found"][0]), (&"personal".into(), &"an e-mail address".into()));
    std::fs::remove_dir_all(models.sandbox.path("m/counter.bin.reproof")).unwrap();
    record(&["--suite", "private"]).exits(0);
    models.run("verify", "counter.bin", &[]).exits(0).never_mentions("ada@example.org");
}
