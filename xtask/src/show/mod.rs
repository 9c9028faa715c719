//! `show`: the tables in `docs/`, regenerated at full size. Takes long and is no part of CI.

mod benchmarks;
mod diagnosis;
mod envelope;
mod faults;
mod formats;
mod frameworks;
mod interoperation;
mod resume;
mod scoreboard;

use anyhow::{Context, Result, bail};

use crate::{bits, repository, suite};

/// A document that a chore writes.
struct Show {
    name: &'static str,
    /// Below the root.
    path: &'static str,
    about: &'static str,
    text: fn() -> Result<String>,
}

const SHOWS: &[Show] = &[
    Show {
        name: "benchmarks",
        path: "docs/benchmarks.md",
        about: "every benchmark at full size",
        text: benchmarks::text,
    },
    Show {
        name: "bits",
        path: "docs/referee-bits.md",
        about: "what the referee computes in many builds and on many processors",
        text: bits::text,
    },
    Show {
        name: "diagnosis",
        path: "docs/diagnosis.md",
        about: "planted faults and real upgrades, and whether their cause is named",
        text: diagnosis::text,
    },
    Show {
        name: "envelope",
        path: "docs/envelope.md",
        about: "false alarms of the verdict ladder, and how far its limits stand from planted faults",
        text: envelope::text,
    },
    Show {
        name: "faults",
        path: "docs/faults.md",
        about: "what goes wrong with a registry, what is left then, and the test that shows it",
        text: faults::text,
    },
    Show {
        name: "formats",
        path: "docs/formats.md",
        about: "what is read of each format, against what the frameworks read",
        text: formats::text,
    },
    Show {
        name: "frameworks",
        path: "docs/frameworks.md",
        about: "models of Python's frameworks across processes, thread counts and framework versions",
        text: frameworks::text,
    },
    Show {
        name: "interoperation",
        path: "docs/interoperation.md",
        about: "signatures of ours and of model_signing, each verified by both",
        text: interoperation::text,
    },
    Show {
        name: "resume",
        path: "docs/resume.md",
        about: "what checkpoints of each trainer achieve when training resumes",
        text: resume::text,
    },
    Show {
        name: "storage",
        path: "docs/storage.md",
        about: "what a registry stores of trained checkpoints and how fast, against what teams use now",
        text: benchmarks::of_storage,
    },
    Show {
        name: "suite",
        path: "docs/onnx-suite.md",
        about: "what each engine passes of the public ONNX suite; raises its baseline",
        text: suite::text,
    },
];

/// Regenerates one document or all of them.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let name = (!arguments.is_empty()).then(|| arguments.remove(0));
    crate::nothing_left(&arguments)?;
    let chosen: Vec<&Show> =
        SHOWS.iter().filter(|show| name.as_deref().is_none_or(|name| name == show.name)).collect();
    if chosen.is_empty() {
        let known: Vec<String> = SHOWS.iter().map(|it| format!("  {:12} {}", it.name, it.about)).collect();
        bail!("no table `{}`; there are\n{}", name.unwrap_or_default(), known.join("\n"));
    }
    for show in chosen {
        println!("{}: {}", show.name, show.about);
        let text = (show.text)().with_context(|| format!("could not regenerate {}", show.path))?;
        let head = format!("<!-- Written by `cargo xtask show {}`. -->\n\n", show.name);
        repository::write(show.path, &format!("{head}{}\n", text.trim_end()))?;
        println!("wrote {}", show.path);
    }
    Ok(())
}
