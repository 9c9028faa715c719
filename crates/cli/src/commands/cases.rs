//! `cases`: proposes canonical inputs, or imports the user's.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::cases::{OPEN_SIZES, export, gather};
use reproof_contract::{CaseClass, Name};
use reproof_formats::Format;
use serde::Serialize;

use crate::arguments::OutputArguments;
use crate::failure::{Exit, UsageError, there};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The model: an ONNX file, or a folder with one.
    path: PathBuf,
    /// Where inputs come from: `auto` proposes them from the model's signature; a `.npy`, `.npz` or `.safetensors`
    /// file, a folder of them, or an ONNX `test_data_set_N` folder is imported. Repeat for several.
    #[arg(long = "cases", value_name = "auto|PATH", default_value = "auto")]
    sources: Vec<String>,
    /// Write each case into a folder of its own below this one; `reproof record --cases` takes them back.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
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
    let artifact = reproof::artifact::Artifact::open(&arguments.path)?;
    if artifact.description.format != Format::Onnx {
        let format = artifact.description.format.as_str();
        return Err(UsageError(format!("{format} holds weights without a graph: it takes no inputs")).into());
    }
    let cases = gather(&artifact.model, &arguments.sources, OPEN_SIZES[0])?;
    if let Some(out) = &arguments.out {
        for case in &cases {
            export(case, out)?;
        }
    }
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
    if arguments.output.json {
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
