//! Models of Python's frameworks, recorded and verified in the interpreter that has them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use reproof_testing::{Finished, Sandbox, folder, generated, python};

use crate::fixtures::sandbox;

/// The interpreter with torch, transformers and scikit-learn.
pub(crate) fn interpreter() -> &'static str {
    static PYTHON: LazyLock<String> = LazyLock::new(|| {
        let found = python::environment("checkpoints");
        found.unwrap_or_else(|error| panic!("no Python for the tests: {error}")).display().to_string()
    });
    &PYTHON
}

/// A sandbox with what `tests/python/frameworks.py` makes.
pub(crate) fn models() -> Sandbox {
    static FOLDER: LazyLock<PathBuf> =
        LazyLock::new(|| generated::by_script(interpreter().as_ref(), "frameworks.py", &["frameworks"]));
    let sandbox = sandbox();
    folder::copy(&FOLDER, &sandbox.path("m"));
    sandbox
}

/// A sandbox with the models, one of which was recorded: `[artifact, "--cases", cases, ..]`. That takes as long as what follows,
/// so tests that want the same start from copies of one.
#[track_caller]
pub(crate) fn recorded(arguments: &[&str]) -> Sandbox {
    type Made = Mutex<BTreeMap<String, Arc<OnceLock<PathBuf>>>>;
    static MADE: Made = Mutex::new(BTreeMap::new());

    let key = arguments.join(" ");
    let made = Arc::clone(MADE.lock().unwrap().entry(key.clone()).or_default());
    let kept = made.get_or_init(|| {
        let sandbox = models();
        run(&sandbox, "record", &[arguments, &["--budget", "1s"]].concat()).exits(0);
        let name = reproof_digest::blob(key.as_bytes()).to_hex();
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recorded").join(name);
        let _ = std::fs::remove_dir_all(&kept);
        folder::copy(&sandbox.path("m"), &kept.join("m"));
        folder::copy(&sandbox.home(), &kept.join("home"));
        kept
    });
    let sandbox = sandbox();
    folder::copy(&kept.join("m"), &sandbox.path("m"));
    // Whom to trust was told with the recording.
    folder::copy(&kept.join("home"), &sandbox.home());
    sandbox
}

#[track_caller]
pub(crate) fn run(sandbox: &Sandbox, command: &str, arguments: &[&str]) -> Finished {
    let all = [&[command], arguments, &["--python", interpreter()]].concat();
    sandbox.command(all).run()
}

/// Records and verifies; both must tell that the model is whole.
#[track_caller]
pub(crate) fn keeps_its_promise(
    artifact: &str,
    cases: &str,
    record: &[&str],
    verify: &[&str],
) -> serde_json::Value {
    let path = format!("m/{artifact}");
    let sandbox = recorded(&[&[path.as_str(), "--cases", cases], record].concat());
    let report = run(&sandbox, "verify", &[&[path.as_str(), "--json"], verify].concat());
    report.exits(0);
    report.json()
}

/// Tries to record, which must fail with this exit code, message and hint.
#[track_caller]
fn refused(artifact: &str, arguments: &[&str], code: i32, message: &str, hint: &str) {
    let sandbox = models();
    let path = format!("m/{artifact}");
    let cases = ["--cases", "m/images"];
    let finished = run(&sandbox, "record", &[&[path.as_str()], &cases[..], arguments].concat());
    finished.exits(code).prints("").complains(message).complains(hint);
}

#[test]
fn a_checkpoint_is_loaded_into_what_a_loader_builds() {
    let loader = ["--loader", "loaders:build"];
    let report = keeps_its_promise("weights.pt", "m/images", &loader, &[]);
    assert_eq!(report["verdict"], "identical");
    assert_eq!(report["cases"].as_array().unwrap().len(), 2);
    keeps_its_promise("half.pt", "m/images", &["--loader", "loaders:function_of_half"], &[]);
}

#[test]
fn weights_in_safetensors_are_loaded_into_what_a_loader_builds() {
    let sandbox = recorded(&["m/weights.pt", "--cases", "m/images", "--loader", "loaders:build"]);
    let script = "import sys, torch; from safetensors.torch import save_file\n\
                  saved = torch.load(sys.argv[1], weights_only=True)\n\
                  saved = next((value for value in saved.values() if isinstance(value, dict)), saved)\n\
                  save_file({name: value.contiguous() for name, value in saved.items()}, sys.argv[2])";
    let [from, to] = ["m/weights.pt", "m/weights.safetensors"].map(|name| sandbox.path(name));
    let converted =
        std::process::Command::new(interpreter()).args(["-c", script]).args([&from, &to]).status();
    assert!(converted.unwrap().success());
    let other =
        ["--contract", "m/weights.pt.reproof", "--relation", "repackaged", "--loader", "loaders:build"];
    run(&sandbox, "verify", &[&["m/weights.safetensors"], &other[..]].concat()).exits(0).says("identical");
}

