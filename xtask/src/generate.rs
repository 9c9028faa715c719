//! `generate`: files in the repository that a program writes.

use anyhow::{Context, Result, bail, ensure};

use crate::repository;

/// A file that the binary prints.
struct Generated {
    /// Below the root.
    path: &'static str,
    /// What the binary is asked.
    arguments: &'static [&'static str],
}

const GENERATED: &[Generated] = &[
    Generated { path: "docs/schema/contract.json", arguments: &["schema", "contract"] },
    Generated { path: "docs/schema/report.json", arguments: &["schema", "report"] },
    Generated { path: "docs/schema/diff.json", arguments: &["schema", "diff"] },
    Generated { path: "docs/schema/scan.json", arguments: &["schema", "scan"] },
    Generated { path: "docs/schema/matrix.json", arguments: &["schema", "matrix"] },
    Generated { path: "docs/schema/environment.json", arguments: &["schema", "environment"] },
    Generated { path: "docs/schema/shard.json", arguments: &["schema", "shard"] },
    Generated { path: "docs/schema/trajectory.json", arguments: &["schema", "trajectory"] },
    Generated { path: "docs/schema/diagnosis.json", arguments: &["schema", "diagnosis"] },
    Generated { path: "docs/schema/engine-errors.json", arguments: &["schema", "engine-errors"] },
    Generated { path: "docs/schema/drill.json", arguments: &["schema", "drill"] },
    Generated { path: "docs/schema/fault-drill.json", arguments: &["schema", "fault-drill"] },
];

/// Writes every generated file, or compares them with `--check`.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let check = crate::flag(&mut arguments, "--check");
    crate::nothing_left(&arguments)?;
    let binary = repository::binary()?;
    let mut stale = Vec::new();
    for generated in GENERATED {
        let mut command = std::process::Command::new(&binary);
        let text = repository::output(command.args(generated.arguments))?;
        ensure!(!text.trim().is_empty(), "`{}` printed nothing", repository::line(&command));
        let actual = repository::read(generated.path);
        if actual.as_ref().is_ok_and(|actual| *actual == text) {
            continue;
        }
        if check {
            stale.push(match actual {
                Ok(actual) => format!("{}: {}", generated.path, first_difference(&actual, &text)),
                Err(error) => format!("{}: {error}", generated.path),
            });
        } else {
            repository::write(generated.path, &text)
                .with_context(|| format!("could not renew {}", generated.path))?;
            println!("wrote {}", generated.path);
        }
    }
    if !stale.is_empty() {
        bail!("not what the binary prints; run `cargo xtask generate`\n{}", stale.join("\n"));
    }
    println!("{} generated files are what the binary prints", GENERATED.len());
    Ok(())
}

/// Where two different texts part.
fn first_difference(actual: &str, expected: &str) -> String {
    let pairs = actual.lines().zip(expected.lines()).enumerate();
    for (index, (actual, expected)) in pairs {
        if actual != expected {
            return format!("line {}: expected `{}`, got `{}`", index + 1, expected.trim(), actual.trim());
        }
    }
    format!("expected {} lines, got {}", expected.lines().count(), actual.lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), "line 2: expected `c`, got `b`");
        assert_eq!(first_difference("a\n", "a\nb\n"), "expected 2 lines, got 1");
    }
}
