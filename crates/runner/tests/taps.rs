//! Taps of every adapter, with the real frameworks: steps have names, are the same in every run, and show where a
//! planted change starts.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use reproof_contract::run::{CaseInput, Device, Limits, Loading, Outcome, Precision, RunSpec, Status, Taps};
use reproof_contract::taps;
use reproof_formats::{npy, values};
use reproof_progress::Silent;
use reproof_runner::{PythonRunner, Runner as _};
use reproof_tensor::Value;
use reproof_testing::{generated, python};
use tempfile::TempDir;

/// A model that a script made, and how it is run.
struct Model {
    set: &'static str,
    script: &'static str,
    artifact: &'static str,
    /// An adapter by name, where content does not tell the one that is meant.
    adapter: Option<&'static str>,
    loader: Option<&'static str>,
    /// The folder whose first file is the case.
    cases: &'static str,
}

const TORCH: Model = Model {
    set: "checkpoints",
    script: "frameworks.py",
    artifact: "weights.pt",
    adapter: None,
    loader: Some("loaders:build"),
    cases: "images",
};
const JAX: Model = Model {
    set: "jax",
    script: "frameworks_jax.py",
    artifact: "variables.msgpack",
    loader: Some("flax_loaders:build"),
    ..TORCH
};
const TENSORFLOW: Model =
    Model { set: "tf", script: "frameworks_tf.py", artifact: "digits.keras", loader: None, ..TORCH };

/// Models with a step that each must show.
const STEPS: &[(Model, &str)] = &[
    (TORCH, "head"),
    (Model { artifact: "scripted.pt", loader: None, ..TORCH }, "aten.addmm.default"),
    (Model { artifact: "program.pt2", loader: None, ..TORCH }, "aten.addmm.default"),
    (
        Model { artifact: "bert", loader: None, cases: "tokens", ..TORCH },
        "bert.encoder.layer.1.attention.self",
    ),
    (
        Model {
            artifact: "writer",
            adapter: Some("transformers-generate"),
            loader: None,
            cases: "tokens",
            ..TORCH
        },
        "transformer.h.0.attn",
    ),
    (Model { artifact: "sentences", loader: None, cases: "tokens", ..TORCH }, "0.model.encoder.layer.0"),
    (Model { artifact: "pipeline.joblib", loader: None, cases: "tables", ..TORCH }, "standardscaler"),
    (Model { artifact: "forest.joblib", loader: None, cases: "tables", ..TORCH }, "leaves"),
    (JAX, "Net/Dense_0:dot_general"),
    (Model { artifact: "nnx.msgpack", loader: Some("flax_loaders:build_nnx"), ..JAX }, "dot_general"),
    (Model { artifact: "boosted.ubj", loader: None, cases: "tables", ..JAX }, "leaves"),
    (Model { artifact: "grown.txt", loader: None, cases: "rows", ..JAX }, "leaves"),
    (Model { artifact: "pipeline.skops", loader: None, cases: "tables", ..JAX }, "standardscaler"),
    (TENSORFLOW, "digit"),
    (Model { artifact: "savedmodel", ..TENSORFLOW }, "StatefulPartitionedCall/functional_1/digit_1/MatMul"),
    (Model { artifact: "digits.tflite", ..TENSORFLOW }, "functional_1/pool_1/MaxPool2d"),
];

/// What came of a run; its files live as long.
struct Ran {
    _scratch: TempDir,
    outcome: Outcome,
}

impl Model {
    fn folder(&self) -> (PathBuf, PathBuf) {
        let interpreter = python::environment(self.set).unwrap_or_else(|error| panic!("{error}"));
        let folder = generated::by_script(&interpreter, self.script, &["frameworks"]);
        (interpreter, folder)
    }

