//! Whether `diagnose` names faults that were planted: those that `drill` plants into models of PyTorch, transformers and
//! scikit-learn, and other graphs of ONNX.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result};
use reproof_testing::{folder, generated, python};
use serde_json::Value;

use crate::repository;

/// A model that the tests make, and the faults that are planted in it.
struct Drilled {
    title: &'static str,
    artifact: &'static str,
    cases: &'static str,
    loader: Option<&'static str>,
    faults: &'static str,
}

const DRILLED: &[Drilled] = &[
    Drilled {
        title: "PyTorch, convolutions",
        artifact: "weights.pt",
        cases: "images",
        loader: Some("loaders:build"),
        faults: "epsilon,activation,mode,inputs=divided,inputs=flipped,inputs=float16,output=softmaxed,weights=bfloat16,head,\
                 weight=zeroed,statistics,weight=bit:22",
    },
    Drilled {
        title: "transformers, BERT",
        artifact: "bert",
        cases: "tokens",
        loader: None,
        faults: "epsilon,activation,mask=dropped,scale,autocast,rows,position,norm,weight=bit:22,file",
    },
    Drilled {
        title: "transformers, GPT-2",
        artifact: "writer",
        cases: "texts",
        loader: None,
        faults: "tied,weight=ulp",
    },
    Drilled {
        title: "transformers, ViT with its processor",
        artifact: "seer",
        cases: "pictures",
        loader: None,
        faults: "file=resample,file=mean,file=deviation",
    },
    Drilled {
        title: "scikit-learn, scaler and regression",
        artifact: "pipeline.joblib",
        cases: "tables",
        loader: None,
        faults: "inputs=reversed,step,parameter,classes,weight=lost,weight=bit:51,weights=float32",
    },
    Drilled {
        title: "scikit-learn, forest",
        artifact: "forest.joblib",
        cases: "tables",
        loader: None,
        faults: "inputs=divided,inputs=reversed,classes,threshold=sign,leaf=lost",
    },
];

/// Networks of ONNX, and what was written into each in another way: the variant, and the cause that is right.
const NETWORKS: [&str; 2] = ["perceptron", "convolution"];
const VARIANTS: [(&str, &[&str]); 5] = [
    ("epsilon", &["constant.epsilon"]),
    ("gelu-tanh", &["code.activation", "code.operator", "architecture.changed"]),
    ("scale-256", &["weights.changed"]),
    ("weight-bit", &["weights.bit-flip"]),
    ("bias-1ulp", &["weights.bit-flip", "weights.changed"]),
];

/// One planted fault and the answer.
struct Row {
    model: String,
    fault: String,
    distance: Option<f64>,
    answer: String,
    summary: String,
    start: String,
    seconds: f64,
}

/// The table with its counts.
pub(super) fn text() -> Result<String> {
    let mut rows = Vec::new();
    for drilled in DRILLED {
        rows.extend(drill(drilled)?);
    }
    for network in NETWORKS {
        rows.extend(graphs(network)?);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut table = String::new();
    for row in &rows {
        *counts.entry(&row.answer).or_default() += 1;
        let distance = row.distance.map_or_else(String::new, |distance| format!("{distance:.1e}"));
        writeln!(
            table,
            "| {} | `{}` | {distance} | {} | {} | {} |",
            row.model, row.fault, row.answer, row.summary, row.start
        )?;
    }
    let longest = rows.iter().map(|row| row.seconds).fold(0.0, f64::max);
    let count = |answer: &str| counts.get(answer).copied().unwrap_or(0);
    Ok(format!(
        "Of {} planted faults that some output shows, {} are named right ({:.0} %), {} as likely, {} are unresolved and {} are named \
         wrong. The longest verification with its diagnosis took {longest:.0} s.\n\n| model | planted | off by | named | answer | starts at |\n|---|---|---|---|---|---|\n{table}",
        rows.len(),
        count("right"),
        100.0 * count("right") as f64 / rows.len().max(1) as f64,
        count("likely"),
        count("unresolved"),
        count("wrong"),
    ))
}

fn drill(drilled: &Drilled) -> Result<Vec<Row>> {
    let interpreter = python::environment("checkpoints")?;
    let made = generated::by_script(&interpreter, "frameworks.py", &["frameworks"]);
    let place = tempfile::tempdir()?;
    folder::copy(&made, place.path());
    let reproof = repository::binary()?;
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&reproof);
        command
            .args(arguments)
            .arg(drilled.artifact)
            .arg("--python")
            .arg(&interpreter)
            .current_dir(place.path());
        if let Some(loader) = drilled.loader {
            command.args(["--loader", loader]);
        }
        repository::output(&mut command)
    };
    run(&["record", "--cases", drilled.cases, "--budget", "1m"])?;
    let faults = ["drill", "--diagnose", "--json", "--budget", "1h", "--faults", drilled.faults];
    let found: Value = serde_json::from_str(&run(&faults)?)?;
    let planted = found["faults"].as_array().context("no faults")?;
    let shown = planted.iter().filter(|fault| fault["named"].is_object());
    let row = |fault: &Value| Row {
        model: drilled.title.to_owned(),
        fault: text_of(&fault["fault"]),
        distance: fault["distance"].as_f64(),
        answer: text_of(&fault["named"]["answer"]),
        summary: text_of(&fault["named"]["summary"]),
        start: text_of(&fault["named"]["start"]),
        seconds: fault["named"]["milliseconds"].as_f64().unwrap_or(f64::NAN) / 1e3,
    };
    Ok(shown.map(row).collect())
}

/// Graphs that are others than the recorded one.
fn graphs(network: &str) -> Result<Vec<Row>> {
    let interpreter = python::environment("suite")?;
    let place = tempfile::tempdir()?;
    let script = repository::root().join("tests/python/planted.py");
    repository::run(Command::new(interpreter).arg("-B").arg(script).arg(place.path()))?;
    let reproof = repository::binary()?;
    let put = |name: &str| {
        let from = place.path().join(format!("{name}.onnx"));
        std::fs::copy(&from, place.path().join("model.onnx")).with_context(|| format!("{}", from.display()))
    };
    let run = |arguments: &[&str]| {
        let mut command = Command::new(&reproof);
        repository::output(
            command.args(arguments).args(["model.onnx", "--runner", "referee"]).current_dir(place.path()),
        )
    };
    put(&format!("{network}.float32"))?;
    run(&["record"])?;
    VARIANTS.iter().map(|(variant, right)| planted(network, variant, right, &put, &run)).collect()
}

fn planted(
    network: &str,
    variant: &str,
    right: &[&str],
    put: &dyn Fn(&str) -> Result<u64>,
    run: &dyn Fn(&[&str]) -> Result<String>,
) -> Result<Row> {
    put(&format!("{network}.float32.{variant}"))?;
    let started = Instant::now();
    let found: Value = serde_json::from_str(&run(&["diagnose", "--json"])?)?;
    let seconds = started.elapsed().as_secs_f64();
    let first = &found["causes"][0];
    let answer = match (first["id"].as_str(), first["confidence"].as_str()) {
        (None, _) => "unresolved",
        (Some(cause), _) if !right.contains(&cause) => "wrong",
        (_, Some("confirmed")) => "right",
        _ => "likely",
    };
    Ok(Row {
        model: format!("ONNX, {network}"),
        fault: variant.to_owned(),
        distance: None,
        answer: answer.to_owned(),
        summary: text_of(&found["summary"]),
        start: text_of(&found["start"]["step"]["name"]),
        seconds,
    })
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('|', "\\|")
}
