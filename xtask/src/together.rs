//! Programs that run side by side, as many as there are processors, each one's output in one piece.

use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::repository;

/// What is run, and what came of it.
pub(crate) struct Job<'a> {
    /// What the output is headed with.
    pub name: String,
    /// The program.
    pub command: Command,
    /// What to make of a failure, if more can be said than how it ended.
    pub explain: Option<&'a (dyn Fn(&str) -> String + Sync)>,
}

/// Runs all of them, whatever becomes of the others, and names those that failed.
pub(crate) fn run(jobs: Vec<Job<'_>>) -> Result<()> {
    let width = thread::available_parallelism().map_or(1, usize::from).min(jobs.len());
    let jobs: Vec<Mutex<Job<'_>>> = jobs.into_iter().map(Mutex::new).collect();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Each job is taken once; nobody else waits for its lock.
            let mut job = job.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = one(&mut job) {
                failed.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{error:#}"));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..width {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if failed.is_empty() { Ok(()) } else { bail!("{}", failed.join("\n")) }
}

fn one(job: &mut Job<'_>) -> Result<()> {
    let line = repository::line(&job.command);
    let output =
        job.command.stdin(Stdio::null()).output().with_context(|| format!("could not start `{line}`"))?;
    let texts = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    // One call, so that no other output comes between.
    println!("\n-- {}\n{}", job.name, texts.concat().trim_end());
    if output.status.success() {
        return Ok(());
    }
    match job.explain {
        Some(explain) => bail!("{}: {}", job.name, explain(&job.name)),
        None => bail!("`{line}` failed with {}", output.status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str, code: i32) -> Job<'static> {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exit {code}")]);
        Job { name: name.to_owned(), command, explain: None }
    }

    #[test]
    fn all_are_run_and_the_failed_ones_are_named() {
        run(vec![job("good", 0), job("fine", 0)]).unwrap();
        let error = run(vec![job("bad", 3), job("good", 0), job("worse", 4)]).unwrap_err().to_string();
        assert!(error.contains("exit 3") && error.contains("exit 4") && !error.contains("exit 0"), "{error}");
    }
}
