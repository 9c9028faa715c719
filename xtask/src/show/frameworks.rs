//! What becomes of models of Python's frameworks in a fresh process, with more threads, and in another version of the
//! framework.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use reproof_testing::{folder, generated, python};
use serde_json::Value;

use crate::{machine, repository};

/// A set of frameworks that are installed together.
struct Set {
    name: &'static str,
    /// Makes the models.
    script: &'static str,
    /// Another version of each framework; none where it would be gigabytes.
    other: &'static [&'static str],
}

const SETS: &[Set] = &[
    Set { name: "checkpoints", script: "frameworks.py", other: &[] },
    Set {
        name: "jax",
        script: "frameworks_jax.py",
        other: &[
            "flax==0.12.4",
            "jax==0.9.0",
            "lightgbm==4.6.0",
            "orbax-checkpoint",
            "scikit-learn==1.8.0",
            "skops==0.13.0",
            "xgboost-cpu==3.1.2",
        ],
    },
    Set {
        name: "tf",
        script: "frameworks_tf.py",
        other: &["ai-edge-litert==2.1.0", "h5py", "keras==3.12.0", "tensorflow-cpu==2.20.0"],
    },
];

/// A model of the table.
struct Model {
    set: &'static str,
    artifact: &'static str,
    /// What the artifact is, for people.
    title: &'static str,
    cases: &'static str,
    options: &'static [&'static str],
}

const fn model(
    set: &'static str,
    artifact: &'static str,
    title: &'static str,
    cases: &'static str,
    options: &'static [&'static str],
) -> Model {
    Model { set, artifact, title, cases, options }
}

const MODELS: &[Model] = &[
    model("checkpoints", "weights.pt", "`state_dict`, convolution", "images", &["--loader", "loaders:build"]),
    model("checkpoints", "whole.pt", "pickled module, convolution", "images", &["--trust"]),
    model("checkpoints", "scripted.pt", "TorchScript, convolution", "images", &[]),
    model("checkpoints", "program.pt2", "`torch.export`, convolution", "images", &["--trust"]),
    model("checkpoints", "bert", "`save_pretrained`, BERT", "tokens", &[]),
    model("checkpoints", "sentences", "sentence encoder, from texts", "texts", &[]),
    model("checkpoints", "pipeline.joblib", "scaler and logistic regression", "tables", &[]),
    model("jax", "variables.msgpack", "Linen, msgpack", "images", &["--loader", "flax_loaders:build"]),
    model("jax", "nnx.msgpack", "NNX, msgpack", "images", &["--loader", "flax_loaders:build_nnx"]),
    model("jax", "orbax", "Orbax checkpoint of Linen", "images", &["--loader", "flax_loaders:build"]),
    model("jax", "boosted.json", "boosted trees, JSON", "tables", &[]),
    model("jax", "boosted.ubj", "boosted trees, UBJSON", "tables", &[]),
    model("jax", "grown.txt", "boosted trees, text", "rows", &[]),
    model("jax", "shipped/model-gamma.txt", "boosted trees of hyperopt, text", "features-gamma", &[]),
    model("jax", "pipeline.skops", "scaler and logistic regression, skops", "tables", &[]),
    model("tf", "digits.keras", "`.keras`, convolution", "images", &[]),
    model("tf", "whole.h5", "`.h5`, convolution", "images", &[]),
    model("tf", "savedmodel", "SavedModel, convolution", "images", &[]),
    model("tf", "digits.tflite", "TFLite, convolution", "images", &[]),
    model("tf", "quantised.tflite", "TFLite in 8 bits, convolution", "bytes", &[]),
];

/// A set with its models in a folder of their own.
struct Place {
    folder: tempfile::TempDir,
    interpreter: PathBuf,
    other: Option<PathBuf>,
}

impl Place {
    fn new(set: &Set) -> Result<Self> {
        let interpreter = python::environment(set.name)?;
        let made = generated::by_script(&interpreter, set.script, &["frameworks"]);
        let folder = tempfile::tempdir()?;
        folder::copy(&made, &folder.path().join("m"));
        let other = (!set.other.is_empty())
            .then(|| python::environment_of(&format!("other-{}", set.name), set.other))
            .transpose()?;
        Ok(Self { folder, interpreter, other })
    }

