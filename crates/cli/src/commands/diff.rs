//! `diff`: what changed between two artifacts; executes nothing.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use reproof::artifact::Artifact;
use reproof::diff::{DiffOptions, diff};
use reproof_contract::Diff;
use reproof_contract::diff::{StateDiff, StateStatus, TensorDiff, TensorStatus};
use reproof_report::{html, visible_lines};

use crate::arguments::OutputArguments;
use crate::bars::Bars;
use crate::failure::{Exit, there};
use crate::output;

/// Tensors and facts listed for people; JSON always lists all.
const LISTED: usize = 20;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The first artifact: a file, or a folder with one model.
    a: PathBuf,
    /// The second artifact.
    b: PathBuf,
    /// Compare bits alone: whether and where tensors differ, not by how much. As fast as reading.
    #[arg(long)]
    bits: bool,
    /// List every tensor and fact, those that are the same included.
    #[arg(long)]
    all: bool,
    /// Compare one part of both, such as `model` or `optimizer`.
    #[arg(long, value_name = "NAME")]
    part: Option<String>,
    /// Also write one self-contained HTML page, with heat maps.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    there(&arguments.a)?;
    there(&arguments.b)?;
    let (a, b) = (Artifact::open(&arguments.a)?, Artifact::open(&arguments.b)?);
    let options = DiffOptions {
        bits: arguments.bits,
        part: arguments.part.clone(),
        shown: [output::shown(&arguments.a), output::shown(&arguments.b)],
    };
    let document = diff(&a, &b, &options, &Bars::new())?;
    if let Some(path) = &arguments.html {
        output::file(path, &html::diff(&document))?;
    }
    if arguments.output.json {
        output::json(&document)?;
    } else {
        output::data(&text(&document, arguments.all))?;
    }
    Ok(if document.equal { Exit::Reached } else { Exit::Negative })
}

/// The same for people: the summary first, then what differs most.
fn text(document: &Diff, all: bool) -> String {
    let most = if all { usize::MAX } else { LISTED };
    let heading = |mark: &str, side: &reproof_contract::diff::DiffSide| {
        let by = side.trainer.as_ref().map(|trainer| format!(", by {trainer}")).unwrap_or_default();
        format!("{mark} {}  {}, {} tensors{by}", side.path, side.format, side.tensors)
    };
    let mut blocks = vec![format!("{}\n{}", heading("a", &document.a), heading("b", &document.b))];
    blocks.push(document.summary.join("\n"));
    let shown: Vec<&TensorDiff> =
        document.tensors.iter().filter(|tensor| all || tensor.status != TensorStatus::Identical).collect();
    if !shown.is_empty() {
        let header: &[&str] = if document.bits_only {
            &["tensor", "status", "differing", "first"]
        } else {
            &["tensor", "status", "differing", "relative L2", "max |a-b|", "p99 ULP", "max ULP"]
        };
        let rows = shown.iter().take(most).map(|tensor| row(tensor, document.bits_only)).collect();
        blocks.push(output::table(header, rows));
    }
    if let Some(rest) = shown.len().checked_sub(most).filter(|rest| *rest > 0) {
        blocks.push(format!("and {rest} more tensors (--all)"));
    }
    let states: Vec<Vec<String>> = document.states.iter().flat_map(|state| facts(state, most, all)).collect();
    if !states.is_empty() {
        blocks.push(output::table(&["state", "fact", "a", "b"], states));
    }
    // Names come from the files: nothing in them may move the cursor or change colours.
    visible_lines(&blocks.join("\n\n"))
}

