//! Models that take too long or too much, and engines that are not there: no answer, never a wrong one.

use std::time::Duration;

use reproof_contract::Verdict;
use reproof_testing::Sandbox;
use reproof_testing::folder::Snapshot;

use crate::comparing::{check, report};
use crate::fixtures::{place, run, sandbox};

/// A sandbox with an odd planted model as `model.onnx`.
fn with_odd(name: &str) -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, &format!("planted/{name}.onnx"), "model.onnx");
    sandbox
}

/// Recording gives no answer: exit code 3, the words, the way out, nothing written.
#[track_caller]
fn undecided(sandbox: &Sandbox, arguments: &[&str], words: &str, hint: &str) {
    let before = Snapshot::of(&sandbox.folder());
    let recorded = run(sandbox, &[&["record", "model.onnx", "--json"], arguments].concat());
    recorded.exits(3).prints("").complains(words).complains(hint).never_mentions("panicked");
    before.unchanged(&sandbox.folder());
    let left: Vec<String> = Snapshot::of(&sandbox.temporary()).paths().map(str::to_owned).collect();
    assert!(left.is_empty(), "temporary files are left: {}", left.join(", "));
}

/// Writes the input of the odd models as a case: two rows of six numbers.
fn give_numbers(sandbox: &Sandbox) -> &'static str {
    let numbers = (0..12).flat_map(|index| (index as f32 - 6.0).to_le_bytes());
    let header = r#"{"numbers":{"dtype":"F32","shape":[2,6],"data_offsets":[0,48]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    let bytes: Vec<u8> = length.into_iter().chain(header.bytes()).chain(numbers).collect();
    sandbox.write("numbers.safetensors", bytes);
    "numbers.safetensors"
}

#[test]
fn a_model_that_never_ends_is_stopped_by_the_time_limit() {
    let sandbox = with_odd("endless-loop");
    let limits = ["--runner", "onnxruntime", "--timeout", "1s"];
    let start = std::time::Instant::now();
    undecided(&sandbox, &limits, "the run took longer than 1.0 s", "--timeout");
    assert!(start.elapsed() < Duration::from_secs(20), "one second, not one for each case");

    // The same as a new version of something that was recorded.
    place(&sandbox, "planted/integers.onnx", "other.onnx");
    sandbox.run(["record", "other.onnx", "--runner", "referee"]).exits(0);
    let arguments = ["verify", "model.onnx", "--contract", "other.onnx.reproof", "--json"];
    let verified = run(&sandbox, &[&arguments[..], &limits].concat());
    verified.exits(3);
    let found = report(&verified);
    assert_eq!(found.verdict, Verdict::Undecided, "{}", found.summary);
    assert!(found.cases.iter().any(|case| case.verdict == Verdict::Undecided));
}

#[test]
fn memory_beyond_the_limit_is_no_answer() {
    // 64 TiB at once, and 8 GiB: neither says anything about the model.
    for name in ["big-allocation", "slow-allocation"] {
        let sandbox = with_odd(name);
        let cases = give_numbers(&sandbox);
        let arguments = ["--runner", "onnxruntime", "--memory-limit", "512MiB", "--cases", cases];
        undecided(&sandbox, &arguments, "memory", "--memory-limit");
    }
}

#[test]
fn an_engine_that_gives_up_is_no_answer() {
    for (name, words) in [("big-allocation", "a model so large"), ("slow-allocation", "memory allocation of")]
    {
        let sandbox = with_odd(name);
        let cases = give_numbers(&sandbox);
        let arguments = ["--runner", "referee", "--memory-limit", "512MiB", "--cases", cases];
        undecided(&sandbox, &arguments, words, "hint: ");
    }
}

#[test]
fn a_model_within_its_limits_is_recorded_with_them() {
    let sandbox = with_odd("integers");
    let limits = ["--timeout", "2m", "--memory-limit", "2GiB"];
    sandbox.run([&["record", "model.onnx"][..], &limits].concat()).exits(0);
    sandbox.run([&["verify", "model.onnx"][..], &limits].concat()).exits(0);
}

