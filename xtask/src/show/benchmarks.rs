//! The page of benchmarks.

use anyhow::Result;

use crate::bench::{self, Options};
use crate::machine;

/// Runs every benchmark at full size and describes how.
pub(crate) fn text() -> Result<String> {
    let tables = bench::tables(None, Options::FULL)?;
    let sections: Vec<String> = tables.iter().map(bench::Table::text).collect();
    Ok(format!(
        "# Benchmarks\n\nMachine: {}.\n\nThe programs of a table run in turn, once to warm up and then as often \
         as the last column says; each figure is the median. CPU time is user and system time with all \
         children; peak memory is the resident memory of the largest process. Files are in the page cache.\n\n{}",
        machine::line(),
        sections.join("\n\n")
    ))
}