fn row(tensor: &TensorDiff, bits_only: bool) -> Vec<String> {
    let other = tensor.name_in_b.as_ref().map(|name| format!(" -> {name}")).unwrap_or_default();
    let pieces =
        if tensor.pieces.is_empty() { String::new() } else { format!(" = {}", tensor.pieces.join(" + ")) };
    let part = if tensor.part == "model" { String::new() } else { format!("{}: ", tensor.part) };
    let metrics = tensor.metrics.as_ref();
    let share = |metrics: &reproof_contract::diff::TensorMetrics| {
        let share = metrics.differing as f64 / metrics.elements.max(1) as f64 * 100.0;
        if share < 0.1 {
            format!("{} of {}", metrics.differing, metrics.elements)
        } else {
            format!("{share:.1} %")
        }
    };
    let mut cells = vec![
        format!("{part}{}{other}{pieces}", tensor.name),
        status(tensor),
        metrics.map(share).unwrap_or_default(),
    ];
    if bits_only {
        let first = metrics.and_then(|metrics| metrics.first.as_ref());
        cells.push(first.map(|first| format!("{first:?}")).unwrap_or_default());
        return cells;
    }
    let values = metrics.and_then(|metrics| metrics.values.as_ref());
    let number = |number: Option<reproof_contract::Real>| number.map(|n| n.to_string()).unwrap_or_default();
    let distance = match values {
        Some(values) if values.special_mismatches > 0 => format!("NaN at {}", values.special_mismatches),
        values => number(values.map(|values| values.relative_l2)),
    };
    cells.push(distance);
    cells.push(number(values.map(|values| values.maximum_absolute)));
    cells.push(number(values.and_then(|values| values.ulp_p99)));
    cells.push(number(values.and_then(|values| values.ulp_maximum)));
    cells
}

/// The status with what makes it clear.
fn status(tensor: &TensorDiff) -> String {
    let word = tensor.status.as_str();
    match (tensor.status, tensor.exact) {
        (TensorStatus::Cast, exact) => {
            let to = tensor.dtype_in_b.unwrap_or(tensor.dtype);
            let how = if exact == Some(true) { "exactly" } else { "and changed" };
            format!("cast {} to {to} {how}", tensor.dtype)
        }
        (TensorStatus::Dtype, _) => {
            format!("dtype {} to {}", tensor.dtype, tensor.dtype_in_b.unwrap_or(tensor.dtype))
        }
        (TensorStatus::Shape, exact) => {
            let how = if exact == Some(true) { ", same values" } else { "" };
            format!(
                "shape {:?} to {:?}{how}",
                tensor.shape,
                tensor.shape_in_b.as_ref().unwrap_or(&tensor.shape)
            )
        }
        (TensorStatus::Retied, _) => match (&tensor.tied_to, &tensor.tied_to_in_b) {
            (Some(to), None) => format!("tied to {to} in a only"),
            (None, Some(to)) => format!("tied to {to} in b only"),
            _ => word.to_owned(),
        },
        (TensorStatus::Added, _) => "only in b".to_owned(),
        (TensorStatus::Removed, _) => "only in a".to_owned(),
        _ => word.to_owned(),
    }
}

fn facts(state: &StateDiff, most: usize, all: bool) -> Vec<Vec<String>> {
    let shown = |value: &Option<serde_json::Value>| match value {
        None => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    };
    let kind = |kind: &Option<String>| kind.clone().unwrap_or_else(|| "there".to_owned());
    let whole = |a: String, b: String| vec![state.part.clone(), "all of it".to_owned(), a, b];
    match state.status {
        StateStatus::Identical if !all => Vec::new(),
        StateStatus::Identical => {
            vec![vec![
                state.part.clone(),
                format!("{} facts", state.same),
                "the same".to_owned(),
                String::new(),
            ]]
        }
        StateStatus::Added => vec![whole(String::new(), kind(&state.kind_in_b))],
        StateStatus::Removed => vec![whole(kind(&state.kind), String::new())],
        StateStatus::Changed => {
            let mut rows = Vec::new();
            if state.kind != state.kind_in_b {
                rows.push(vec![
                    state.part.clone(),
                    "kind".to_owned(),
                    kind(&state.kind),
                    kind(&state.kind_in_b),
                ]);
            }
            let changes = state.changes.iter().take(most);
            rows.extend(changes.map(|change| {
                vec![state.part.clone(), change.fact.clone(), shown(&change.a), shown(&change.b)]
            }));
            if let Some(rest) = state.changes.len().checked_sub(most).filter(|rest| *rest > 0) {
                rows.push(vec![
                    state.part.clone(),
                    format!("and {rest} more (--all)"),
                    String::new(),
                    String::new(),
                ]);
            }
            rows
        }
    }
}
