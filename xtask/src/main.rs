//! The chores of this repository: `cargo xtask CHORE`.
//!
//! One file per chore. Every chore works from any folder, prints what it does and exits non-zero when
//! something is wrong.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "chores talk to a person at a terminal")]

mod architecture;
mod bench;
mod bits;
mod check;
mod dist;
mod environment;
mod fuzz;
mod generate;
mod guides;
mod layers;
mod machine;
mod measure;
mod package;
mod repository;
mod show;
mod sizes;
mod steps;
mod suite;
mod test;
mod together;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

/// One thing that `cargo xtask` does.
struct Chore {
    name: &'static str,
    /// What may follow the name.
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<()>,
}

const CHORES: &[Chore] = &[
    Chore {
        name: "check",
        arguments: "",
        about: "format, lints, documentation, layers, sizes, generated files: everything that needs no test run",
        run: check::chore,
    },
    Chore {
        name: "test",
        arguments: "",
        about: "everything that CI runs: check, tests, a short fuzz, the scripts' own checks",
        run: test::chore,
    },
    Chore {
        name: "layers",
        arguments: "",
        about: "fails on a dependency that points up or sideways",
        run: layers::chore,
    },
    Chore { name: "sizes", arguments: "", about: "fails on a file that is too long", run: sizes::chore },
    Chore {
        name: "architecture",
        arguments: "[--write]",
        about: "checks the crate table of ARCHITECTURE.md and the links of all documents; --write renews the table",
        run: architecture::chore,
    },
    Chore {
        name: "generate",
        arguments: "[--check]",
        about: "writes the generated files of the repository; --check only compares",
        run: generate::chore,
    },
    Chore {
        name: "environment",
        arguments: "[SET]",
        about: "makes the Python environment of the tests once and prints its interpreter",
        run: environment::chore,
    },
    Chore {
        name: "dist",
        arguments: "[--wheel]",
        about: "builds what users install: the wheel, and a static binary; --wheel builds the wheel alone",
        run: dist::chore,
    },
    Chore {
        name: "package",
        arguments: "[PYTEST ARGUMENTS]",
        about: "builds the wheel and tests it in clean environments; with arguments only pytest, which gets them",
        run: package::chore,
    },
    Chore {
        name: "guides",
        arguments: "",
        about: "follows the guides of frameworks word for word; takes minutes, not part of `test`",
        run: guides::chore,
    },
    Chore {
        name: "suite",
        arguments: "",
        about: "runs the public ONNX suite with every engine; fails when a case of the baseline no longer passes",
        run: suite::chore,
    },
    Chore {
        name: "fuzz",
        arguments: "[TARGET] [--seconds N]",
        about: "feeds the readers with mutated files (60 seconds per target)",
        run: fuzz::chore,
    },
    Chore {
        name: "bench",
        arguments: "[NAME] [--runs N] [--gigabytes N] [--versions N]",
        about: "measures against named peers in the same run; without a name all of them",
        run: bench::chore,
    },
    Chore {
        name: "show",
        arguments: "[NAME]",
        about: "regenerates the tables in docs/ at full size; without a name all of them",
        run: show::chore,
    },
];

fn main() -> ExitCode {
    match dispatch(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) = arguments.split_first() else {
        println!("{}", help());
        bail!("no chore given");
    };
    if ["help", "--help", "-h"].contains(&name.as_str()) {
        println!("{}", help());
        return Ok(());
    }
    let chore = CHORES
        .iter()
        .find(|chore| chore.name == name)
        .with_context(|| format!("no chore `{name}`; `cargo xtask --help` lists them"))?;
    if rest.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("cargo xtask {} {}\n\n{}", chore.name, chore.arguments, chore.about);
        return Ok(());
    }
    std::env::set_current_dir(repository::root()).context("could not enter the repository")?;
    (chore.run)(rest).with_context(|| format!("`cargo xtask {name}` failed"))
}

fn help() -> String {
    let usage = |chore: &Chore| format!("{} {}", chore.name, chore.arguments).trim_end().to_owned();
    let width = CHORES.iter().map(|chore| usage(chore).len()).max().unwrap_or_default();
    let lines: Vec<String> =
        CHORES.iter().map(|chore| format!("  {:width$}  {}", usage(chore), chore.about)).collect();
    format!("The chores of this repository.\n\nUsage: cargo xtask CHORE\n\n{}", lines.join("\n"))
}

/// Takes `--name` out of the arguments and says whether it was there.
fn flag(arguments: &mut Vec<String>, name: &str) -> bool {
    let before = arguments.len();
    arguments.retain(|argument| argument != name);
    arguments.len() < before
}

/// Takes `--name N` out of the arguments.
fn number(arguments: &mut Vec<String>, name: &str) -> Result<Option<u32>> {
    let Some(at) = arguments.iter().position(|argument| argument == name) else { return Ok(None) };
    let text = arguments.get(at + 1).with_context(|| format!("{name} needs a number"))?;
    let value = text.parse().with_context(|| format!("{name} needs a number, got `{text}`"))?;
    arguments.drain(at..at + 2);
    Ok(Some(value))
}

/// Refuses arguments that nobody took.
fn nothing_left(arguments: &[String]) -> Result<()> {
    match arguments {
        [] => Ok(()),
        [first, ..] => bail!("unexpected argument `{first}`; `--help` says what is possible"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn arguments_are_taken_or_refused() {
        let mut arguments = list("digest --runs 3 --check");
        assert_eq!(number(&mut arguments, "--runs").unwrap(), Some(3));
        assert!(flag(&mut arguments, "--check"));
        assert_eq!(arguments, ["digest"]);
        assert!(nothing_left(&arguments).unwrap_err().to_string().contains("`digest`"));
        assert!(number(&mut list("--runs many"), "--runs").is_err());
        assert!(number(&mut list("--runs"), "--runs").is_err());
    }

    #[test]
    fn an_unknown_chore_is_refused_and_help_names_every_chore() {
        assert!(dispatch(&list("tset")).is_err());
        for chore in CHORES {
            assert!(help().contains(chore.about));
        }
    }
}
