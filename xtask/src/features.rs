//! `features`: the tests, the README's command and the wheel compile the engines with the same features.
//!
//! The engines take minutes to compile. Cargo unites the features that all selected crates ask for, so a test
//! dependency that asks for one more feature of something below an engine would compile that engine twice.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail, ensure};

use crate::repository;

/// Packages that are slow to compile; a name that ends in `*` stands for all that begin like it.
const HEAVY: &[&str] = &["tract-*", "ort", "ort-sys"];

/// Compares what lies below the engines when the binary and when the tests are built.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    crate::nothing_left(arguments)?;
    let tree = |selection: &[&str], edges: &str| {
        let mut command = repository::cargo();
        command.arg("tree").args(selection).args(["--edges", edges, "--prefix", "depth"]);
        repository::output(command.args(["--format", "|{p}|{f}", "--locked"]))
    };
    let binary = below(&tree(&["--package", "reproof-cli"], "normal,build")?)?;
    let tests = below(&tree(&["--workspace"], "normal,build,dev")?)?;
    let wheel = below(&tree(&["--package", "reproof-python"], "normal,build")?)?;
    ensure!(
        !binary.is_empty(),
        "no {} below the binary: is the list in features.rs right?",
        HEAVY.join(", ")
    );
    let mut differences = differences(&binary, &tests, "in the tests");
    differences.extend(self::differences(&binary, &wheel, "in the wheel"));
    for difference in &differences {
        println!("{difference}");
    }
    if !differences.is_empty() {
        bail!(
            "{} packages below the engines would be compiled twice; ask for the missing features in Cargo.toml or \
             crates/cli/Cargo.toml, so that every selection has them",
            differences.len()
        );
    }
    println!("{} packages below the engines have the same features in every selection", binary.len());
    Ok(())
}

/// A package with its version, and its features.
type Built = (String, String);

/// The heavy packages of a printed tree and everything below them.
fn below(tree: &str) -> Result<BTreeSet<Built>> {
    let mut children: BTreeMap<Built, BTreeSet<Built>> = BTreeMap::new();
    let mut path: Vec<Built> = Vec::new();
    for line in tree.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.trim_end_matches(" (*)").splitn(3, '|');
        let (Some(depth), Some(package), Some(features)) = (fields.next(), fields.next(), fields.next())
        else {
            bail!("unexpected line of `cargo tree`: {line}");
        };
        let built = (package.to_owned(), features.to_owned());
        path.truncate(depth.parse()?);
        if let Some(parent) = path.last() {
            children.entry(parent.clone()).or_default().insert(built.clone());
        }
        children.entry(built.clone()).or_default();
        path.push(built);
    }
    let mut waiting: Vec<&Built> = children.keys().filter(|(package, _)| is_heavy(package)).collect();
    let mut found = BTreeSet::new();
    while let Some(built) = waiting.pop() {
        if found.insert(built.clone()) {
            waiting.extend(&children[built]);
        }
    }
    Ok(found)
}

fn is_heavy(package: &str) -> bool {
    let name = package.split(' ').next().unwrap_or_default();
    HEAVY.iter().any(|heavy| match heavy.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == *heavy,
    })
}

fn differences(binary: &BTreeSet<Built>, other: &BTreeSet<Built>, whose: &str) -> Vec<String> {
    let only = |left: &BTreeSet<Built>, right: &BTreeSet<Built>, whose: &str| -> Vec<String> {
        let lines = left.difference(right);
        lines.map(|(package, features)| format!("{package}: only {whose} with [{features}]")).collect()
    };
    let mut found = only(binary, other, "in the binary");
    found.extend(only(other, binary, whose));
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const BINARY: &str = "0|reproof-cli v1|\n1|reproof-runner v1|\n2|tract-onnx v2|default\n3|half v3|std\n\
        2|serde v1|std\n3|serde_core v1|std\n";

    #[test]
    fn what_lies_below_the_engines_is_collected() {
        let names: Vec<String> = below(BINARY).unwrap().into_iter().map(|(package, _)| package).collect();
        assert_eq!(names, ["half v3", "tract-onnx v2"]);
    }

    #[test]
    fn a_feature_more_below_an_engine_is_found_even_when_printed_elsewhere_first() {
        let tests = "0|reproof-tensor v1|\n1|half v3|std,bytemuck\n2|bytemuck v1|\n\n\
            0|reproof-cli v1|\n1|tract-onnx v2|default\n2|half v3|std,bytemuck (*)\n";
        let (binary, tests) = (below(BINARY).unwrap(), below(tests).unwrap());
        let found = differences(&binary, &tests, "in the tests");
        assert_eq!(
            found,
            [
                "bytemuck v1: only in the tests with []",
                "half v3: only in the binary with [std]",
                "half v3: only in the tests with [std,bytemuck]"
            ]
        );
        assert!(differences(&binary, &binary, "in the tests").is_empty());
    }

    #[test]
    fn a_feature_elsewhere_does_not_matter() {
        let tests = BINARY.replace("serde v1|std", "serde v1|std,rc");
        assert!(differences(&below(BINARY).unwrap(), &below(&tests).unwrap(), "in the tests").is_empty());
    }
}
