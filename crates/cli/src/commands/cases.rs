//! `cases`: proposes canonical inputs, or imports the user's.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::artifact::Artifact;
use reproof::cases::{Case, GatherError, OPEN_SIZES, describe, export, gather, gather_named};
use reproof::execution::{PYTHON, Runners, Settings};
use reproof_contract::{CaseClass, Name};
use reproof_formats::Format;
use serde::Serialize;

use crate::arguments::{EngineArguments, OutputArguments};
use crate::bars::Bars;
use crate::engines::{runners, settings};
use crate::failure::{Exit, UsageError, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The model: an ONNX file or a folder with one; with --python, what its framework loads.
    path: PathBuf,
    /// Where inputs come from: `auto` proposes them from the model's signature; a `.npy`, `.npz` or `.safetensors`
    /// file, a folder of them, or an ONNX `test_data_set_N` folder is imported. Repeat for several.
    #[arg(long = "cases", value_name = "auto|PATH", default_value = "auto")]
    sources: Vec<String>,
    /// Write each case into a folder of its own below this one; `reproof record --cases` takes them back.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Serialize)]
struct Line {
    name: Name,
    class: CaseClass,
    note: String,
    inputs: Vec<Input>,
}

#[derive(Serialize)]
struct Input {
    name: String,
    shape: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.path)?;
    let cases = found(arguments)?;
    if let Some(out) = &arguments.out {
        for case in &cases {
            export(case, out)?;
        }
    }
    show(&cases, arguments.output.json)
}

/// The cases that the arguments ask for.
fn found(arguments: &Arguments) -> Result<Vec<Case>> {
    let (path, engine) = (&arguments.path, &arguments.engine);
    if engine.wanted() == Some(PYTHON) {
        let artifact = Artifact::open_any(path)?;
        let settings = settings(engine, Some(PYTHON), path)?;
        let runners = runners(engine, Some(PYTHON))?;
        return Ok(called(&artifact, &arguments.sources, engine, &settings, &runners)?);
    }
    let artifact = Artifact::open(path)?;
    if artifact.description.format != Format::Onnx {
        let format = artifact.description.format.as_str();
        return Err(UsageError(format!(
            "{format} holds weights without a graph: it takes no inputs; name what runs it with --python"
        ))
        .into());
    }
    Ok(gather(&artifact.model, &arguments.sources, OPEN_SIZES[0])?)
}

/// The cases of every source for a model that only its framework knows, which is asked where a source proposes.
pub(crate) fn called(
    artifact: &Artifact,
    sources: &[String],
    engine: &EngineArguments,
    settings: &Settings,
    runners: &Runners,
) -> Result<Vec<Case>, GatherError> {
    gather_named(sources, || describe(artifact, settings, engine.limits.limits(), runners, &Bars::new()))
}

fn show(cases: &[Case], json: bool) -> Result<Exit> {
    let lines: Vec<Line> = cases
        .iter()
        .map(|case| Line {
            name: case.name.clone(),
            class: case.class,
            note: case.note.clone(),
            inputs: case
                .inputs
                .iter()
                .map(|(name, value)| {
                    let shape = value.signature().map(|(dtype, shape)| format!("{dtype}{shape:?}"));
                    Input { name: name.clone(), shape: shape.unwrap_or_else(|| "tree".to_owned()) }
                })
                .collect(),
        })
        .collect();
    if json {
        output::json(&lines)?;
        return Ok(Exit::Reached);
    }
    let rows = lines.iter().map(|line| {
        let inputs: Vec<String> =
            line.inputs.iter().map(|input| format!("{} {}", input.name, input.shape)).collect();
        vec![line.name.to_string(), line.class.to_string(), inputs.join(", "), line.note.clone()]
    });
    output::data(&output::table(&["case", "class", "inputs", "what it tries"], rows.collect()))?;
    Ok(Exit::Reached)
}
