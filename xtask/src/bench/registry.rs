//! How fast a large registry answers, on both of its databases.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};
use reproof_testing::Postgres;

use super::{Bound, Options, Table, Unit};
use crate::measure::{Cost, Measured};
use crate::repository;

/// Findings for each version.
const RESULTS: u32 = 10;

/// Milliseconds that 99 of 100 answers may take.
const LIMIT: f64 = 10.0;

/// Fills a registry in SQLite and one in PostgreSQL, and asks each two thousand times what is asked most.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let build = ["build", "--release", "--quiet", "--package", "reproof-registry", "--example", "million"];
    repository::run(repository::cargo().args(build))?;
    let program = repository::target().join("release/examples/million");
    let folder = tempfile::tempdir_in(repository::target())?;
    let file = folder.path().join("registry.sqlite");
    let sqlite = table("SQLite", &program, &format!("sqlite:{}", file.display()), options)?;
    drop(folder);
    let server = Postgres::start().context("no PostgreSQL")?;
    let postgres = table("PostgreSQL", &program, &server.database(), options)?;
    Ok(vec![sqlite, postgres])
}

fn table(database: &str, program: &Path, url: &str, options: Options) -> Result<Table> {
    let (versions, results) = (options.versions, options.versions * RESULTS);
    let start = Instant::now();
    let told =
        repository::output(Command::new(program).args([url, &versions.to_string(), &results.to_string()]))?;
    let wall = start.elapsed().as_secs_f64();
    let bounds = told.lines().filter_map(|line| slowest(database, line)).collect();
    Ok(Table {
        title: format!("{database} with {versions} versions and {results} results"),
        rows: vec![Measured {
            label: "filling it and asking".to_owned(),
            cost: Cost { wall, cpu: f64::NAN, memory: f64::NAN },
            runs: 1,
        }],
        bounds,
    })
}

/// The time that nearly all answers to a question took, from a line such as `show  p50  0.1 ms   p99  0.2 ms   worst  1 ms`.
fn slowest(database: &str, line: &str) -> Option<Bound> {
    let (question, times) = line.split_once("p50")?;
    let value = times.split_once("p99")?.1.trim().split(' ').next()?.parse().ok()?;
    let name = format!("`{}` at p99, {database}", question.trim());
    Some(Bound { name, value, limit: LIMIT, unit: Unit::Milliseconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_times_is_read_and_no_other() {
        let bound = slowest("SQLite", "alias on a day   p50   0.021 ms   p99   0.045 ms   worst   0.512 ms");
        let bound = bound.map(|bound| (bound.name, bound.value));
        assert_eq!(bound, Some(("`alias on a day` at p99, SQLite".to_owned(), 0.045)));
        assert!(slowest("SQLite", "100 versions in 0.1 s: 1000 per second").is_none());
    }
}
