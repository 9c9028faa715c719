//! The graph of a model in its contract: written by the framework, proved against the goldens, run without it.

use serde_json::Value;

use crate::fixtures::place;

use super::{JAX, Models, TENSORFLOW, TORCH};

const BUILD: [&str; 2] = ["--loader", "loaders:build"];

/// Records with a graph; gives what the contract says of it.
#[track_caller]
fn frozen(models: &Models<'_>, artifact: &str, cases: &str, arguments: &[&str]) -> Value {
    let cases = format!("m/{cases}");
    let mut all = vec!["--json", "--cases", cases.as_str()];
    if !arguments.contains(&"--budget") {
        all.extend(["--budget", "1s"]);
    }
    all.extend(arguments);
    let recorded = models.run("record", artifact, &all);
    recorded.exits(0);
    let frozen = recorded.json()["frozen"].clone();
    let verdict = frozen["verdict"].as_str().unwrap();
    let tolerates = arguments.contains(&"--tolerance");
    assert!(
        ["identical", "equivalent"].contains(&verdict) || (tolerates && verdict == "tolerated"),
        "{frozen:#}"
    );
    frozen
}

/// Verifies the graph itself against the contract that holds it, without the model and its framework's user code.
#[track_caller]
fn keeps_the_promise(models: &Models<'_>, artifact: &str, path: &str, arguments: &[&str]) {
    let (contract, graph) = (format!("m/{artifact}.reproof"), format!("m/{artifact}.reproof/{path}"));
    let verify = ["verify", &graph, "--contract", &contract, "--json"];
    let verified = models.sandbox.run([&verify[..], arguments].concat());
    verified.exits(0);
    let report = verified.json();
    assert_eq!(report["relation"], "converted");
    // What the built-in engine gives of an ONNX graph is recorded, and the same bits everywhere.
    let is_defined = report["runner"].as_str().unwrap().starts_with("referee");
    let verdict = report["verdict"].as_str().unwrap();
    assert_eq!(is_defined, verdict == "identical" && path == "frozen/model.onnx", "{report:#}");
}

/// Verifies the model itself without Python: the contract's graph stands for the recorded bytes, and for no others.
#[track_caller]
fn is_identical_without_python(models: &Models<'_>, artifact: &str, file: &str) {
    let place = format!("m/{artifact}");
    let verify = ["verify", &place, "--runner", "referee", "--json"];
    let verified = models.sandbox.run(verify);
    verified.exits(0);
    assert_eq!(verified.json()["verdict"], "identical");
    let file = models.sandbox.path(format!("m/{file}"));
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, [&whole[..], b" "].concat()).unwrap();
    let other = models.sandbox.run(verify);
    other.exits(1);
    assert!(
        other.stdout().contains("the contract's graph is that of the recorded bytes alone"),
        "{}",
        other.stdout()
    );
    std::fs::write(&file, whole).unwrap();
}

#[test]
fn a_module_of_torch_becomes_onnx_that_runs_without_python() {
    let models = TORCH.sandbox();
    // With everything that tells a harmless difference: rounding moves bits between engines.
    let onnx =
        frozen(&models, "weights.pt", "images", &[&BUILD[..], &["--freeze", "--budget", "9m"]].concat());
    assert_eq!((&onnx["form"], &onnx["path"]), (&"onnx".into(), &"frozen/model.onnx".into()), "{onnx:#}");
    assert!(onnx["exporter"].as_str().unwrap().starts_with("torch.onnx of torch "), "{onnx:#}");
    assert!(onnx["cases"].as_array().unwrap().len() >= 2, "{onnx:#}");
    let difference = onnx["definition_difference"].as_f64().expect("both have a float64 run");
    assert!(difference < 1e-6, "{onnx:#}");
    // Nobody has to say what runs it.
    keeps_the_promise(&models, "weights.pt", "frozen/model.onnx", &[]);
    is_identical_without_python(&models, "weights.pt", "weights.pt");
    // The graph is part of the contract: one bit of it, and the contract is no longer whole.
    let path = models.sandbox.path("m/weights.pt.reproof/frozen/model.onnx");
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let damaged = models.run("verify", "weights.pt", &["--bytes-only", "--json"]);
    damaged.exits(1);
    assert_eq!(damaged.json()["verdict"], "corrupt");
}

