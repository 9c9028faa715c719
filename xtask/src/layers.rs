//! `layers`: dependencies point down only, never sideways.

use anyhow::{Result, bail};
use serde_json::Value;

use crate::repository;

/// The layer of every crate, by the name of its folder.
const LAYERS: &[(&str, Layer)] = &[
    ("digest", Layer::Product(0)),
    ("tensor", Layer::Product(0)),
    ("progress", Layer::Product(0)),
    ("contract", Layer::Product(1)),
    ("formats", Layer::Product(2)),
    ("codec", Layer::Product(2)),
    ("attest", Layer::Product(2)),
    ("referee", Layer::Product(2)),
    ("policy", Layer::Product(2)),
    ("report", Layer::Product(2)),
    ("environment", Layer::Product(2)),
    ("store", Layer::Product(3)),
    ("registry", Layer::Product(3)),
    ("runner", Layer::Product(3)),
    ("reproof", Layer::Product(4)),
    ("cli", Layer::Product(5)),
    ("server", Layer::Product(5)),
    ("python", Layer::Product(5)),
    ("testing", Layer::Testing),
    ("xtask", Layer::Chores),
];

/// Dependencies that belong to few crates, with those crates. A name that ends in `*` stands for all that begin
/// like it.
const OWNED: &[(&str, &[&str])] = &[
    ("tokio*", &["store", "registry", "server", "cli", "python"]),
    ("clap*", &["cli", "server"]),
    ("axum*", &["server"]),
    ("pyo3*", &["python"]),
    ("postgres", &["registry"]),
    ("rusqlite", &["registry"]),
    ("ort", &["runner"]),
    ("anyhow", &["cli", "server", "xtask"]),
    ("indicatif", &["cli"]),
];

/// A floor of the house; what is greater stands higher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Layer {
    /// A crate that users get.
    Product(u8),
    /// What tests stand on: any crate's tests may use it, no product crate may.
    Testing,
    /// What nothing uses.
    Chores,
}

impl Layer {
    /// The layer of a crate, by the name of its folder.
    pub(crate) fn of(name: &str) -> Option<Self> {
        LAYERS.iter().find(|(known, _)| *known == name).map(|(_, layer)| *layer)
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Product(floor) => floor.fmt(f),
            Self::Testing | Self::Chores => f.write_str("dev"),
        }
    }
}

/// Prints every violation in the workspace and fails if there is one.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    crate::nothing_left(arguments)?;
    let metadata = repository::metadata()?;
    let violations = violations(&metadata);
    for violation in &violations {
        println!("{violation}");
    }
    if !violations.is_empty() {
        bail!("{} wrong dependencies", violations.len());
    }
    println!("{} crates, every dependency points down", repository::packages(&metadata).len());
    Ok(())
}

