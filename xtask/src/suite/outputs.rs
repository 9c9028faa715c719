//! The committed digests of what the referee gives: the same bits on every machine that runs this.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

use super::Line;
use crate::repository;

/// Below the root.
const PATH: &str = "docs/referee-outputs.json";

/// Digests by case.
fn of(lines: &[Line]) -> BTreeMap<&str, &str> {
    let refereed = lines.iter().filter(|line| line.engine == "referee");
    refereed.filter_map(|line| Some((line.case.as_str(), line.outputs.as_deref()?))).collect()
}

/// Fails where a case gives other bits than the committed ones; returns how many give the same.
pub(super) fn check(lines: &[Line]) -> Result<usize> {
    let text = repository::read(PATH)?;
    let committed: BTreeMap<String, String> =
        serde_json::from_str(&text).with_context(|| format!("{PATH} is no map of texts"))?;
    let found = of(lines);
    let moved: Vec<&str> = committed
        .iter()
        .filter(|(case, digest)| found.get(case.as_str()) != Some(&digest.as_str()))
        .map(|(case, _)| case.as_str())
        .collect();
    ensure!(
        moved.is_empty(),
        "{} cases give other bits than the definition, such as {}: a change of it is another version",
        moved.len(),
        moved.join(", ").chars().take(200).collect::<String>()
    );
    Ok(committed.len())
}

/// Commits these digests.
pub(super) fn write(lines: &[Line]) -> Result<()> {
    let text = serde_json::to_string_pretty(&of(lines)).context("digests are plain data")?;
    repository::write(PATH, &format!("{text}\n"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::line;
    use super::*;

    #[test]
    fn digests_are_those_of_the_referee() {
        let digest = |engine| Line { outputs: Some("ab".to_owned()), ..line("a", engine, "passed", "") };
        let lines = [digest("onnx"), digest("referee"), line("b", "referee", "failed", "")];
        assert_eq!(of(&lines), BTreeMap::from([("a", "ab")]));
    }
}