#[test]
fn torchscript_exported_programs_and_whole_modules_run() {
    assert_eq!(keeps_its_promise("scripted.pt", "m/images", &[], &[])["verdict"], "identical");
    // Verifying the same bytes needs no second word.
    assert_eq!(keeps_its_promise("program.pt2", "m/images", &["--trust"], &[])["verdict"], "identical");
    assert_eq!(keeps_its_promise("whole.pt", "m/images", &["--trust"], &[])["verdict"], "identical");
}

#[test]
fn code_of_the_artifact_runs_with_trust_in_these_bytes_alone() {
    refused("whole.pt", &[], 3, "leave to run what is", "--trust");
    refused("program.pt2", &[], 3, "leave to run what is", "--trust");
    let sandbox = recorded(&["m/whole.pt", "--cases", "m/images", "--trust"]);
    let trusted = sandbox.home().join(".config/reproof/trusted");
    let told = std::fs::read_to_string(&trusted).unwrap();
    assert_eq!(told.lines().filter(|line| line.starts_with("artifact-v1:")).count(), 1, "{told}");
    let contract = std::fs::read_to_string(sandbox.path("m/whole.pt.reproof/contract.json")).unwrap();
    assert!(!contract.contains("trust"), "{contract}");
    // Another file in its place asks again; its bytes differ in the padding of the archive alone.
    let mut bytes = std::fs::read(sandbox.path("m/whole.pt")).unwrap();
    let padding = bytes.windows(8).position(|window| window == b"ZZZZZZZZ").expect("torch pads with Z");
    bytes[padding] = b'Y';
    sandbox.write("m/whole.pt", &bytes);
    run(&sandbox, "verify", &["m/whole.pt"]).exits(1).says("leave to run what is");
    // Trust is taken back by taking the line out, and lies where the user says.
    std::fs::write(&trusted, "artifact-v1:nothing\n").unwrap();
    run(&sandbox, "verify", &["m/whole.pt"]).exits(3).complains("trusted");
    let elsewhere = sandbox.path("settings");
    let all = ["verify", "m/whole.pt", "--trust", "--python", interpreter()];
    sandbox.command(all).variable("XDG_CONFIG_HOME", &elsewhere).run().exits(1).says("corrupt");
    assert!(elsewhere.join("reproof/trusted").is_file());
}

#[test]
fn a_loader_that_a_contract_names_runs_where_somebody_named_it() {
    let sandbox = recorded(&["m/weights.pt", "--cases", "m/images", "--loader", "loaders:build"]);
    run(&sandbox, "verify", &["m/weights.pt"]).exits(0);
    // As on another machine, which knows nothing of this contract.
    std::fs::remove_file(sandbox.home().join(".config/reproof/trusted")).unwrap();
    let asked = run(&sandbox, "verify", &["m/weights.pt"]);
    asked.exits(3).says("leave to run the loader `loaders:build`").says("--loader loaders:build");
    run(&sandbox, "verify", &["m/weights.pt", "--loader", "loaders:build"]).exits(0);
    run(&sandbox, "verify", &["m/weights.pt"]).exits(3);
    run(&sandbox, "verify", &["m/weights.pt", "--trust"]).exits(0);
    run(&sandbox, "verify", &["m/weights.pt"]).exits(0);
}

#[test]
fn a_file_beside_the_artifact_stands_in_for_no_package() {
    let sandbox = recorded(&["m/bert", "--cases", "m/tokens"]);
    for name in ["torch.py", "transformers.py", "json.py", "sitecustomize.py"] {
        let text = "import pathlib\npathlib.Path(__file__).with_suffix('.ran').touch()\n";
        sandbox.write(format!("m/bert/{name}"), text);
        sandbox.write(name, text);
    }
    // It is another folder than the recorded one, which runs all the same.
    let verified = run(&sandbox, "verify", &["m/bert", "--json"]);
    verified.exits(1);
    assert_eq!(verified.json()["cases"][0]["verdict"], "identical", "{:#}", verified.json());
    for folder in ["", "m/bert"] {
        let entries = std::fs::read_dir(sandbox.path(folder)).unwrap();
        let ran =
            entries.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|e| e == "ran"));
        assert_eq!(ran.count(), 0, "something in `{folder}` ran");
    }
}

#[test]
fn hostile_pickles_of_estimators_run_nothing() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/hostile_estimators.py");
    let worker = concat!(env!("CARGO_MANIFEST_DIR"), "/../../python/worker");
    let finished = std::process::Command::new(interpreter()).args(["-B", script, worker]).output().unwrap();
    let (printed, errors) = (finished.stdout, finished.stderr);
    let told = format!("{}{}", String::from_utf8_lossy(&printed), String::from_utf8_lossy(&errors));
    assert!(finished.status.success(), "{told}");
    assert!(told.contains("26 hostile pickles"), "{told}");
}

#[test]
fn transformers_and_scikit_learn_run() {
    assert_eq!(keeps_its_promise("bert", "m/tokens", &[], &[])["verdict"], "identical");
    assert_eq!(keeps_its_promise("pipeline.joblib", "m/tables", &[], &[])["verdict"], "identical");
    assert_eq!(keeps_its_promise("forest.joblib", "m/tables", &[], &[])["verdict"], "identical");
}