#[test]
fn other_frameworks_with_graphs_of_their_own_keep_one() {
    let models = JAX.sandbox();
    let exported = ["--loader", "flax_loaders:build", "--freeze", "--budget", "9m"];
    let exported = frozen(&models, "variables.msgpack", "images", &exported);
    assert_eq!(exported["form"], "stablehlo", "{exported:#}");
    let python = ["--python", models.interpreter, "--trust"];
    keeps_the_promise(&models, "variables.msgpack", "frozen/model.stablehlo", &python);

    let models = TENSORFLOW.sandbox();
    let saved = frozen(&models, "digits.keras", "images", &["--freeze"]);
    assert_eq!((&saved["form"], &saved["path"]), (&"savedmodel".into(), &"frozen".into()), "{saved:#}");
    keeps_the_promise(&models, "digits.keras", "frozen", &["--python", models.interpreter]);
}

#[test]
fn texts_are_cut_before_the_graph_of_a_transformer() {
    let models = TORCH.sandbox();
    // On some processors the program takes other kernels than the module.
    let native = frozen(&models, "reader", "texts", &["--freeze=native", "--tolerance", "logits=1e-5,1e-3"]);
    assert_eq!(native["form"], "torch-export", "{native:#}");
    assert!(!native["cases"].as_array().unwrap().is_empty(), "{native:#}");
    // The built-in engine has no graph of this contract to run.
    let unable = models.sandbox.run(["verify", "m/reader", "--runner", "referee"]);
    unable.exits(3);
    assert!(unable.stdout().contains("the built-in engine runs ONNX graphs"), "{}", unable.stdout());
    std::fs::remove_dir_all(models.sandbox.path("m/reader/reproof")).unwrap();
    frozen(&models, "reader", "texts", &["--freeze=onnx", "--tolerance", "logits=1e-5,1e-3"]);
    is_identical_without_python(&models, "reader", "reader/config.json");
}

#[test]
fn a_graph_that_computes_something_else_is_no_proof() {
    let models = TORCH.sandbox();
    let loader = |name| ["--loader", name, "--freeze=native"];
    // It multiplies while it is exported, and at no other time.
    let seen = "the graph that torch.export of torch";
    models.refuses("weights.pt", "images", &loader("loaders:build_two_faced"), 1, seen);
    // Its Python looks at values, which no graph can hold.
    let looks = "no graph to freeze: a graph of this module as a program of torch.export";
    models.refuses("weights.pt", "images", &loader("loaders:build_deciding"), 3, looks);
    assert!(!models.sandbox.path("m/weights.pt.reproof").exists(), "a contract was left behind");
}

/// It is told by loading alone, before anything is computed that a graph would be proved with.
#[test]
fn what_has_no_graph_says_so() {
    let models = TORCH.sandbox();
    let sklearn = "sklearn computes step by step and exports none";
    models.refuses("pipeline.joblib", "tables", &["--freeze"], 3, sklearn);
    let written = "a graph of generated text, which is written in a loop";
    let arguments = ["--adapter", "transformers-generate", "--freeze"];
    models.refuses("writer", "texts", &arguments, 3, written);
}

#[test]
fn what_is_a_graph_or_is_not_run_says_so() {
    let models = TENSORFLOW.sandbox();
    models.refuses("savedmodel", "images", &["--freeze"], 3, "the artifact is one already");
    let sandbox = crate::fixtures::sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    sandbox.run(["record", "model.onnx", "--freeze"]).exits(3).complains("the artifact is one already");
    let weights = models.sandbox.write("w.npz", "no archive");
    sandbox.run(["record", &weights.display().to_string(), "--freeze"]).exits(3).complains("w.npz");
    sandbox
        .run(["record", "model.onnx", "--freeze", "--from", "x"])
        .exits(2)
        .complains("cannot be used with");
    sandbox.run(["record", "model.onnx", "--freeze=svg"]).exits(2).complains("native");
    assert!(!sandbox.path("model.onnx.reproof").exists(), "a contract was left behind");
}
