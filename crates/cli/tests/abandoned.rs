//! A verification that ends before the training that it started.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::resume::checkpoint;

/// Waits until something is so; that it never is would be the failure.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_mins(1), "{what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// However a verification ends, the training ends with it, whatever groups its processes are in, and leaves no copy of the
/// checkpoint; what else was left goes with the next command.
#[test]
fn a_training_ends_with_the_verification_that_wanted_it() {
    const TRAINS: &str = "setsid sh -c 'echo $$ >> numbers; sleep 600' & echo $$ >> numbers; wait";
    let signals = ["-KILL", "-TERM", "-INT"];
    for signal in signals.into_iter().take(if interrupts_are_ignored() { 2 } else { 3 }) {
        let sandbox = checkpoint();
        let left = || fs::read_dir(sandbox.temporary()).unwrap().count();
        let mut verification = Command::new(env!("CARGO_BIN_EXE_reproof"))
            .args(["verify", "step-18.bin", "--resume", TRAINS])
            .current_dir(sandbox.folder())
            .env_clear()
            .envs([
                ("TMPDIR", sandbox.temporary()),
                ("HOME", sandbox.home()),
                ("PATH", "/usr/bin:/bin".into()),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let numbers = || fs::read_to_string(sandbox.path("numbers")).unwrap_or_default();
        until("the training starts", || numbers().lines().count() == 2);
        // An interrupt at the terminal reaches the training, too.
        let groups: Vec<String> = numbers().lines().map(group).collect();
        assert!(groups.contains(&group(&verification.id().to_string())), "{groups:?}");
        let killed = Command::new("kill").args([signal, &verification.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert!(!verification.wait().unwrap().success());
        for process in numbers().lines() {
            // One that has ended waits to be asked for it by whoever inherited it.
            let stat = Path::new("/proc").join(process).join("stat");
            let gone = || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
            until(&format!("process {process} ends after {signal}"), gone);
        }
        // The copy of the checkpoint, and all else of the training.
        until("what the training left goes", || walk(&sandbox.temporary()) == [".held"]);
        sandbox.run(["verify", "step-18.bin"]).exits(0);
        assert_eq!(left(), 0, "{:?}", walk(&sandbox.temporary()));
    }
}

/// Whether whoever runs the tests ignores interrupts, as a shell does for what it puts into the background: what is started
/// from here ignores them, too.
#[expect(clippy::print_stderr, reason = "what is not tested must be seen")]
fn interrupts_are_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let ignored = u64::from_str_radix(mask.trim(), 16).unwrap() & 0b10 != 0;
    if ignored {
        eprintln!("NOT TESTED: interrupts are ignored here; run the tests in the foreground");
    }
    ignored
}

/// The group of a process.
fn group(process: &str) -> String {
    let stat = fs::read_to_string(Path::new("/proc").join(process).join("stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(2).unwrap().to_owned()
}

/// The names of all files below a folder.
fn walk(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let below = entries.flat_map(|entry| {
        if entry.path().is_dir() {
            walk(&entry.path())
        } else {
            vec![entry.file_name().to_string_lossy().into_owned()]
        }
    });
    below.collect()
}
