//! The promises of runs that start from copies of one interpreter.

use std::fs;

use reproof_progress::Silent;
use reproof_runner::Runner;
use tempfile::TempDir;

use crate::Promise;
use crate::python::{call, floats, text};
use crate::subject::{Answer, Subject};

/// What only copies have to prove.
pub(crate) const PROMISES: &[Promise] = &[
    ("a run is a copy", is_a_copy),
    ("what starts in another way each time is no copy", chance_is_no_copy),
    ("the death of a copy is not the end of the others", deaths),
];

/// Runs a function twice, after which a runner makes copies where it can. What was run must stay as long as that is wanted.
pub(crate) fn warm_up(runner: &dyn Runner) -> TempDir {
    let trial = call("echo").case(&[("x", floats(&[1.0]))]);
    for number in 0..2 {
        let scratch = trial.folder.path().join(format!("scratch-{number}"));
        let outcome = runner.run(&trial.spec, &scratch, &Silent).expect("the runner itself works");
        assert!(outcome.load.status.is_done(), "{:?}", outcome.load.status);
    }
    trial.folder
}

/// The parent of the process that ran a function which tells it.
fn parent(printed: &str) -> u32 {
    let told = printed.lines().find_map(|line| line.strip_prefix("parent "));
    told.expect("it is told").parse().expect("a number")
}

fn is_a_copy(subject: &Subject) -> Answer {
    let ran = call("telling").case(&[("x", floats(&[1.5]))]).run(subject);
    assert_ne!(parent(&ran.outcome.printed), std::process::id());
    ran.gives(&[("y", floats(&[1.5]))])
}

fn chance_is_no_copy(subject: &Subject) -> Answer {
    let runner = subject.runner("run-unit");
    let trial = call("hashing").case(&[("x", floats(&[1.5]))]);
    for number in 0..3 {
        let scratch = trial.folder.path().join(format!("scratch-{number}"));
        let outcome = runner.run(&trial.spec, &scratch, &Silent).expect("the runner itself works");
        assert_eq!(parent(&outcome.printed), std::process::id(), "run {number} was a copy");
    }
    Answer::Kept
}

fn deaths(subject: &Subject) -> Answer {
    let runner = subject.runner("run-unit");
    let _kept = warm_up(&*runner);
    for number in 0..2 {
        let dying = call("acting").case(&[("what", text("die"))]);
        let outcome = runner.run(&dying.spec, &dying.folder.path().join("scratch"), &Silent);
        let outcome = outcome.expect("the runner itself works");
        assert!(!outcome.cases[0].step.status.is_done(), "run {number}");
        let trial = call("telling").case(&[("x", floats(&[1.5]))]);
        let outcome = runner.run(&trial.spec, &trial.folder.path().join("scratch"), &Silent);
        let outcome = outcome.expect("the runner itself works");
        assert_ne!(parent(&outcome.printed), std::process::id(), "run {number} is no copy");
        let left = fs::read_dir(trial.folder.path().join("scratch")).expect("outputs are there").count();
        assert!(left > 0);
    }
    Answer::Kept
}
