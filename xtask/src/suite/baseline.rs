//! The committed cases that pass.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::Line;
use crate::repository;

/// Below the root.
const PATH: &str = "docs/onnx-suite.json";

/// Names of passing cases by engine.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Baseline(BTreeMap<String, BTreeSet<String>>);

/// What differs from a baseline.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// Engine, case and what became of each of its cases that does not pass.
    pub(super) lost: Vec<(String, String, String)>,
    /// Engine and case of those that pass and are not in it.
    pub(super) new: Vec<(&'a str, &'a str)>,
}

impl Baseline {
    fn of(lines: &[Line]) -> Self {
        let mut passing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.passed()) {
            passing.entry(line.engine.clone()).or_default().insert(line.case.clone());
        }
        Self(passing)
    }

    fn has(&self, line: &Line) -> bool {
        self.0.get(&line.engine).is_some_and(|cases| cases.contains(&line.case))
    }

    /// The number of cases, over all engines.
    pub(super) fn len(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// Compares results with it. A case that was not run is as lost as one that failed.
    pub(super) fn compare<'a>(&self, lines: &'a [Line]) -> Found<'a> {
        let results: BTreeMap<(&str, &str), &Line> =
            lines.iter().map(|line| ((line.engine.as_str(), line.case.as_str()), line)).collect();
        let cases = self.0.iter().flat_map(|(engine, cases)| cases.iter().map(move |case| (engine, case)));
        let lost = cases.filter_map(|(engine, case)| {
            let fate = match results.get(&(engine.as_str(), case.as_str())) {
                Some(line) if line.passed() => return None,
                Some(line) => format!("{}: {}", line.status, line.reason),
                None => "no result".to_owned(),
            };
            Some((engine.clone(), case.clone(), fate))
        });
        let new = lines.iter().filter(|line| line.passed() && !self.has(line));
        Found {
            lost: lost.collect(),
            new: new.map(|line| (line.engine.as_str(), line.case.as_str())).collect(),
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let document: Value = serde_json::from_str(text).with_context(|| format!("{PATH} is not JSON"))?;
        let engines = document.as_object().with_context(|| format!("{PATH} is no object"))?;
        let cases = |cases: &Value| {
            let names = cases.as_array().into_iter().flatten();
            names.filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Ok(Self(engines.iter().map(|(engine, names)| (engine.clone(), cases(names))).collect()))
    }
}

/// The committed baseline.
pub(super) fn read() -> Result<Baseline> {
    Baseline::parse(&repository::read(PATH)?)
}

/// The committed baseline, or none before the first.
pub(super) fn read_or_empty() -> Result<Baseline> {
    if repository::root().join(PATH).exists() { read() } else { Ok(Baseline::default()) }
}

/// Commits these results as the baseline.
pub(super) fn write(lines: &[Line]) -> Result<()> {
    let baseline = Baseline::of(lines);
    let text = serde_json::to_string_pretty(&json!(baseline.0)).context("a baseline is plain data")?;
    repository::write(PATH, &format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;

    #[test]
    fn what_is_lost_and_what_is_new_is_named() {
        let before = ["a", "b", "gone"].map(|case| line(case, "referee", "passed", ""));
        let baseline = Baseline::of(&before);
        let after = [
            line("a", "referee", "failed", "other numbers"),
            line("b", "referee", "passed", ""),
            line("b", "onnxruntime", "passed", ""),
            line("c", "referee", "unsupported", "operator C"),
        ];
        let found = baseline.compare(&after);
        let lost = |case: &str, fate: &str| ("referee".to_owned(), case.to_owned(), fate.to_owned());
        assert_eq!(found.lost, [lost("a", "failed: other numbers"), lost("gone", "no result")]);
        assert_eq!(found.new, [("onnxruntime", "b")]);
        assert_eq!(baseline.len(), 3);
    }

    #[test]
    fn a_written_baseline_is_read_again() {
        let baseline =
            Baseline::of(&[line("a", "referee", "passed", ""), line("b", "referee", "failed", "")]);
        assert_eq!(Baseline::parse(&json!(baseline.0).to_string()).unwrap(), baseline);
        assert_eq!(baseline.len(), 1);
        assert!(Baseline::parse("[]").is_err());
    }
}