    fn run(&self, taps: Taps) -> Ran {
        let (interpreter, folder) = self.folder();
        let scratch = tempfile::tempdir().expect("a temporary folder can be made");
        let inputs = first_case(&folder.join(self.cases));
        let case = scratch.path().join("case");
        std::fs::create_dir(&case).expect("a folder can be made");
        values::write(&case, "inputs", &inputs).expect("inputs can be written");
        std::fs::write(scratch.path().join("plain.py"), "def made():\n    return lambda X: X\n")
            .expect("a file can be written");
        let loading = Loading {
            adapter: self.adapter.map(str::to_owned),
            loader: self.loader.map(str::to_owned),
            trust: true,
            modules: vec![folder.clone(), scratch.path().to_owned()],
            ..Loading::default()
        };
        run(interpreter, folder.join(self.artifact), case, loading, taps)
    }

    /// All steps of the model.
    #[track_caller]
    fn steps(&self) -> taps::Taps {
        self.run(Taps::All).taps(self.artifact)
    }

    /// All steps of the model, seen once for all tests.
    #[track_caller]
    fn known_steps(&self) -> Arc<taps::Taps> {
        static SEEN: Mutex<BTreeMap<String, Arc<OnceLock<Arc<taps::Taps>>>>> = Mutex::new(BTreeMap::new());
        let key = format!("{} {}", self.artifact, self.loader.unwrap_or_default());
        let seen = Arc::clone(SEEN.lock().expect("no test panics here").entry(key).or_default());
        Arc::clone(seen.get_or_init(|| Arc::new(self.steps())))
    }
}

impl Ran {
    #[track_caller]
    fn taps(&self, artifact: &str) -> taps::Taps {
        let case = &self.outcome.cases[0];
        assert!(self.outcome.load.status.is_done(), "{artifact}: {:?}", self.outcome.load.status);
        assert!(case.step.status.is_done(), "{artifact}: {:?}", case.step.status);
        let folder = case.taps.as_ref().unwrap_or_else(|| panic!("{artifact} has no taps"));
        let text = std::fs::read(folder.join("taps.json")).expect("taps can be read");
        serde_json::from_slice(&text).expect("taps are a document")
    }
}

fn run(interpreter: PathBuf, artifact: PathBuf, case: PathBuf, loading: Loading, taps: Taps) -> Ran {
    let spec = RunSpec {
        artifact,
        cases: vec![CaseInput { name: "case".parse().expect("a valid name"), folder: case }],
        device: Device::Cpu,
        precision: Precision::Stored,
        threads: Some(1),
        options: BTreeMap::new(),
        variables: BTreeMap::new(),
        packages: Vec::new(),
        loading,
        taps,
        given: BTreeMap::new(),
        trials: Vec::new(),
        limits: Limits::default(),
        repeats: 1,
    };
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let outcome =
        PythonRunner::new(interpreter).run(&spec, scratch.path(), &Silent).expect("the runner itself works");
    Ran { _scratch: scratch, outcome }
}

/// The values of the first case in a folder of them, by name.
fn first_case(folder: &Path) -> Vec<(String, Value)> {
    let entries = std::fs::read_dir(folder).expect("cases can be listed");
    let first = entries.map(|entry| entry.expect("a case").path()).min().expect("a case");
    npy::read_archive(&first, 1 << 30).expect("arrays can be read")
}

/// The first step that gave something else although what it took was the same.
fn first_difference<'a>(before: &'a taps::Taps, after: &'a taps::Taps) -> Option<&'a taps::Step> {
    let pairs = before.steps.iter().zip(&after.steps);
    let differs = |(before, after): &(&taps::Step, &taps::Step)| {
        before.name == after.name && before.inputs == after.inputs && before.outputs != after.outputs
    };
    pairs.filter(differs).map(|(before, _)| before).next()
}

