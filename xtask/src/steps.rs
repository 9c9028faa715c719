//! Steps one after the other: each named, timed, and all of them shown even if one fails.

use std::time::Instant;

use anyhow::{Result, bail};

/// How a step ended.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As it should.
    Passed,
    /// Not done, with the reason.
    Skipped(String),
}

/// Steps and how they ended.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(&'static str, f64, Result<Ended, String>)>,
}

impl Steps {
    /// Does one step; a failure is printed and remembered, and the next step follows.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<()>) {
        self.optional(name, || work().map(|()| Ended::Passed));
    }

    /// Does one step that may have a reason not to be done.
    pub(crate) fn optional(&mut self, name: &'static str, work: impl FnOnce() -> Result<Ended>) {
        println!("\n== {name}");
        let start = Instant::now();
        let ended = work().map_err(|error| format!("{error:#}"));
        let seconds = start.elapsed().as_secs_f64();
        match &ended {
            Ok(Ended::Passed) => println!("== {name}: passed in {seconds:.1} s"),
            Ok(Ended::Skipped(why)) => println!("== {name}: SKIPPED, {why}"),
            Err(error) => println!("== {name}: FAILED after {seconds:.1} s\n{error}"),
        }
        self.done.push((name, seconds, ended));
    }

    /// How many steps passed.
    pub(crate) fn passed(&self) -> usize {
        self.done.iter().filter(|(_, _, ended)| matches!(ended, Ok(Ended::Passed))).count()
    }

    /// How many steps failed.
    pub(crate) fn failed(&self) -> usize {
        self.done.iter().filter(|(_, _, ended)| ended.is_err()).count()
    }

    /// Prints all steps once more, in brief.
    pub(crate) fn summary(&self) {
        println!("\n== summary");
        for (name, seconds, ended) in &self.done {
            let word = match ended {
                Ok(Ended::Passed) => "passed",
                Ok(Ended::Skipped(_)) => "SKIPPED",
                Err(_) => "FAILED",
            };
            println!("{word:8} {seconds:7.1} s  {name}");
        }
    }

    /// An error that names the failed steps, if any failed.
    pub(crate) fn verdict(&self) -> Result<()> {
        let failed: Vec<&str> =
            self.done.iter().filter(|(_, _, ended)| ended.is_err()).map(|(name, ..)| *name).collect();
        match failed[..] {
            [] => Ok(()),
            _ => bail!("{} of {} steps failed: {}", failed.len(), self.done.len(), failed.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_remembered_and_the_next_step_runs() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.step("first", || bail!("broken"));
        steps.step("second", || {
            ran = true;
            Ok(())
        });
        steps.optional("third", || Ok(Ended::Skipped("no such program".to_owned())));
        assert!(ran);
        assert_eq!((steps.passed(), steps.failed()), (1, 1));
        assert_eq!(steps.verdict().unwrap_err().to_string(), "1 of 3 steps failed: first");
    }
}
