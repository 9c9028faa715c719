//! `cases`: proposes canonical inputs, or imports the user's.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::cases::{Case, OPEN_SIZES, export, import, import_named, propose};
use reproof_contract::{CaseClass, Name};
use reproof_formats::{Format, onnx};
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

/// The source that proposes cases from the model's signature.
pub(crate) const PROPOSED: &str = "auto";

/// The cases of every source, with names made distinct; proposals have open dims of the size `open`.
pub(crate) fn gather(model: &std::path::Path, sources: &[String], open: u64) -> Result<Vec<Case>> {
    let model = onnx::read(model)?;
    let mut cases: Vec<Case> = Vec::new();
    for source in sources {
        let found = if source == PROPOSED {
            propose(&model, open)?
        } else {
            let path = PathBuf::from(source);
            if !path.exists() {
                return Err(UsageError(format!("no inputs at {source}")).into());
            }
            import(&model, &path)?
        };
        for mut case in found {
            case.name = distinct(case.name, |name| cases.iter().any(|known| known.name == *name));
            cases.push(case);
        }
    }
    Ok(cases)
}

/// The cases of every source for a model that only its framework knows: no source proposes any.
pub(crate) fn gather_named(sources: &[String]) -> Result<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for source in sources {
        let path = PathBuf::from(source);
        if source == PROPOSED || !path.exists() {
            let problem = if source == PROPOSED { "inputs are not proposed for Python" } else { "no inputs" };
            return Err(UsageError(format!("{problem} at {source}: name a file with --cases FILE")).into());
        }
        for mut case in import_named(&path)? {
            case.name = distinct(case.name, |name| cases.iter().any(|known| known.name == *name));
            cases.push(case);
        }
    }
    Ok(cases)
}

/// The name, or the name with the first number that nobody took.
pub(crate) fn distinct(name: Name, is_taken: impl Fn(&Name) -> bool) -> Name {
    let base = name.to_string();
    let numbered = |number: u32| {
        let suffix = format!("-{number}");
        let kept = base.len().min(64 - suffix.len());
        Name::from_text(&format!("{}{suffix}", &base[..kept]))
    };
    let candidates = std::iter::once(name).chain((2..).map(numbered));
    let mut free = candidates.into_iter().filter(|candidate| !is_taken(candidate));
    free.next().expect("there are more numbers than cases")
}
