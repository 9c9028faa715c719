//! What checkpoints of each trainer achieve when training resumes, and which losses of state are named.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use reproof_testing::python;
use serde_json::Value;

use crate::{machine, package, repository};

/// A training of `tests/python/training`.
struct Training {
    title: &'static str,
    script: &'static str,
    /// Its options, the same in both runs.
    options: &'static [&'static str],
    /// Below the folder that it writes to.
    checkpoint: &'static str,
    /// What its option `--complete` changes in the script; empty where it needs nothing.
    change: &'static str,
}

const TRAININGS: &[Training] = &[
    Training {
        title: "a loop by hand that saves everything",
        script: "plain.py",
        options: &[],
        checkpoint: "step-18.pt",
        change: "",
    },
    Training {
        title: "Hugging Face Trainer",
        script: "hf.py",
        options: &["--workers", "2"],
        checkpoint: "checkpoint-9",
        change: "augmentation is drawn from the epoch and the index of the sample, not from the process's generator",
    },
    Training {
        title: "Lightning",
        script: "lightning_fit.py",
        options: &[],
        checkpoint: "step=18.ckpt",
        change: "a loader with `state_dict`, and a callback that saves random states and restores them with the first batch",
    },
    Training {
        title: "Accelerate",
        script: "accelerate_loop.py",
        options: &["--workers", "2"],
        checkpoint: "step-18",
        change: "`use_seedable_sampler=True`, `set_epoch`, and augmentation drawn from the epoch and the index of the sample",
    },
];

/// Where the trainings are, and what runs them.
struct Place {
    interpreter: PathBuf,
    installed: PathBuf,
    scripts: PathBuf,
    folder: tempfile::TempDir,
}

