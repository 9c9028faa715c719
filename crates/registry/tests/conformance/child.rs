//! This program, started again by its own cases: what must happen in another process.

use std::env;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use reproof_registry::{Options, Registry};

use crate::place::{by, new, production};

/// Names the job; only the cases here set it.
const JOB: &str = "REPROOF_REGISTRY_TEST_JOB";

/// Does the job that this process was started for. `false` if it was started for none.
pub(crate) fn ran() -> bool {
    let Ok(job) = env::var(JOB) else { return false };
    let arguments: Vec<String> = env::args().skip(1).collect();
    match job.as_str() {
        "killed" => killed(&arguments[0], &arguments[1], arguments[2].parse().unwrap()),
        "move" => moves(&arguments[0], &arguments[1]),
        "read" => reads(&arguments[0]),
        other => panic!("no job `{other}`"),
    }
    true
}

/// A command that starts this program again for a job.
pub(crate) fn command(program: &str, job: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.env(JOB, job).args(arguments).stdin(Stdio::null());
    command
}

/// Starts a job whose output is read later.
pub(crate) fn start(job: &str, arguments: &[&str]) -> Child {
    let program = env::current_exe().unwrap();
    command(program.to_str().unwrap(), job, arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Does an act and is killed, as by `kill -9`, before its statement of this number.
fn killed(url: &str, act: &str, number: u32) {
    let told = AtomicU32::new(0);
    let observer = Arc::new(move |_: &str| {
        if told.fetch_add(1, Ordering::Relaxed) == number {
            let own = rustix::process::getpid();
            rustix::process::kill_process(own, rustix::process::Signal::KILL).unwrap();
        }
    });
    let registry =
        Registry::open_with(url, &Options { observer: Some(observer), ..Options::default() }).unwrap();
    match act {
        "push" => drop(registry.add_version(by("child", 50), &new("5.0.0", 5)).unwrap()),
        "alias" => drop(registry.set_alias(by("child", 51), &production(None), "5.0.0").unwrap()),
        other => panic!("no act `{other}`"),
    }
}

/// Moves the alias from nowhere to a version as soon as the parent says so.
fn moves(url: &str, version: &str) {
    let registry = Registry::open(url).unwrap();
    let outcome = registry.set_alias(by(version, 60), &production(None), version);
    print_line(&match outcome {
        Ok(_) => "won".to_owned(),
        Err(error) => error.to_string(),
    });
}

/// Reads as whoever it was started as, and tries to write.
fn reads(url: &str) {
    let registry = Registry::open(url).unwrap();
    let version = registry.version("team/model", "1.0.0").unwrap();
    print_line(&version.artifact.to_string());
    print_line(&registry.add_version(by("child", 50), &new("5.0.0", 5)).unwrap_err().to_string());
}

/// A line for the parent.
fn print_line(line: &str) {
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).unwrap();
}
