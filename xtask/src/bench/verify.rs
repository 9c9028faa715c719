//! `verify` with ONNX Runtime in process against what people use now, on the same model and inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use reproof_testing::python;

use super::{Options, Ratio, Table};
use crate::measure::{self, Contender};
use crate::repository;

/// Size of the model in units of 10^6 bytes.
const MEGABYTES: &str = "100";

/// CPU time over that of Polygraphy.
const POLYGRAPHY_LIMIT: f64 = 0.35;

/// CPU time over that of a script that loads the model and runs the inputs, and compares nothing.
const SCRIPT_LIMIT: f64 = 1.0;

/// Makes the model and its contract, then measures.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let binary = repository::binary()?;
    let interpreter = python::environment("suite")?;
    let folder = python::cache()?.join("bench").join(format!("planted-{MEGABYTES}"));
    let planted = planted(&interpreter, &folder)?;
    let library = library(&interpreter)?;
    let text = |path: &Path| path.as_os_str().to_owned();
    let engine = ["--runner".into(), "onnxruntime".into(), "--onnxruntime".into(), text(&library)];
    let ours = |command: &str| [vec![command.into(), text(&planted.model)], engine.to_vec()].concat();

    // The contract is made anew: an older binary may have written another one.
    let contract = folder.join(format!("large-{MEGABYTES}.onnx.reproof"));
    if contract.exists() {
        fs::remove_dir_all(&contract).with_context(|| format!("could not remove {}", contract.display()))?;
    }
    let cases = ["--cases".into(), text(&planted.inputs)];
    repository::run(Command::new(&binary).args(ours("record")).args(cases))?;
    let inputs = folder.join("polygraphy.json");
    let mut convert = Command::new(&interpreter);
    convert.args(["-c", include_str!("polygraphy_inputs.py")]).arg(&planted.inputs).arg(&inputs);
    repository::run(&mut convert)?;

    let polygraphy = interpreter.with_file_name(format!("polygraphy{}", std::env::consts::EXE_SUFFIX));
    let theirs =
        ["run".into(), text(&planted.model), "--onnxrt".into(), "--load-inputs".into(), text(&inputs)];
    let script = ["tests/python/bench_onnxruntime.py".into(), text(&planted.model), text(&planted.inputs)];
    let contenders = [
        Contender::new("reproof verify --runner onnxruntime", &binary, ours("verify")),
        Contender::new("polygraphy run --onnxrt", polygraphy, theirs),
        Contender::new("bare onnxruntime script", &interpreter, script),
    ];
    let rows = measure::compare(&contenders, options.runs)?;
    let ratio = |peer: usize, limit| Ratio {
        name: format!("CPU time of `reproof verify` over {}", rows[peer].label),
        value: rows[0].cost.cpu / rows[peer].cost.cpu,
        limit,
    };
    let ratios = vec![ratio(1, POLYGRAPHY_LIMIT), ratio(2, SCRIPT_LIMIT)];
    Ok(vec![Table { title: format!("ONNX model of {MEGABYTES} MB, one input"), rows, ratios }])
}

/// A model and the inputs of one call.
struct Planted {
    model: PathBuf,
    inputs: PathBuf,
}

/// The model in its folder, made where it is missing.
fn planted(interpreter: &Path, folder: &Path) -> Result<Planted> {
    if !folder.exists() {
        let parent = folder.parent().context("the folder lies in the cache")?;
        fs::create_dir_all(parent).with_context(|| format!("could not make {}", parent.display()))?;
        let building = tempfile::tempdir_in(parent).context("could not make a temporary folder")?;
        let mut command = Command::new(interpreter);
        command.arg("tests/python/planted.py").arg(building.path()).args(["--large", MEGABYTES]);
        repository::run(&mut command)?;
        fs::rename(building.keep(), folder)
            .with_context(|| format!("could not make {}", folder.display()))?;
    }
    let planted = Planted {
        model: folder.join(format!("large-{MEGABYTES}.onnx")),
        inputs: folder.join("inputs").join(format!("large-{MEGABYTES}.npz")),
    };
    for path in [&planted.model, &planted.inputs] {
        ensure!(path.exists(), "planted.py made no {}; remove {}", path.display(), folder.display());
    }
    Ok(planted)
}

/// The native library inside the `onnxruntime` package.
fn library(interpreter: &Path) -> Result<PathBuf> {
    let ask = "import importlib.util as u, pathlib as p; \
               print(p.Path(u.find_spec('onnxruntime').origin).parent / 'capi')";
    let folder = PathBuf::from(repository::output(Command::new(interpreter).args(["-c", ask]))?.trim());
    let entries = fs::read_dir(&folder).with_context(|| format!("could not list {}", folder.display()))?;
    let mut found = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let is_library = |path: &PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        name.starts_with("libonnxruntime.") || name == "onnxruntime.dll"
    };
    found.find(is_library).with_context(|| format!("no ONNX Runtime library in {}", folder.display()))
}