impl Place {
    fn python(&self) -> Command {
        let mut command = Command::new(&self.interpreter);
        command.env("PYTHONPATH", &self.installed).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// What a training with these options achieves: verdict, first stream that differs, causes.
    fn achieved(&self, training: &Training, options: &[&str]) -> Result<Achieved> {
        let name = format!("{}{}", training.script, options.join(""));
        let (out, script) = (self.folder.path().join(&name), self.scripts.join(training.script));
        repository::output(self.python().arg(&script).arg("--out").arg(&out).args(options))?;
        let checkpoint = out.join(training.checkpoint);
        ensure!(checkpoint.exists(), "{name} left no {}", checkpoint.display());
        let resume = format!(
            "'{}' '{}' --resume {{checkpoint}} {}",
            self.interpreter.display(),
            script.display(),
            options.join(" ")
        );
        let mut verify = Command::new(repository::target().join("release/reproof"));
        verify.arg("verify").arg(&checkpoint).args(["--json", "--resume", &resume]);
        verify.env("PYTHONPATH", &self.installed).env("PYTHONDONTWRITEBYTECODE", "1");
        let output = verify.output().context("could not start reproof")?;
        let report: Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        Ok(Achieved::of(&report["verdict"], &report["resume"]))
    }
}

/// What came of a resumed training.
struct Achieved {
    verdict: String,
    first: String,
    causes: String,
}

impl Achieved {
    fn of(verdict: &Value, resume: &Value) -> Self {
        let streams = resume["streams"].as_array().map_or(&[][..], Vec::as_slice);
        let order = ["begin", "step", "end"];
        let place = |stream: &&Value| {
            let kind = stream["first"]["moment"].as_str().unwrap_or_default();
            let kind = order.iter().position(|known| *known == kind);
            (stream["first"]["step"].as_u64(), kind)
        };
        let first = streams.iter().filter(|stream| !stream["first"].is_null()).min_by_key(place);
        let causes = resume["findings"].as_array().map_or(&[][..], Vec::as_slice);
        let causes = causes.iter().filter_map(|finding| finding["cause"].as_str());
        let first = first.map(|stream| {
            let (name, moment) = (&stream["stream"], &stream["first"]["moment"]);
            let when = match moment.as_str() {
                Some("begin") => "at the beginning".to_owned(),
                Some("end") => "at the end".to_owned(),
                _ => format!(
                    "step {}",
                    stream["first"]["step"].as_u64().unwrap_or(0) - resume["step"].as_u64().unwrap_or(0)
                ),
            };
            format!("{}, {when}", name.as_str().unwrap_or_default())
        });
        Self {
            verdict: verdict.as_str().unwrap_or_default().to_owned(),
            first: first.unwrap_or_else(|| "none".to_owned()),
            causes: causes.map(|cause| format!("`{cause}`")).collect::<Vec<_>>().join(", "),
        }
    }
}

/// The page.
pub(super) fn text() -> Result<String> {
    let place = Place {
        installed: package::installed()?,
        interpreter: python::environment("checkpoints")?,
        scripts: repository::root().join("tests/python/training"),
        folder: tempfile::tempdir()?,
    };
    let trainers = trainers(&place)?;
    let pieces = pieces(&place, &place.folder.path().join("ablations"))?;
    let versions = "import torch, transformers, lightning, accelerate\n\
        print(f'torch {torch.__version__}, transformers {transformers.__version__}, lightning {lightning.__version__}, accelerate {accelerate.__version__}')";
    let versions = repository::output(place.python().args(["-c", versions]))?;
    Ok(format!(
        "# Resuming on the identical path\n\nSmall trainings with dropout, AdamW, a schedule, a shuffled loader with two workers and random augmentation, each in \
         two runs: one goes on after it has saved a checkpoint and is recorded for eight steps; `reproof verify --resume` then resumes from a copy \
         in a fresh process ([the trainings](../tests/python/training), [the guide](guides/resume.md)). With {} on {}.\n\n\
         ## What trainers achieve\n\n\
         | trainer | its own checkpoint | first difference | named | with this change | |\n|---|---|---|---|---|---|\n{trainers}\n\n\
         ## Which losses of state are named\n\n\
         The loop by hand, with one piece of its state lost or changed. The step is the first, counted from the checkpoint, whose loss differs.\n\n\
         | lost | loss differs | named | right |\n|---|---|---|---|\n{pieces}",
        versions.trim(),
        machine::line(),
    ))
}

fn trainers(place: &Place) -> Result<String> {
    let mut rows = Vec::new();
    for training in TRAININGS {
        println!("{}", training.title);
        let alone = place.achieved(training, training.options)?;
        let changed = match training.change {
            "" => String::from("needs none"),
            _ => place.achieved(training, &[training.options, &["--complete"]].concat())?.verdict,
        };
        let Achieved { verdict, first, causes } = alone;
        let (title, change) = (training.title, training.change);
        rows.push(format!("| {title} | {verdict} | {first} | {causes} | {change} | {changed} |"));
    }
    Ok(rows.join("\n"))
}

fn pieces(place: &Place, folder: &Path) -> Result<String> {
    std::fs::create_dir_all(folder)?;
    let script = place.scripts.join("ablations.py");
    let lines = repository::output(place.python().arg(script).arg(folder))?;
    let mut rows = Vec::new();
    for line in lines.lines().filter(|line| line.starts_with('{')) {
        let told: Value = serde_json::from_str(line)?;
        let (piece, report) = (told["piece"].as_str().unwrap_or_default(), &told["report"]);
        let piece = if piece.is_empty() { "nothing" } else { piece };
        if report.is_null() {
            rows.push(format!("| {piece} | the training fails | | |"));
            continue;
        }
        let found = Achieved::of(&Value::Null, report);
        let expected = told["expected"].as_array().map_or(&[][..], Vec::as_slice);
        let expected = expected.iter().filter_map(Value::as_str).map(|cause| format!("`{cause}`"));
        let mut named: Vec<&str> = found.causes.split(", ").filter(|cause| !cause.is_empty()).collect();
        named.sort_unstable();
        let right = match named == expected.collect::<Vec<_>>() {
            // What differs by rounding alone is told by further runs, which this table does not make.
            true if named.is_empty() && found.first != "none" => "nothing is missing",
            true => "yes",
            false => "**no**",
        };
        rows.push(format!("| {piece} | {} | {} | {right} |", loss(report), found.causes));
    }
    Ok(rows.join("\n"))
}

/// When a loss differs first.
fn loss(report: &Value) -> String {
    let streams = report["streams"].as_array().map_or(&[][..], Vec::as_slice);
    let first =
        |name: &str| streams.iter().find(|stream| stream["stream"] == name).map(|stream| &stream["first"]);
    match first("loss").and_then(|first| first["step"].as_u64()) {
        Some(step) => format!("from step {}", step - report["step"].as_u64().unwrap_or(0)),
        None if ["evaluation", "ema-evaluation"]
            .iter()
            .any(|name| first(name).is_some_and(|first| !first.is_null())) =>
        {
            "never, but the evaluation does".to_owned()
        }
        None => "never".to_owned(),
    }
}