    /// The document that a command prints; a negative verdict is one too.
    fn run(&self, command: &str, model: &Model, interpreter: &Path, arguments: &[&str]) -> Result<Value> {
        let output = Command::new(repository::binary()?)
            .current_dir(self.folder.path().join("m"))
            .env("XDG_CONFIG_HOME", self.folder.path().join("config"))
            .args([command, "--json"])
            .arg(model.artifact)
            .arg("--python")
            .arg(interpreter)
            .args(arguments)
            .output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("{command} {} said\n{errors}", model.artifact))
    }

    /// A line of the table.
    fn row(&self, model: &Model) -> Result<String> {
        println!("{}", model.artifact);
        let record = [&["--cases", model.cases], model.options].concat();
        let recorded = self.run("record", model, &self.interpreter, &record)?;
        let referee = match recorded["referee"]["kind"].as_str() {
            Some("float64") => "float64".to_owned(),
            _ => "none".to_owned(),
        };
        let fresh = self.run("verify", model, &self.interpreter, &[])?;
        let threads = self.run("verify", model, &self.interpreter, &["--threads", "2"])?;
        let other = match &self.other {
            Some(other) => told(&self.run("verify", model, other, &[])?),
            None => "not measured".to_owned(),
        };
        let contract = std::fs::read(self.contract(model))?;
        let contract: Value = serde_json::from_slice(&contract)?;
        let word =
            |pointer: &str| contract.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned();
        let engine = format!("{} {}", word("/environment/engine/name"), word("/environment/engine/version"));
        Ok(format!(
            "| {engine} | `{}` | {} | {} | {} | {other} | {referee} |",
            word("/loading/adapter"),
            model.title,
            told(&fresh),
            told(&threads),
        ))
    }

    fn contract(&self, model: &Model) -> PathBuf {
        let artifact = self.folder.path().join("m").join(model.artifact);
        if artifact.is_dir() {
            return artifact.join("reproof/contract.json");
        }
        let mut folder = artifact.into_os_string();
        folder.push(".reproof");
        PathBuf::from(folder).join("contract.json")
    }
}

/// The verdict of a report, and what decided it where bits differ.
fn told(report: &Value) -> String {
    let verdict = report["verdict"].as_str().unwrap_or("?");
    let outputs = report["cases"].as_array().into_iter().flatten();
    let mut outputs = outputs.flat_map(|case| case["outputs"].as_array().into_iter().flatten());
    let deciding = outputs.find(|output| output["verdict"] == report["verdict"]);
    let distance = deciding.and_then(|output| output.pointer("/metrics/maximum_absolute"));
    // What JSON has no number for is a text.
    let distance = distance.and_then(|value| value.as_f64().or_else(|| value.as_str()?.parse().ok()));
    match distance {
        Some(distance) if verdict != "identical" => format!("{verdict}, off by {distance:.1e} at most"),
        _ => verdict.to_owned(),
    }
}

/// The page.
pub(super) fn text() -> Result<String> {
    let places: BTreeMap<&str, Place> =
        SETS.iter().map(|set| Ok((set.name, Place::new(set)?))).collect::<Result<_>>()?;
    let rows: Vec<String> = MODELS
        .iter()
        .map(|model| places.get(model.set).context("a set of the table")?.row(model))
        .collect::<Result<_>>()?;
    ensure!(!rows.is_empty(), "no models");
    let others: Vec<String> = SETS.iter().flat_map(|set| set.other).map(|one| format!("`{one}`")).collect();
    Ok(format!(
        "# Frameworks\n\n\
         Small models that the frameworks trained and saved, recorded once and verified in a fresh process, with two \
         threads instead of one, and in another version of the framework ({}). PyTorch's second version is left out: \
         it would be another 4 GB. Measured on {}.\n\n\
         | framework | adapter | artifact | fresh process | 2 threads | another version | referee |\n\
         |---|---|---|---|---|---|---|\n{}\n\n\
         `cargo test --release -p reproof-cli --test runner adapters` plants faults in the same models.\n",
        others.join(", "),
        machine::line(),
        rows.join("\n"),
    ))
}
