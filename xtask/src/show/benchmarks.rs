//! The page of benchmarks.

use std::process::Command;

use anyhow::{Context, Result};

use crate::bench::{self, Options};
use crate::{machine, repository};

/// Runs every benchmark at full size and describes how.
pub(crate) fn text() -> Result<String> {
    page("Benchmarks", None)
}

/// The benchmark of the store alone.
pub(crate) fn of_storage() -> Result<String> {
    page("What a registry stores", Some("storage"))
}

fn page(title: &str, only: Option<&str>) -> Result<String> {
    let tables = bench::tables(only, Options::FULL)?;
    let sections: Vec<String> = tables.iter().map(bench::Table::text).collect();
    let date = repository::output(Command::new("date").args(["-u", "+%Y-%m-%d"]));
    Ok(format!(
        "# {title}\n\nMeasured on {} on this machine:\n{}.\n\n\
         The programs of a table run in turn, once to warm up and then as often as the last column\n\
         says; each figure is the median. CPU time is user and system time with all children, peak\n\
         memory the resident memory of the largest process, which for b3sum is mostly the mapped\n\
         file. Files are in the page cache. `cargo xtask bench` measures on your machine.\n\n{}",
        date.context("the system tells no date")?.trim(),
        machine::line(),
        sections.join("\n\n")
    ))
}