#[test]
fn a_function_gives_trees_and_may_print_anything() {
    let report = keeps_its_promise("weights.pt", "m/images", &["--loader", "loaders:function"], &[]);
    assert_eq!(report["verdict"], "identical");
}

#[test]
fn a_changed_constant_of_the_code_drifts_and_another_thread_count_does_not() {
    let sandbox = models();
    let record = ["m/weights.pt", "--cases", "m/images", "--loader", "loaders:build"];
    let recorded = run(&sandbox, "record", &[&record[..], &["--json"]].concat());
    recorded.exits(0);
    assert_eq!(recorded.json()["referee"]["runner"], "python");
    run(&sandbox, "verify", &["m/weights.pt", "--threads", "2"]).exits(0);
    let changed = run(&sandbox, "verify", &["m/weights.pt", "--loader", "loaders:build_epsilon", "--json"]);
    changed.exits(1);
    assert_eq!(changed.json()["verdict"], "drifted");
    let accepted = ["m/weights.pt", "--loader", "loaders:build_epsilon", "--reason", "another epsilon"];
    run(&sandbox, "accept", &[&accepted[..], &["--budget", "1s"]].concat()).exits(0);
    run(&sandbox, "verify", &["m/weights.pt"]).exits(0).says("identical");
}

#[test]
fn what_a_loader_prints_or_leaves_behind_does_no_harm() {
    keeps_its_promise("weights.pt", "m/images", &["--loader", "loaders:prints_much"], &[]);
    // The sandbox fails a command whose child outlives it.
    keeps_its_promise("weights.pt", "m/images", &["--loader", "loaders:forks_and_hangs"], &[]);
}

#[test]
fn what_does_not_deserve_a_golden_is_refused_with_the_fix() {
    let loader = |name| ["--loader", name];
    refused("weights.pt", &loader("loaders:build_training"), 1, "`inference-mode` failed", "model.eval()");
    refused("training.pt", &[], 1, "`inference-mode` failed: in training mode: norm", "model.eval()");
    refused("weights.pt", &loader("loaders:counting"), 1, "`kept-state` failed", "calls");
    refused("weights.pt", &loader("loaders:random_head"), 1, "`fresh-loads` failed", "head.weight");
    let sandbox = models();
    let headless = run(&sandbox, "record", &["m/headless", "--cases", "m/tokens"]);
    headless.exits(1).complains("`fresh-loads` failed").complains("classifier.weight");
}

#[test]
fn what_a_loader_does_wrong_is_told_in_its_own_words() {
    let loader = |name| ["--loader", name];
    refused("weights.pt", &loader("loaders:raises"), 1, "ValueError: the tokenizer is from", "loaders.py:");
    refused("weights.pt", &loader("loaders:exits_politely"), 1, "called exit('no licence')", "");
    refused("weights.pt", &loader("loaders:build_other"), 1, "size mismatch for head.weight", "");
    refused("weights.pt", &loader("loaders:lacks"), 3, "`a_package_that_nobody_has`", "--python");
    refused("weights.pt", &loader("loaders:absent"), 3, "`absent` in the loader's module", "build_other");
    refused("weights.pt", &loader("nowhere:build"), 3, "the module `nowhere`", "start reproof in the folder");
    refused("weights.pt", &[], 3, "the code of the model", "--loader");
}

#[test]
fn a_worker_that_dies_hangs_or_calls_home_is_no_verdict() {
    let loader = |name| ["--loader", name];
    refused("weights.pt", &loader("loaders:exits"), 3, "exit code 7", "");
    refused("weights.pt", &loader("loaders:segfault"), 3, "signal 11", "in segfault");
    refused("weights.pt", &loader("loaders:calls_home"), 3, "the network, which is denied", "--network");
    let hangs = ["--loader", "loaders:hangs", "--timeout", "20s"];
    refused("weights.pt", &hangs, 3, "took longer than 20.0 s", "--timeout");
    let eats = ["--loader", "loaders:eats_memory", "--memory-limit", "1GiB"];
    refused("weights.pt", &eats, 3, "more than 1024 MiB of memory", "--memory-limit");
}

#[test]
fn a_missing_interpreter_and_missing_cases_are_told() {
    let sandbox = models();
    let nobody = ["record", "m/scripted.pt", "--cases", "m/images", "--python", "nobody/python"];
    sandbox.command(nobody).run().exits(3).complains("could not start").complains("--python INTERPRETER");
    run(&sandbox, "record", &["m/scripted.pt"]).exits(2).complains("give inputs with --cases FILE");
}

#[test]
fn the_worker_keeps_to_python_3_9() {
    let check = "import ast, pathlib, sys\n\
                 for path in pathlib.Path(sys.argv[1]).rglob('*.py'):\n\
                 \x20   ast.parse(path.read_text(), str(path), feature_version=(3, 9))";
    let worker = concat!(env!("CARGO_MANIFEST_DIR"), "/../../python/worker");
    let parsed = std::process::Command::new(interpreter()).args(["-c", check, worker]).output().unwrap();
    assert!(parsed.status.success(), "{}", String::from_utf8_lossy(&parsed.stderr));
}
