use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reproof_referee::graph::Graph;
use reproof_referee::{Data, Tensor};
use reproof_tensor::DType;
use tempfile::TempDir;

use super::*;

/// A model file, a folder for states, and what is run.
struct Place {
    folder: TempDir,
    model: Model,
    inputs: Vec<(String, Held)>,
}

fn floats(values: &[f64]) -> Held {
    Tensor::new(vec![values.len()], Data::Float(DType::F32, values.to_vec())).into()
}

/// `y` is four times `x`, doubled twice; what lies between is `half`.
fn doubled_twice() -> Model {
    let node = |from: &str, to: &str| Node {
        name: String::new(),
        operator: "Mul".to_owned(),
        domain: String::new(),
        inputs: vec![from.to_owned(), "two".to_owned()],
        outputs: vec![to.to_owned()],
        attributes: BTreeMap::new(),
    };
    let two = Arc::new(Tensor::new(vec![1], Data::Float(DType::F32, vec![2.0])));
    let graph = Graph {
        inputs: vec!["x".to_owned()],
        outputs: vec!["y".to_owned()],
        nodes: vec![node("x", "half"), node("half", "y")],
        constants: BTreeMap::from([("two".to_owned(), two)]),
    };
    Model { graph, opsets: BTreeMap::from([(String::new(), 21)]), functions: Vec::new() }
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("model.onnx"), b"a model").unwrap();
        Self { folder, model: doubled_twice(), inputs: vec![("x".to_owned(), floats(&[1.0, 3.0]))] }
    }

    fn artifact(&self) -> PathBuf {
        self.folder.path().join("model.onnx")
    }

    fn kept(&self, every: Duration) -> Kept {
        let folder = self.folder.path().join("runs");
        Kept::new(Keep { folder, every }, &self.artifact()).unwrap()
    }

    fn run(&self, kept: &Kept) -> Held {
        let outputs = kept.run(&self.model, &self.inputs, Options::default(), "typed").unwrap();
        outputs.into_iter().next().unwrap().1
    }

    /// A state of exactly this run, whoever wrote it.
    fn leave(&self, done: usize, values: &[(&str, Held)]) -> PathBuf {
        let kept = self.kept(Duration::ZERO);
        let key = identity::identity(&kept.stamp, &self.model, &self.inputs, "typed").unwrap();
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        state::write(&kept.folder, &key, &Halt { done, counted: 2, values }).unwrap()
    }

    fn states(&self) -> Vec<PathBuf> {
        entries(&self.folder.path().join("runs")).iter().flat_map(|model| entries(model)).collect()
    }
}

#[test]
fn a_run_goes_on_with_what_was_kept() {
    let place = Place::new();
    let hour = Duration::from_hours(1);
    assert_eq!(place.run(&place.kept(hour)), floats(&[4.0, 12.0]));
    assert_eq!(place.states(), Vec::<PathBuf>::new(), "short runs are not kept");
    // Other values than the model computes show where the outputs come from.
    place.leave(1, &[("half", floats(&[5.0, 7.0]))]);
    let kept = place.kept(hour);
    assert_eq!(place.run(&kept), floats(&[10.0, 14.0]));
    // Until all runs of the process are over, so that a limit of time for all of them loses none.
    assert_eq!(place.states().len(), 1);
    drop(kept);
    assert_eq!(place.states(), Vec::<PathBuf>::new());
}

#[test]
fn a_process_that_was_killed_leaves_the_last_state() {
    let place = Place::new();
    let killed = place.kept(Duration::ZERO);
    place.run(&killed);
    std::mem::forget(killed);
    let [left] = place.states().try_into().unwrap();
    let halt = state::read(&left).unwrap();
    assert_eq!((halt.done, halt.values), (2, vec![("y".to_owned(), floats(&[4.0, 12.0]))]));
}