#[test]
fn every_adapter_shows_its_steps() {
    for (model, name) in STEPS {
        let taps = model.known_steps();
        let names: Vec<&str> = taps.steps.iter().map(|step| step.name.as_str()).collect();
        assert!(names.contains(name), "{}: {names:#?}", model.artifact);
        // What compilers fuse differs among processors; PyTorch runs the same kernels whoever looks.
        let disturbed = taps.disturbed && model.set == TORCH.set;
        assert!(!disturbed, "{} gives other outputs when it is looked at", model.artifact);
    }
}

#[test]
fn steps_are_the_same_in_every_process() {
    for model in [TORCH, JAX, TENSORFLOW] {
        assert_eq!(model.steps(), *model.known_steps(), "{}", model.artifact);
    }
}

#[test]
fn values_of_a_graph_have_their_names() {
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits/model.onnx");
    let interpreter = python::environment("models").unwrap_or_else(|error| panic!("{error}"));
    let case = model.parent().unwrap().join("reproof/suite/typical-3");
    let loading = Loading { adapter: Some("onnxruntime".to_owned()), ..Loading::default() };
    let taps = run(interpreter, model, case, loading, Taps::All).taps("model.onnx");
    let kinds: Vec<&str> = taps.steps.iter().map(|step| step.kind.as_str()).collect();
    assert!(kinds.contains(&"Gemm") || kinds.contains(&"MatMul"), "{kinds:?}");
    // Every step but the first takes what another one gave, or an input.
    assert!(taps.steps.iter().skip(1).any(|step| !step.inputs.is_empty()));
}

/// Faults and alterations in every kind of model: each applies, is seen or known not to be, and leaves no trace.
#[test]
fn faults_can_be_planted_and_leave_no_trace() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let interpreter = python::environment("checkpoints").unwrap_or_else(|error| panic!("{error}"));
    for script in ["test_torch.py", "test_sklearn.py"] {
        let mut command = std::process::Command::new(&interpreter);
        command.arg("-B").arg(root.join("tests/python/faults").join(script));
        command.env("PYTHONPATH", root.join("python/worker"));
        let ran = command.output().unwrap_or_else(|error| panic!("{script}: {error}"));
        assert!(ran.status.success(), "{script}\n{}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn a_planted_constant_is_found_in_the_step_that_has_it() {
    for (model, other, step) in [
        (TORCH, Model { loader: Some("loaders:build_epsilon"), ..TORCH }, "norm:"),
        (JAX, Model { loader: Some("flax_loaders:build_epsilon"), ..JAX }, "Net/BatchNorm_0:add"),
        (TENSORFLOW, Model { artifact: "epsilon.keras", ..TENSORFLOW }, "norm"),
    ] {
        let (before, after) = (model.known_steps(), other.steps());
        let found = first_difference(&before, &after).expect("a difference");
        assert!(found.name.starts_with(step), "{}: {}", other.set, found.name);
    }
}

#[test]
fn the_values_of_named_steps_are_kept() {
    let ran = TORCH.run(Taps::Named(vec!["conv".to_owned(), "head".to_owned()]));
    let told = ran.taps("weights.pt");
    let names: Vec<&str> = told.steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["conv", "head"]);
    let case = &ran.outcome.cases[0];
    let kept = values::read(case.taps.as_ref().unwrap(), "outputs").unwrap();
    let names: Vec<&str> = kept.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["conv#0", "head#0"]);
    // The last step is the output.
    let outputs = values::read(&case.outputs[0], "outputs").unwrap();
    let Value::Map(entries) = &kept[1].1 else { panic!("{:?}", kept[1].1) };
    assert_eq!(entries[0].1, outputs[0].1);
}

#[test]
fn what_shows_nothing_is_unsupported_by_name() {
    let model = Model { loader: Some("plain:made"), cases: "tables", ..JAX };
    let ran = Model { adapter: Some("callable"), ..model }.run(Taps::All);
    let case = &ran.outcome.cases[0];
    let Status::Unsupported { what, .. } = &case.step.status else { panic!("{:?}", case.step.status) };
    assert!(what.starts_with("taps of this model"), "{what}");
    assert!(case.taps.is_none());
}
