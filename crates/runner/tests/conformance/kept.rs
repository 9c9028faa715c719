//! Long runs of the built-in engine: one that its limit ended is gone on with.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reproof_contract::run::{LimitKind, RunSpec, Status};
use reproof_formats::values;
use reproof_progress::Silent;
use reproof_runner::{ChildRunner, Keep, Runner};
use reproof_tensor::{Tensor, Value};

use crate::model::{Attribute, FLOAT, Graph, INT64, Kind, Node};
use crate::subject::Trial;

/// Rows of matrices, and their products in a row: a second or two.
const ROWS: i64 = 512;
const STEPS: usize = 40;

/// More than enough: each run makes most of a quarter of what is to do, and each has more time than the last.
const RUNS: u64 = 40;

/// Products of matrices whose elements stay 1 / [`ROWS`], and their largest element.
fn work() -> Vec<u8> {
    let value = 1.0 / ROWS as f32;
    let first = Node::new("ConstantOfShape", &["shape"], "m0").with(Attribute::Float("value", value));
    let product = |step: usize| Node::new("MatMul", &[&format!("m{step}"), "m0"], &format!("m{}", step + 1));
    let last = Node::new("ReduceMax", &[&format!("m{STEPS}")], "y").with(Attribute::Integer("keepdims", 0));
    let nodes = std::iter::once(first).chain((0..STEPS).map(product)).chain([last]).collect();
    let inputs = vec![("shape", Kind::shaped(INT64, &[2]))];
    Graph { nodes, inputs, outputs: vec![("y", Kind::any(FLOAT))] }.model(17)
}

fn runner(keep: Option<&Path>) -> Arc<dyn Runner> {
    let program = std::env::current_exe().expect("this program knows its own file");
    let keep = keep.map(|folder| Keep { folder: folder.to_owned(), every: Duration::ZERO });
    Arc::new(ChildRunner::referee(program, vec![OsString::from("run-unit")]).keeping(keep))
}

/// How the only case ended, and its output.
fn run(runner: &dyn Runner, spec: &RunSpec) -> (Status, Option<Value>) {
    let scratch = tempfile::tempdir().expect("a temporary folder can be made");
    let outcome = runner.run(spec, scratch.path(), &Silent).expect("the runner itself works");
    let case = &outcome.cases[0];
    let output = case.outputs.first().map(|folder| {
        let mut outputs = values::read(folder, "outputs").expect("outputs can be read");
        outputs.remove(0).1
    });
    (case.step.status.clone(), output)
}

/// States that are kept in a folder, each below that of its model.
fn states(folder: &Path) -> Vec<PathBuf> {
    let below = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let is_draft = |path: &PathBuf| path.to_string_lossy().contains("draft-");
    below(folder).iter().flat_map(|model| below(model)).filter(|path| !is_draft(path)).collect()
}

pub(crate) fn a_run_that_was_ended_is_gone_on_with() {
    let shape = Tensor::from_i64(vec![2], &[ROWS, ROWS]).expect("two elements");
    let trial = Trial::of(&work()).case(&[("shape", Value::Tensor(shape))]);
    let kept = tempfile::tempdir().expect("a temporary folder can be made");
    let started = Instant::now();
    let whole = run(&*runner(None), &trial.spec);
    let quarter = started.elapsed().as_millis() as u64 / 4;
    assert!(whole.0.is_done(), "{:?}", whole.0);
    let limit = |milliseconds: u64| {
        let mut spec = trial.spec.clone();
        spec.limits.milliseconds = Some(milliseconds);
        spec
    };
    let keeping = runner(Some(kept.path()));
    let first = run(&*keeping, &limit(quarter));
    assert_eq!(first.0, Status::Limit { limit: LimitKind::Time, value: quarter });
    let state = states(kept.path()).pop().expect("the last state is kept");
    // One that was changed is not believed: the run begins anew.
    std::fs::write(state.join("values.safetensors"), b"changed").expect("the state can be written");
    let ended = (1..RUNS).map(|number| run(&*keeping, &limit(quarter * (3 + number) / 4)));
    assert_eq!(ended.into_iter().find(|(status, _)| status.is_done()), Some(whole));
    assert_eq!(states(kept.path()), Vec::<PathBuf>::new(), "one that comes to its end leaves nothing");
}
