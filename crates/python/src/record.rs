//! `record`: makes the contract of an artifact.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use pyo3::prelude::*;
use reproof::artifact::Artifact;
use reproof::cases::{Case, OPEN_SIZES, PROPOSED, describe, export, gather, gather_named};
use reproof::engines::preferred;
use reproof::execution::{PYTHON, Runners, Settings};
use reproof::folder::private_root;
use reproof::project;
use reproof::record::{Allow, GraphChoice, RecordOptions, Recorded, UserRule, record_proposing};
use reproof_contract::contract::{CaseOrigin, Contract, Tolerance, ToleranceOrigin};
use reproof_contract::environment::Environment;
use reproof_contract::{Assurance, CaseClass, Name};
use reproof_digest::Digest;
use reproof_formats::{Format, values};
use reproof_progress::Silent;
use reproof_tensor::Value;
use serde::Serialize;

use crate::artifact::json;
use crate::engine::Engine;
use crate::patience::detached;
use crate::{failure, values as python};

/// A case by its name, with named values.
type GivenCase<'py> = (String, Vec<(String, Bound<'py, PyAny>)>);

/// What recording is told: an object with these attributes.
#[derive(FromPyObject)]
pub(crate) struct Recording<'py> {
    engine: Engine,
    /// Files and folders of inputs, and `auto`.
    sources: Vec<String>,
    /// Cases by name, each with named values.
    arrays: Vec<GivenCase<'py>>,
    /// Runs the live model: takes the folder of a case's inputs and that of its outputs.
    live: Option<Bound<'py, PyAny>>,
    contract: Option<PathBuf>,
    allow: Vec<String>,
    /// Seconds that envelope and referee may take.
    budget: Option<f64>,
    bytes_only: bool,
    /// The language of the graph that is kept.
    freeze: Option<String>,
    private: bool,
    /// The environment of saving, as JSON.
    saved_in: Option<String>,
    project: Option<PathBuf>,
    preprocess: Vec<PathBuf>,
    seeds: BTreeMap<String, u64>,
    notes: BTreeMap<String, String>,
    owner: Option<String>,
    tolerances: BTreeMap<String, (f64, f64)>,
}

#[derive(Serialize)]
struct Document<'a> {
    folder: &'a Path,
    digest: Digest,
    assurance: Assurance,
    notes: &'a [String],
    contract: &'a Contract,
}

/// Why a recording failed.
type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Records the artifact at `path` and gives the contract with its folder, as JSON.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "what Python gives is extracted into values")]
pub(crate) fn record(py: Python<'_>, path: PathBuf, told: Recording<'_>) -> PyResult<String> {
    let raise = |error: Failed| failure::raise(py, error.as_ref(), &path);
    let scratch = reproof::Scratch::new().map_err(|error| raise(error.into()))?;
    let mut sources = told.sources.clone();
    sources.extend(exported(py, &told, scratch.path(), &path)?);
    let (opened, engine) = (path.clone(), told.engine.clone());
    let settings = told.engine.settings(py, &path)?;
    let (bytes_only, live) = (told.bytes_only, told.live.is_some());
    let prepared = detached(py, move || prepare(&opened, &engine, &settings, sources, bytes_only, live))?;
    let Prepared { runners, runner, cases, sources, lacking } = prepared.map_err(raise)?;
    let mut options = RecordOptions::new(&runner, cases, SystemTime::now());
    fill(py, &path, &told, &mut options)?;
    options.bytes_only |= lacking.is_some();
    options.notes.extend(lacking);
    if let Some(live) = &told.live {
        options.live = Some(live_outputs(py, live, &options.cases, scratch.path(), &path)?);
    }
    let place = path.clone();
    let recorded = detached(py, move || record_proposing(&place, &sources, options, &runners, &Silent))?;
    let recorded = recorded.map_err(|error| raise(error.into()))?;
    told.engine.keep_recording(&recorded);
    let Recorded { folder, contract, digest, assurance, notes } = recorded;
    json(py, &Document { folder: &folder, digest, assurance, notes: &notes, contract: &contract })
}

/// What a recording needs before its first run.
struct Prepared {
    runners: Runners,
    runner: String,
    cases: Vec<Case>,
    sources: Vec<String>,
    /// Why outputs are not covered, where nobody said how the model is loaded.
    lacking: Option<String>,
}

fn prepare(
    path: &Path,
    engine: &Engine,
    settings: &Settings,
    mut sources: Vec<String>,
    bytes_only: bool,
    live: bool,
) -> Result<Prepared, Failed> {
    let artifact = Artifact::open_any(path)?;
    let onnx = artifact.description.format == Format::Onnx;
    // This is Python: what is no graph of a known format runs there, once there is something to run it on.
    let wanted = engine.wanted().map(str::to_owned);
    let wanted = wanted.or_else(|| (live || (!onnx && !sources.is_empty())).then(|| PYTHON.to_owned()));
    let runs = live || onnx || wanted.is_some();
    if sources.is_empty() && runs {
        sources.push(PROPOSED.to_owned());
    }
    let runners = engine.engines().runners(wanted.as_deref())?;
    let mut lacking = None;
    let cases = match wanted.as_deref() {
        _ if bytes_only => Vec::new(),
        Some(PYTHON) => {
            match gather_named(&sources, || describe(&artifact, settings, engine.limits(), &runners, &Silent))
            {
                Err(error) => {
                    // Not where outputs were asked for: a live model is nothing to compare with without them.
                    lacking = error.without_outputs().filter(|_| !live);
                    if lacking.is_none() {
                        return Err(error.into());
                    }
                    Vec::new()
                }
                Ok(found) => found,
            }
        }
        _ if onnx => gather(&artifact.model, &sources, OPEN_SIZES[0])?,
        _ => Vec::new(),
    };
    let runner = wanted.unwrap_or_else(|| preferred(&runners).to_owned());
    Ok(Prepared { runners, runner, cases, sources, lacking })
}

