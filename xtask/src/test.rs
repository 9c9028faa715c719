//! `test`: everything that CI runs, each check at its smallest size.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use reproof_testing::python;

use crate::steps::Steps;
use crate::{bits, check, fuzz, package, repository, suite};

/// Seconds for each fuzz target: enough to notice a reader that breaks at once.
const FUZZ_SECONDS: u32 = 5;

/// The sets of Python packages that tests use, in the order in which they are wanted.
const ENVIRONMENTS: &[&str] =
    &["package", "checkpoints", "jax", "tf", "models", "environments", "signing", "mlflow", "suite"];

/// Programs that check documents against an implementation of their own, with the standard library only.
const SCRIPTS: &[(&str, &str)] = &[("docs/digests/recompute.py", "check")];

/// Runs everything and closes with `N passed, M failed`, alone on a line.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    crate::nothing_left(arguments)?;
    let mut steps = Steps::default();
    let mut counts = Counts::default();
    // What the tests need of the network comes while the compiler has the processors. A set that cannot be had is told by the
    // tests that need it.
    std::thread::spawn(|| ENVIRONMENTS.iter().for_each(|set| drop(python::environment(set))));
    check::all(&mut steps);
    steps.step("tests (cargo test)", || cargo_test(&mut counts));
    steps.step("Python package", || package::chore(&[]));
    steps.step("public ONNX suite", suite::check);
    steps.optional("same bits on another processor", bits::check);
    steps.step("fuzz, briefly", || fuzz::all(None, FUZZ_SECONDS));
    for (script, argument) in SCRIPTS {
        steps.step(script, || repository::run(Command::new("python3").args([script, argument])));
    }
    steps.summary();
    println!("\n{} passed, {} failed", counts.passed + steps.passed(), counts.failed + steps.failed());
    steps.verdict()
}

/// Results of tests, over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Counts {
    /// Adds one line of output, if it closes a test program.
    fn add(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("test result: ") else { return };
        for part in rest.split([';', '.']) {
            let mut words = part.split_whitespace();
            let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<usize>), words.next()) else {
                continue;
            };
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

fn cargo_test(counts: &mut Counts) -> Result<()> {
    let mut command = repository::cargo();
    command.args(["test", "--release", "--workspace", "--locked", "--no-fail-fast"]).stdout(Stdio::piped());
    let mut child = command.spawn().context("could not start cargo")?;
    let stdout = child.stdout.take().context("standard output was piped")?;
    let mut last = Vec::new();
    let mut reader = BufReader::new(stdout);
    // A test may print what is no UTF-8; that is shown as well as it can be and ends nothing.
    while reader.read_until(b'\n', &mut last)? > 0 {
        let line = String::from_utf8_lossy(&last);
        print!("{line}");
        counts.add(line.trim_end());
        last.clear();
    }
    let status = child.wait()?;
    println!("cargo test: passed {}, failed {}, ignored {}", counts.passed, counts.failed, counts.ignored);
    ensure!(status.success(), "`{}` failed with {status}", repository::line(&command));
    ensure!(counts.passed > 0, "no test ran");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_summed_and_nothing_else() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test a_name ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "a test printed: 5 passed",
            "test result: FAILED. 2 passed; 4 failed; 0 ignored; 0 measured; 7 filtered out; finished in 1.20s",
        ] {
            counts.add(line);
        }
        assert_eq!(counts, Counts { passed: 5, failed: 4, ignored: 1 });
    }
}
