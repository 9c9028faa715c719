//! Command lines that make no sense: exit code 2, what is expected, nothing written.

use reproof_testing::folder::Snapshot;

use crate::fixtures::{place, sandbox};

#[test]
fn help_and_version_are_there() {
    let sandbox = sandbox();
    sandbox.run(["--version"]).exits(0).says("reproof 0.");
    let help = sandbox.run(["--help"]);
    help.exits(0).never_mentions("run-unit");
    for command in [
        "inspect",
        "digest",
        "diff",
        "scan",
        "cases",
        "record",
        "accept",
        "verify",
        "schema",
        "completions",
        "man",
    ] {
        help.says(command);
        sandbox.run([command, "--help"]).exits(0).says("Usage: reproof");
    }
    sandbox.run::<&str>([]).exits(2).prints("").complains("Usage: reproof");
}

#[test]
fn unknown_values_name_the_known_ones() {
    let sandbox = sandbox();
    place(&sandbox, "planted/integers.onnx", "model.onnx");
    let before = Snapshot::of(&sandbox.folder());
    for (arguments, words) in [
        (&["record", "model.onnx", "--runner", "tensorflow"][..], "onnx, onnxruntime"),
        (&["verify", "model.onnx", "--relation", "similar"], "repackaged"),
        (&["verify", "model.onnx", "--require", "good"], "identical, equivalent or tolerated"),
        (&["record", "model.onnx", "--allow", "everything"], "nondeterministic, nan, input-blind"),
        (&["record", "model.onnx", "--timeout", "soon"], "expected ms, s, m, h or d"),
        (&["record", "model.onnx", "--memory-limit", "lots"], "expected KiB, MiB, GiB or TiB"),
        (&["record", "model.onnx", "--budget", "1 year"], "expected ms, s, m, h or d"),
        (&["record", "model.onnx", "--tolerance", "result=wide"], "expected OUTPUT=ABSOLUTE,RELATIVE"),
        (&["record", "model.onnx", "--tolerance", "result=1e-3,wide"], "--tolerance"),
        (&["record", "model.onnx", "--seed", "torch"], "expected NAME=VALUE"),
        (&["record", "model.onnx", "--seed", "torch=seven"], "expected a whole number"),
        (&["record", "model.onnx", "--code", "."], "not a git checkout"),
        (&["record", "model.onnx", "--preprocessing", "nowhere.py"], "no file to copy at nowhere.py"),
        (
            &["schema", "everything"],
            "contract, report, diagnosis, engine-errors, diff, drill, fault-drill, scan, environment, matrix, shard, trajectory",
        ),
        (&["completions", "tcsh"], "bash"),
        (&["verfy", "model.onnx"], "verify"),
        (&["verify", "model.onnx", "--contracts", "x"], "--contract"),
        (&["verify"], "<PATH>"),
    ] {
        let refused = sandbox.run(arguments);
        refused.exits(2).prints("").complains(words).never_mentions("panicked");
    }
    before.unchanged(&sandbox.folder());
}

#[test]
fn missing_paths_are_named() {
    let sandbox = sandbox();
    for arguments in [
        &["record", "nothing.onnx"][..],
        &["verify", "nothing.onnx"],
        &["inspect", "nothing.onnx"],
        &["digest", "nothing.onnx"],
        &["cases", "nothing.onnx"],
        &["accept", "nothing.onnx", "--reason", "none"],
    ] {
        let refused = sandbox.run(arguments);
        refused.prints("").complains("nothing.onnx").never_mentions("panicked").exits(2);
    }
    assert_eq!(Snapshot::of(&sandbox.folder()).paths().count(), 0);
}

#[test]
fn files_and_folders_are_told_apart() {
    let sandbox = sandbox();
    sandbox.write("empty/readme.txt", "no model");
    place(&sandbox, "planted/integers.onnx", "two/first.onnx");
    place(&sandbox, "planted/integers.onnx", "two/second.onnx");
    place(&sandbox, "planted/integers.onnx", "model.onnx");
    let before = Snapshot::of(&sandbox.folder());
    for command in ["inspect", "digest", "cases", "record"] {
        let refused = sandbox.run([command, "empty"]);
        refused.exits(3).prints("").complains("empty holds no model file");
        let refused = sandbox.run([command, "two"]);
        refused.exits(3).complains("first.onnx, second.onnx").complains("exactly one");
    }
    // A file where the contract's folder should be, and a folder as a case or project file.
    let refused = sandbox.run(["verify", "model.onnx", "--contract", "two/first.onnx"]);
    refused.exits(3).complains("two/first.onnx");
    let refused = sandbox.run(["record", "model.onnx", "--contract", "two/first.onnx"]);
    assert_ne!(refused.code(), Some(0), "{}", refused.everything());
    refused.never_mentions("panicked").complains("two/first.onnx");
    let refused = sandbox.run(["record", "model.onnx", "--project", "empty"]);
    refused.exits(3).complains("could not read empty");
    let refused = sandbox.run(["verify", "model.onnx"]);
    refused.exits(3).complains("no contract at model.onnx.reproof").complains("reproof record");
    before.unchanged(&sandbox.folder());
    // A folder recorded as one artifact, verified as a file, is another artifact.
    std::fs::create_dir(sandbox.path("one")).unwrap();
    std::fs::rename(sandbox.path("model.onnx"), sandbox.path("one/model.onnx")).unwrap();
    sandbox.run(["record", "one"]).exits(0);
    let verified =
        sandbox.run(["verify", "one/model.onnx", "--contract", "one/reproof", "--relation", "same"]);
    verified.exits(1).says("corrupt").never_mentions("panicked");
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let sandbox = sandbox();
    place(&sandbox, "planted/transformer.float32.onnx", "model.onnx");
    // The reader takes one byte of much and goes.
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_reproof"))
        .args(["schema", "contract"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}