#[test]
fn a_state_of_another_run_is_not_believed() {
    let other = floats(&[5.0, 7.0]);
    let place = Place::new();
    place.leave(1, &[("half", other.clone())]);
    let kept = place.kept(Duration::from_hours(1));
    // Another arithmetic, other inputs, another constant.
    let wide = Options { mode: reproof_referee::Mode::Wide, ..Options::default() };
    let wanted = kept.run(&place.model, &place.inputs, wide, "wide").unwrap();
    assert_eq!(wanted, place.model.run(&place.inputs, wide, &()).unwrap());
    let inputs = [("x".to_owned(), floats(&[1.0, 4.0]))];
    let outputs = kept.run(&place.model, &inputs, Options::default(), "typed").unwrap();
    assert_eq!(outputs[0].1, floats(&[4.0, 16.0]));
    let mut model = doubled_twice();
    let three = Arc::new(Tensor::new(vec![1], Data::Float(DType::F32, vec![3.0])));
    model.graph.constants.insert("two".to_owned(), three);
    let outputs = kept.run(&model, &place.inputs, Options::default(), "typed").unwrap();
    assert_eq!(outputs[0].1, floats(&[9.0, 27.0]));
    // Another file in the same place.
    fs::write(place.artifact(), b"another").unwrap();
    assert_eq!(place.run(&place.kept(Duration::from_hours(1))), floats(&[4.0, 12.0]));
}

#[test]
fn a_model_that_changes_after_it_was_read_is_not_kept() {
    let place = Place::new();
    let kept = place.kept(Duration::ZERO);
    fs::write(place.artifact(), b"exported again").unwrap();
    assert_eq!(place.run(&kept), floats(&[4.0, 12.0]));
    std::mem::forget(kept);
    assert_eq!(place.states(), Vec::<PathBuf>::new());
}

#[test]
fn a_state_that_is_damaged_or_makes_no_sense_goes() {
    let damages: [fn(&Path); 4] = [
        |state| fs::write(state.join("values.safetensors"), b"cut").unwrap(),
        |state| fs::remove_file(state.join("values.json")).unwrap(),
        |state| {
            let told = fs::read_to_string(state.join("halt.json")).unwrap();
            fs::write(state.join("halt.json"), told.replace("\"done\":1", "\"done\":2")).unwrap();
        },
        |state| fs::rename(state, state.with_extension("0")).unwrap(),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let place = Place::new();
        damage(&place.leave(1, &[("half", floats(&[5.0, 7.0]))]));
        let kept = place.kept(Duration::from_hours(1));
        assert_eq!(place.run(&kept), floats(&[4.0, 12.0]), "damage {number}");
    }
    // Whole, and what a run cannot go on from: nothing is said of the model.
    for done in [1, 9] {
        let place = Place::new();
        place.leave(done, &[]);
        assert_eq!(place.run(&place.kept(Duration::from_hours(1))), floats(&[4.0, 12.0]), "{done}");
    }
}

#[test]
fn what_is_large_is_not_kept() {
    let place = Place::new();
    let large = Tensor::new(vec![(1 << 24) + 1], Data::Boolean(vec![true; (1 << 24) + 1]));
    let kept = place.kept(Duration::ZERO);
    let halt = Halt { done: 1, counted: 2, values: vec![("half".to_owned(), large.into())] };
    let refused = state::write(&kept.folder, "key", &halt).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::FileTooLarge);
    assert_eq!(place.states(), Vec::<PathBuf>::new(), "and nothing is left of it");
}

#[test]
fn what_nobody_went_on_with_goes() {
    let place = Place::new();
    let (old, draft) = (place.leave(1, &[]), place.folder.path().join("runs/other/draft-x"));
    fs::create_dir_all(&draft).unwrap();
    let aged = |path: &Path, age: Duration| {
        let file = fs::File::open(path).unwrap();
        file.set_modified(SystemTime::now() - age).unwrap();
    };
    aged(&draft, Duration::from_hours(5));
    aged(&old, Duration::from_hours(24 * 6));
    place.kept(Duration::from_hours(1)).sweep();
    assert_eq!(place.states(), std::slice::from_ref(&old), "a draft of this morning is of nobody");
    assert!(!place.folder.path().join("runs/other").exists());
    aged(&old, Duration::from_hours(24 * 8));
    place.kept(Duration::from_hours(1)).sweep();
    assert_eq!(place.states(), Vec::<PathBuf>::new());
}