#[test]
fn an_operator_that_the_engine_lacks_is_named_with_the_engine_that_has_it() {
    let sandbox = with_odd("unsupported-built-in");
    undecided(&sandbox, &["--runner", "referee"], "QuickGelu", "--runner onnxruntime");
    run(&sandbox, &["record", "model.onnx", "--runner", "onnxruntime"]).exits(0);
    run(&sandbox, &["verify", "model.onnx"]).exits(0);
    let verified = run(&sandbox, &["verify", "model.onnx", "--runner", "referee", "--json"]);
    verified.exits(3);
    let found = report(&verified);
    assert_eq!(found.verdict, Verdict::Undecided);
    let restore = check(&found, "load.restore");
    assert!(restore.actual.as_deref().unwrap().contains("QuickGelu"), "{restore:?}");
    assert!(restore.hint.as_deref().unwrap().contains("onnxruntime"), "{restore:?}");
    // Without the library the recording engine is not there: another answer than "it broke".
    let alone = sandbox.run(["verify", "model.onnx", "--json"]);
    alone.exits(3);
    assert_eq!(report(&alone).verdict, Verdict::Undecided);
}

#[test]
fn an_operator_that_nobody_has_is_named() {
    let sandbox = with_odd("custom-operator");
    undecided(&sandbox, &["--runner", "referee"], "Mystery", "hint: ");
    undecided(&sandbox, &["--runner", "onnxruntime"], "Mystery", "hint: ");
}

#[test]
fn a_missing_library_says_how_to_get_it() {
    let sandbox = with_odd("integers");
    let before = Snapshot::of(&sandbox.folder());
    for command in ["record", "verify"] {
        let refused = sandbox.run([command, "model.onnx", "--runner", "onnxruntime"]);
        refused.exits(3).prints("").complains("no ONNX Runtime library found");
        refused.complains("pip install onnxruntime").complains("--runner onnx");
        let named = sandbox.run([command, "model.onnx", "--onnxruntime", "nowhere/lib.so"]);
        named.exits(3).prints("").complains("no ONNX Runtime library at nowhere/lib.so");
        let arguments = [command, "model.onnx", "--runner", "onnxruntime"];
        let told = sandbox.command(arguments).variable("ORT_DYLIB_PATH", "nowhere").run();
        told.exits(3).complains("no ONNX Runtime library at nowhere");
    }
    before.unchanged(&sandbox.folder());
}

#[test]
fn a_library_that_is_none_is_refused() {
    let sandbox = with_odd("integers");
    sandbox.write("libonnxruntime.so", "no library");
    undecided_with_library(&sandbox, "libonnxruntime.so");
}

#[track_caller]
fn undecided_with_library(sandbox: &Sandbox, library: &str) {
    let before = Snapshot::of(&sandbox.folder());
    let arguments = ["record", "model.onnx", "--runner", "onnxruntime", "--onnxruntime", library];
    let recorded = sandbox.run(arguments);
    recorded.exits(3).prints("").complains("a usable library").complains("--onnxruntime PATH");
    recorded.never_mentions("panicked");
    before.unchanged(&sandbox.folder());
}

/// Where nobody names a library, the `onnxruntime` package of the `python3` on the PATH is taken and preferred.
#[cfg(unix)]
#[test]
fn the_library_of_the_python_on_the_path_is_found() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = with_odd("integers");
    let program = sandbox.programs().join("python3");
    let python = crate::fixtures::interpreter().display();
    std::fs::write(&program, format!("#!/bin/sh\nexec '{python}' \"$@\"\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let recorded = sandbox.run(["record", "model.onnx"]);
    recorded.exits(0).says("engine    onnxruntime 1.32.0");
    sandbox.run(["verify", "model.onnx"]).exits(0).says("identical");
}