/// Everything that breaks the order of layers.
fn violations(metadata: &Value) -> Vec<String> {
    let packages = repository::packages(metadata);
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut found = Vec::new();
    if packages.is_empty() {
        found.push("the workspace has no crates: expected output of `cargo metadata`".to_owned());
    }
    for package in packages {
        let name = repository::short(package["name"].as_str().unwrap_or_default());
        let Some(layer) = Layer::of(name) else {
            found.push(format!("{name}: has no layer; give it one in xtask/src/layers.rs"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().unwrap_or_default();
            let for_tests = dependency["kind"] == "dev";
            if ours.contains(&target) {
                found.extend(edge(name, layer, repository::short(target), for_tests));
            } else if !for_tests {
                found.extend(owned(name, target));
            }
        }
    }
    found
}

/// What is wrong with an edge between two of our crates.
fn edge(name: &str, layer: Layer, target: &str, for_tests: bool) -> Option<String> {
    // A target without a layer is reported on its own.
    let below = Layer::of(target)?;
    if below < layer || (for_tests && below == Layer::Testing) {
        return None;
    }
    let direction = match below {
        Layer::Testing | Layer::Chores => "out of the product",
        Layer::Product(_) if below == layer => "sideways",
        Layer::Product(_) => "up",
    };
    Some(format!("{name} (layer {layer}) depends on {target} (layer {below}): points {direction}"))
}

/// What is wrong with a foreign dependency.
fn owned(name: &str, target: &str) -> Option<String> {
    let (_, owners) = OWNED.iter().find(|(pattern, _)| match pattern.strip_suffix('*') {
        Some(start) => target.starts_with(start),
        None => target == *pattern,
    })?;
    let allowed = owners.contains(&name);
    (!allowed).then(|| format!("{name} depends on {target}: only {} may", owners.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A package and its dependencies with their kinds.
    type Crate<'a> = (&'a str, &'a [(&'a str, Option<&'a str>)]);

    /// The violations of made-up crates.
    fn of(crates: &[Crate<'_>]) -> Vec<String> {
        let packages: Vec<Value> = crates
            .iter()
            .map(|(name, dependencies)| {
                let dependencies: Vec<Value> =
                    dependencies.iter().map(|(name, kind)| json!({ "name": name, "kind": kind })).collect();
                json!({ "name": name, "dependencies": dependencies })
            })
            .collect();
        violations(&json!({ "packages": packages }))
    }

    #[test]
    fn down_and_foreign_edges_are_fine() {
        let violations = of(&[
            ("reproof-digest", &[("blake3", None)]),
            ("reproof-contract", &[("reproof-digest", None), ("reproof-testing", Some("dev"))]),
            ("reproof", &[("reproof-contract", None), ("tokio", Some("dev"))]),
            ("reproof-cli", &[("reproof", None), ("clap", None), ("reproof-contract", Some("build"))]),
            ("reproof-testing", &[("reproof-digest", None)]),
            ("xtask", &[("reproof-testing", None), ("anyhow", None)]),
        ]);
        assert_eq!(violations, Vec::<String>::new());
    }

    #[test]
    fn an_upward_edge_is_found_in_every_kind() {
        for kind in [None, Some("build"), Some("dev")] {
            let violations =
                of(&[("reproof-digest", &[("reproof-contract", kind)]), ("reproof-contract", &[])]);
            assert_eq!(violations, ["digest (layer 0) depends on contract (layer 1): points up"], "{kind:?}");
        }
    }

    #[test]
    fn a_sideways_edge_is_found() {
        let violations = of(&[("reproof-formats", &[("reproof-report", None)]), ("reproof-report", &[])]);
        assert_eq!(violations, ["formats (layer 2) depends on report (layer 2): points sideways"]);
        let violations = of(&[("reproof-cli", &[("reproof-server", Some("dev"))]), ("reproof-server", &[])]);
        assert_eq!(violations.len(), 1);
    }

    #[test]
    fn a_product_crate_may_use_testing_in_tests_only() {
        for kind in [None, Some("build")] {
            let violations = of(&[("reproof-cli", &[("reproof-testing", kind)]), ("reproof-testing", &[])]);
            let expected = "cli (layer 5) depends on testing (layer dev): points out of the product";
            assert_eq!(violations, [expected]);
        }
        assert_eq!(of(&[("reproof-cli", &[("xtask", Some("dev"))]), ("xtask", &[])]).len(), 1);
        assert_eq!(of(&[("reproof-testing", &[("xtask", None)]), ("xtask", &[])]).len(), 1);
    }

    #[test]
    fn a_crate_without_a_layer_is_found() {
        let violations = of(&[("reproof-misc", &[])]);
        assert_eq!(violations, ["misc: has no layer; give it one in xtask/src/layers.rs"]);
    }

    #[test]
    fn an_owned_dependency_elsewhere_is_found() {
        for (package, dependency) in [
            ("reproof-formats", "tokio"),
            ("reproof-runner", "tokio-util"),
            ("reproof", "clap"),
            ("reproof-report", "axum"),
            ("reproof-cli", "pyo3"),
            ("reproof-store", "rusqlite"),
            ("reproof", "ort"),
            ("reproof-runner", "anyhow"),
        ] {
            assert_eq!(of(&[(package, &[(dependency, None)])]).len(), 1, "{package} -> {dependency}");
            assert_eq!(of(&[(package, &[(dependency, Some("dev"))])]).len(), 0, "{package} tests");
        }
        assert!(of(&[("reproof-runner", &[("ort", None)])]).is_empty());
    }

    #[test]
    fn no_crates_at_all_is_no_success() {
        assert_eq!(violations(&json!({})).len(), 1);
    }
}
