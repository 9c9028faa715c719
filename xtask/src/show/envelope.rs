//! How often the verdict ladder cries wolf, and how far its limits stand from what they must tell apart.
//!
//! Models recorded with one engine are verified under harmless changes (threads, optimisation levels, the other engine)
//! and against rewrites and faults that were planted on purpose.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use reproof_testing::python;
use serde_json::Value;

use crate::{machine, repository};

/// The planted networks whose contracts are made.
const NETWORKS: [&str; 6] = [
    "perceptron.float32",
    "perceptron.float16",
    "transformer.float32",
    "transformer.float16",
    "convolution.float32",
    "convolution.float16",
];

/// Shipped models that run in seconds, by a part of their name.
const SHIPPED: [&str; 3] = ["magika", "mobile_v2.0_cls", "v4_rec"];

/// Harmless changes per recording engine: the engine that verifies, and its settings.
const CHANGES: [(&str, &str, &[&str]); 13] = [
    ("onnxruntime", "onnxruntime", &[]),
    ("onnxruntime", "onnxruntime", &["--threads", "2"]),
    ("onnxruntime", "onnxruntime", &["--threads", "3"]),
    ("onnxruntime", "onnxruntime", &["--threads", "8"]),
    ("onnxruntime", "onnxruntime", &["--option", "optimisation=disabled"]),
    ("onnxruntime", "onnxruntime", &["--option", "optimisation=basic"]),
    ("onnxruntime", "onnxruntime", &["--option", "optimisation=extended", "--threads", "2"]),
    ("onnxruntime", "onnxruntime", &["--option", "optimisation=disabled", "--threads", "4"]),
    ("onnxruntime", "referee", &[]),
    ("referee", "referee", &[]),
    ("referee", "referee", &["--threads", "2"]),
    ("referee", "referee", &["--option", "rounding=ordinary"]),
    ("referee", "onnxruntime", &[]),
];

/// Faults whose function differs, by the name of their plant.
const FAULTS: [&str; 3] = ["epsilon", "gelu-tanh", "scale-256"];

/// What was counted over outputs.
#[derive(Default, Clone)]
struct Tally {
    outputs: u64,
    identical: u64,
    equivalent: u64,
    undecided: u64,
    negative: u64,
}

impl Tally {
    fn add(&mut self, report: &Value) {
        for output in outputs(report) {
            self.outputs += 1;
            match output["verdict"].as_str() {
                Some("identical") => self.identical += 1,
                Some("equivalent" | "tolerated") => self.equivalent += 1,
                Some("undecided") => self.undecided += 1,
                _ => self.negative += 1,
            }
        }
    }
}

/// The page.
pub(super) fn text() -> Result<String> {
    let bench = Bench::new()?;
    let mut text = String::from("# False alarms and limits of the verdict ladder\n\n");
    writeln!(text, "Measured on {}.\n", machine::line())?;
    text.push_str(&bench.false_alarms()?);
    text.push_str(&bench.definition_limit()?);
    Ok(text)
}

struct Bench {
    binary: PathBuf,
    interpreter: PathBuf,
    planted: tempfile::TempDir,
    contracts: tempfile::TempDir,
}

impl Bench {
    fn new() -> Result<Self> {
        let bench = Self {
            binary: repository::binary()?,
            interpreter: python::environment("suite")?,
            planted: tempfile::tempdir()?,
            contracts: tempfile::tempdir()?,
        };
        let script = repository::root().join("tests/python/planted.py");
        repository::run(Command::new(&bench.interpreter).arg("-B").arg(script).arg(bench.planted.path()))?;
        Ok(bench)
    }

    fn network(&self, name: &str) -> PathBuf {
        self.planted.path().join(format!("{name}.onnx"))
    }

    /// The models of the page: name and file.
    fn models(&self) -> Result<Vec<(String, PathBuf)>> {
        let mut models: Vec<(String, PathBuf)> =
            NETWORKS.iter().map(|name| ((*name).to_owned(), self.network(name))).collect();
        let script = repository::root().join("tests/python/shipped_models.py");
        let interpreter = python::environment("models")?;
        let listed =
            repository::output(Command::new(interpreter).arg("-B").arg(script).args(["--format", "onnx"]))?;
        let listed: Vec<Value> =
            serde_json::from_str(&listed).context("the list of shipped models is JSON")?;
        for wanted in SHIPPED {
            let found =
                listed.iter().find(|model| model["name"].as_str().is_some_and(|name| name.contains(wanted)));
            let found = found.with_context(|| format!("no shipped model is named like {wanted}"))?;
            let field = |name: &str| found[name].as_str().map(str::to_owned).unwrap_or_default();
            let file = field("name").rsplit('/').next().map(str::to_owned).unwrap_or_default();
            models.push((format!("{} {}: {file}", field("package"), field("version")), field("path").into()));
        }
        Ok(models)
    }

