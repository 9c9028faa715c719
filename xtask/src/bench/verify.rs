//! `verify` against what people use now, on the same model and inputs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use reproof_testing::python;

use super::{Bound, Options, Table, Unit};
use crate::measure::{self, Contender};
use crate::repository;

/// Size of the model in units of 10^6 bytes.
const MEGABYTES: &str = "100";

/// The script that only loads a model and runs it.
const SCRIPT: &str = "tests/python/bench_onnxruntime.py";

/// CPU time over that of Polygraphy.
const POLYGRAPHY_LIMIT: f64 = 0.35;

/// CPU time over that of a script that loads the model and runs the inputs, and compares nothing.
const SCRIPT_LIMIT: f64 = 1.0;

/// Wall time on a small model over that of a script that only loads it.
const SMALL_LIMIT: f64 = 0.5;

/// A model of 100 KB.
const SMALL: &str = "examples/digits/model.onnx";

/// Makes the models and their contracts, then measures.
pub(crate) fn run(options: Options) -> Result<Vec<Table>> {
    let programs = Programs { ours: repository::binary()?, interpreter: python::environment("suite")? };
    Ok(vec![large(&programs, options)?, small(&programs, options)?])
}

/// One input of a large model: what loading and hashing cost.
fn large(programs: &Programs, options: Options) -> Result<Table> {
    let folder = python::cache()?.join("bench").join(format!("planted-{MEGABYTES}"));
    let planted = planted(&programs.interpreter, &folder)?;
    let library = library(&programs.interpreter)?;
    let engine = ["--runner".into(), "onnxruntime".into(), "--onnxruntime".into(), library.into()];
    let cases = ["--cases".into(), planted.inputs.clone().into()];
    let command = |name: &str| [vec![name.into(), planted.model.clone().into()], engine.to_vec()].concat();
    programs.record(&planted.model, [command("record"), cases.to_vec()].concat())?;

    let inputs = folder.join("polygraphy.json");
    let mut convert = Command::new(&programs.interpreter);
    convert.args(["-c", include_str!("polygraphy_inputs.py")]).arg(&planted.inputs).arg(&inputs);
    repository::run(&mut convert)?;
    let model = planted.model.clone().into_os_string();
    let polygraphy = ["run".into(), model.clone(), "--onnxrt".into(), "--load-inputs".into(), inputs.into()];
    let script = [SCRIPT.into(), model, planted.inputs.parent().context("a file has a folder")?.into()];
    let contenders = [
        Contender::new("reproof verify --runner onnxruntime", &programs.ours, command("verify")),
        Contender::new("polygraphy run --onnxrt", programs.polygraphy(), polygraphy),
        Contender::new("bare onnxruntime script", &programs.interpreter, script),
    ];
    let rows = measure::compare(&contenders, options.runs)?;
    let bound = |peer: usize, limit| Bound {
        name: format!("CPU, `reproof verify` over {}", rows[peer].label),
        value: rows[0].cost.cpu / rows[peer].cost.cpu,
        limit,
        unit: Unit::Times,
    };
    let bounds = vec![bound(1, POLYGRAPHY_LIMIT), bound(2, SCRIPT_LIMIT)];
    let versions = programs.versions(&["onnxruntime", "polygraphy"])?;
    Ok(Table { title: format!("ONNX model of {MEGABYTES} MB, one input, against {versions}"), rows, bounds })
}

/// Many cases of a small model with the built-in engine: what the process itself costs.
fn small(programs: &Programs, options: Options) -> Result<Table> {
    let folder = tempfile::tempdir().context("could not make a temporary folder")?;
    let model = folder.path().join("model.onnx");
    fs::copy(repository::root().join(SMALL), &model).with_context(|| format!("could not copy {SMALL}"))?;
    let command = |name: &str| [name.into(), model.clone().into(), "--runner".into(), "referee".into()];
    programs.record(&model, command("record").to_vec())?;
    // No inputs: the script then only loads the model.
    let script: [OsString; 3] = [SCRIPT.into(), model.clone().into(), folder.path().into()];
    let contenders = [
        Contender::new("reproof verify", &programs.ours, command("verify")),
        Contender::new("bare onnxruntime script, no inputs", &programs.interpreter, script),
    ];
    let rows = measure::compare(&contenders, options.runs)?;
    let bounds = vec![Bound {
        name: "wall, `reproof verify` over the script".to_owned(),
        value: rows[0].cost.wall / rows[1].cost.wall,
        limit: SMALL_LIMIT,
        unit: Unit::Times,
    }];
    let versions = programs.versions(&["onnxruntime"])?;
    Ok(Table { title: format!("{SMALL}, proposed cases, against {versions}"), rows, bounds })
}

/// Ours, and where the peers live.
struct Programs {
    ours: PathBuf,
    interpreter: PathBuf,
}

impl Programs {
    fn polygraphy(&self) -> PathBuf {
        self.interpreter.with_file_name(format!("polygraphy{}", std::env::consts::EXE_SUFFIX))
    }

    /// Makes a contract anew: an older binary may have written another one.
    fn record(&self, model: &Path, arguments: Vec<OsString>) -> Result<()> {
        let mut contract = model.as_os_str().to_owned();
        contract.push(".reproof");
        let contract = PathBuf::from(contract);
        if contract.exists() {
            fs::remove_dir_all(&contract)
                .with_context(|| format!("could not remove {}", contract.display()))?;
        }
        repository::output(Command::new(&self.ours).args(arguments)).map(drop)
    }

    /// Packages with their versions, in words.
    fn versions(&self, packages: &[&str]) -> Result<String> {
        let ask = "import importlib.metadata as m, sys; \
                   print(', '.join(f'{name} {m.version(name)}' for name in sys.argv[1:]))";
        let mut command = Command::new(&self.interpreter);
        Ok(repository::output(command.args(["-c", ask]).args(packages))?.trim().to_owned())
    }
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