/// Writes the arrays of every case below `scratch` and gives the folders, which are sources as any other.
fn exported(py: Python<'_>, told: &Recording<'_>, scratch: &Path, path: &Path) -> PyResult<Vec<String>> {
    let mut folders = Vec::new();
    for (index, (name, inputs)) in told.arrays.iter().enumerate() {
        let values = inputs.iter().map(|(name, value)| Ok((name.clone(), python::value(value)?)));
        let case = Case {
            name: Name::from_text(name),
            class: CaseClass::Typical,
            origin: CaseOrigin::User,
            note: format!("given as {name}"),
            inputs: values.collect::<PyResult<_>>()?,
            open: Vec::new(),
        };
        let below = scratch.join(format!("given-{index}"));
        export(&case, &below).map_err(|error| failure::raise(py, &error, path))?;
        folders.push(below.join(case.name.as_str()).display().to_string());
    }
    Ok(folders)
}

/// What the live model gives for every case, in this process and under its own interpreter's lock.
fn live_outputs(
    py: Python<'_>,
    live: &Bound<'_, PyAny>,
    cases: &[Case],
    scratch: &Path,
    path: &Path,
) -> PyResult<BTreeMap<Name, Vec<(String, Value)>>> {
    let mut outputs = BTreeMap::new();
    for case in cases {
        let (inputs, told) = (scratch.join("live-inputs"), scratch.join(format!("live-{}", case.name)));
        let made = std::fs::create_dir_all(&inputs).and_then(|()| std::fs::create_dir_all(&told));
        made.map_err(|error| failure::raise(py, &error, path))?;
        values::write(&inputs, "inputs", &case.inputs).map_err(|error| failure::raise(py, &error, path))?;
        live.call1((inputs, told.clone()))?;
        let read = reproof_runner::told_values(&told);
        outputs.insert(case.name.clone(), read.map_err(|error| failure::raise(py, &error, path))?);
    }
    Ok(outputs)
}

/// Fills the options from the project file and from what was told over it.
fn fill(py: Python<'_>, path: &Path, told: &Recording<'_>, options: &mut RecordOptions) -> PyResult<()> {
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let beside = Some(folder.join(project::FILE_NAME)).filter(|file| file.is_file());
    if let Some(file) = told.project.clone().or(beside) {
        let read = project::read(&file).map_err(|error| failure::raise(py, &error, &file))?;
        options.context = read.context;
        options.governance = read.governance;
        options.context_files = read.context_files;
        options.rules = read.rules;
    }
    options.folder.clone_from(&told.contract);
    options.bytes_only = told.bytes_only;
    options.private = told.private.then_some(true);
    options.private_root = private_root(|name| std::env::var_os(name));
    if let Some(word) = &told.freeze {
        let known = GraphChoice::from_word(word);
        let wrong = || {
            let words: Vec<&str> = GraphChoice::ALL.iter().map(|(_, word)| *word).collect();
            failure::usage(py, &format!("freeze={word:?}: expected one of {}", words.join(", ")), None)
        };
        options.freeze = Some(known.ok_or_else(wrong)?);
    }
    let budget = told.budget.map(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)));
    options.budget = budget
        .transpose()
        .map_err(|error| failure::usage(py, &format!("budget: {error}; expected seconds"), None))?;
    options.settings = told.engine.settings(py, path)?;
    options.limits = told.engine.limits();
    options.context_files.extend(told.preprocess.iter().cloned());
    options.context.seeds.extend(told.seeds.clone());
    options.context.notes.extend(told.notes.clone());
    if told.owner.is_some() {
        options.governance.owner.clone_from(&told.owner);
    }
    for word in &told.allow {
        let known = Allow::ALL.iter().find(|(_, known)| known == word);
        let Some((allow, _)) = known else {
            let words: Vec<&str> = Allow::ALL.iter().map(|(_, word)| *word).collect();
            let what = format!("allow={word:?}: expected one of {}", words.join(", "));
            return Err(failure::usage(py, &what, None));
        };
        options.allow.push(*allow);
    }
    for (output, (absolute, relative)) in &told.tolerances {
        let threshold = |number: &f64| {
            let parsed = number.to_string().parse();
            parsed.map_err(|error| failure::usage(py, &format!("tolerance of {output}: {error}"), None))
        };
        let tolerance = Tolerance {
            absolute: threshold(absolute)?,
            relative: threshold(relative)?,
            origin: ToleranceOrigin::User,
        };
        let rule = options.rules.entry(output.clone()).or_insert(UserRule { tolerance: None, top: None });
        rule.tolerance = Some(tolerance);
    }
    if let Some(text) = &told.saved_in {
        let environment: Environment = serde_json::from_str(text)
            .map_err(|error| failure::usage(py, &format!("saved_in: {error}"), None))?;
        options.saved_in = Some(environment);
    }
    Ok(())
}
