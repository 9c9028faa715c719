//! A recording that is killed leaves the artifact alone, and the contract whole or absent.
#![cfg(unix)]

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use reproof_testing::Sandbox;
use reproof_testing::folder::Snapshot;

use crate::fixtures::{place, sandbox};

/// Moments at which the recording is killed, in milliseconds: while it reads, runs, repeats, perturbs, writes.
const MOMENTS: [u64; 9] = [2, 10, 30, 60, 120, 200, 300, 450, 700];

/// Kills a command with SIGKILL after a moment, unless it has ended.
pub(crate) fn killed(sandbox: &Sandbox, command: &[&str], after: u64) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_reproof"))
        .args(command)
        .current_dir(sandbox.folder())
        .env_clear()
        .env("TMPDIR", sandbox.temporary())
        .env("HOME", sandbox.home())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(after));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The artifact's own files: everything that is not of a contract or a draft of one.
fn artifact(sandbox: &Sandbox) -> Vec<String> {
    let found = Snapshot::of(&sandbox.folder());
    let own = found.paths().filter(|path| !path.contains("reproof"));
    own.map(str::to_owned).collect()
}

#[test]
fn a_killed_recording_leaves_a_whole_contract_or_none() {
    let mut unfinished = 0;
    for moment in MOMENTS {
        let sandbox = sandbox();
        place(&sandbox, "planted/convolution.float32.onnx", "folder/model.onnx");
        sandbox.write("folder/labels.txt", "zero one two");
        let (files, digest) = (artifact(&sandbox), sandbox.run(["digest", "folder"]).stdout().to_owned());
        killed(&sandbox, &["record", "folder", "--runner", "referee"], moment);

        assert_eq!(artifact(&sandbox), files, "after {moment} ms");
        sandbox.run(["digest", "folder"]).exits(0).prints(&digest);
        if sandbox.path("folder/reproof").exists() {
            sandbox.run(["verify", "folder"]).exits(0).says("identical");
            continue;
        }
        unfinished += 1;
        sandbox.run(["verify", "folder"]).exits(3).complains("no contract at");
        sandbox.run(["record", "folder", "--runner", "referee"]).exits(0);
        sandbox.run(["verify", "folder"]).exits(0).says("identical");
    }
    assert!(unfinished >= 3, "only {unfinished} recordings were killed in time");
}

#[test]
fn a_killed_acceptance_leaves_the_old_contract_or_the_new_one() {
    let sandbox = sandbox();
    place(&sandbox, "planted/convolution.float32.onnx", "model.onnx");
    sandbox.run(["record", "model.onnx", "--runner", "referee"]).exits(0);
    let arguments = ["accept", "model.onnx", "--reason", "a test", "--by", "tester"];
    for moment in [5, 50, 150, 400, 800] {
        killed(&sandbox, &arguments, moment);
        sandbox.run(["verify", "model.onnx"]).exits(0).says("identical");
    }
    sandbox.run(arguments).exits(0);
    sandbox.run(["verify", "model.onnx"]).exits(0).says("identical");
}

#[test]
fn a_killed_private_recording_leaves_no_value_beside_the_artifact() {
    let mut unfinished = 0;
    for moment in MOMENTS {
        let sandbox = sandbox();
        place(&sandbox, "planted/convolution.float32.onnx", "folder/model.onnx");
        killed(&sandbox, &["record", "folder", "--runner", "referee", "--suite", "private"], moment);
        let found = Snapshot::of(&sandbox.folder());
        let told: Vec<&str> =
            found.paths().filter(|path| path.contains("inputs") || path.contains("outputs")).collect();
        assert!(told.is_empty(), "after {moment} ms: {told:?}");
        unfinished += u32::from(!sandbox.path("folder/reproof").exists());
    }
    assert!(unfinished >= 3, "only {unfinished} recordings were killed in time");
}