    fn command(&self, verb: &str, model: &Path) -> Command {
        let mut command = Command::new(&self.binary);
        let folder = self.interpreter.parent().unwrap_or(Path::new(""));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let search =
            std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path)));
        command.args([verb, "--json"]).arg(model).env("PATH", search.unwrap_or(path));
        command
    }

    /// Records a model unless that was done, and returns the contract's folder.
    fn contract(&self, name: &str, model: &Path, runner: &str) -> Result<PathBuf> {
        let folder = self.contracts.path().join(format!("{}-{runner}", name.replace([' ', '/', ':'], "-")));
        if !folder.exists() {
            let mut command = self.command("record", model);
            repository::output(command.args(["--runner", runner, "--contract"]).arg(&folder))?;
        }
        Ok(folder)
    }

    /// The report of a verification, whatever its verdict.
    fn verify(&self, model: &Path, contract: &Path, runner: &str, more: &[&str]) -> Result<Value> {
        let mut command = self.command("verify", model);
        command.args(["--runner", runner, "--contract"]).arg(contract).args(more);
        let output = command.output().context("could not start the binary")?;
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("no report: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn false_alarms(&self) -> Result<String> {
        let mut text = String::from(
            "## False alarms\n\nEach model is recorded with one engine and verified under harmless changes: threads 1 to 8, \
             four optimisation levels, the other engine. Every output of every case counts. A negative verdict here is a \
             false alarm, except across engines, where an engine may really round worse than the one that recorded: the \
             report then says by how much.\n\n\
             | model | recorded with | verified with | outputs | identical | equivalent | undecided | negative |\n\
             | --- | --- | --- | --: | --: | --: | --: | --: |\n",
        );
        let mut same = Tally::default();
        for (name, model) in self.models()? {
            for recorder in ["onnxruntime", "referee"] {
                for verifier in ["onnxruntime", "referee"] {
                    let mut tally = Tally::default();
                    for (_, _, settings) in
                        CHANGES.iter().filter(|(by, with, _)| *by == recorder && *with == verifier)
                    {
                        let contract = self.contract(&name, &model, recorder)?;
                        let more = [&["--relation", "same"], *settings].concat();
                        let report = self.verify(&model, &contract, verifier, &more)?;
                        tally.add(&report);
                        if recorder == verifier {
                            same.add(&report);
                        }
                    }
                    let Tally { outputs, identical, equivalent, undecided, negative } = tally;
                    writeln!(
                        text,
                        "| {name} | {recorder} | {verifier} | {outputs} | {identical} | {equivalent} | {undecided} | \
                         {negative} |"
                    )?;
                }
            }
        }
        let rate = same.negative as f64 / same.outputs.max(1) as f64 * 100.0;
        writeln!(
            text,
            "\nWith the recording engine: {} false alarms of {} outputs ({rate:.2} %).\n",
            same.negative, same.outputs
        )?;
        Ok(text)
    }

    fn definition_limit(&self) -> Result<String> {
        let mut text = String::from(
            "## The limit of a definition\n\nLargest difference between the current definition in float64 and the recorded \
             referee, over the output's root mean square, for rewrites that compute the same function and for planted \
             faults. The limit of the ladder is 1e-9.\n\n\
             | network | rewrites, largest | faults, smallest | faults found |\n| --- | --: | --: | --: |\n",
        );
        for network in NETWORKS {
            let contract = self.contract(network, &self.network(network), "onnxruntime")?;
            let prefix = format!("{network}.");
            let mut rewrites = 0.0_f64;
            let mut faults = f64::INFINITY;
            let (mut found, mut planted) = (0, 0);
            let entries = std::fs::read_dir(self.planted.path())?.collect::<Result<Vec<_>, _>>()?;
            for entry in entries {
                let name = entry.file_name().to_string_lossy().into_owned();
                let plant = name.strip_prefix(&prefix).and_then(|rest| rest.strip_suffix(".onnx"));
                let Some(plant) = plant else { continue };
                let is_fault = FAULTS.contains(&plant);
                if !is_fault && !plant.starts_with("benign-") {
                    continue;
                }
                let report = self.verify(&entry.path(), &contract, "onnxruntime", &[])?;
                let largest = definition_difference(&report);
                if is_fault {
                    planted += 1;
                    found += u32::from(report["verdict"] == "drifted");
                    faults = faults.min(largest);
                } else {
                    rewrites = rewrites.max(largest);
                }
            }
            writeln!(text, "| {network} | {rewrites:.1e} | {faults:.1e} | {found} of {planted} |")?;
        }
        Ok(text)
    }
}

fn outputs(report: &Value) -> impl Iterator<Item = &Value> {
    let cases = report["cases"].as_array().into_iter().flatten();
    cases.flat_map(|case| case["outputs"].as_array().into_iter().flatten())
}

/// The largest difference of definitions that the outputs of a report tell.
fn definition_difference(report: &Value) -> f64 {
    let told =
        outputs(report).filter_map(|output| output["evidence"]["referee"]["definition_difference"].as_f64());
    told.fold(0.0, f64::max)
}
