//! Promises about what a model computes on its way.

use std::collections::BTreeMap;

use reproof_contract::run::{Status, Taps};
use reproof_contract::taps;
use reproof_formats::values;
use reproof_tensor::{Key, Tensor, Value};

use crate::model::{FLOAT, Graph, Kind, Node};
use crate::subject::{Answer, Ran, Subject, Trial};

/// `y = -(x + x)`, whose step between is `twice`.
fn model() -> Vec<u8> {
    let nodes = vec![Node::new("Add", &["x", "x"], "twice"), Node::new("Neg", &["twice"], "y")];
    let (inputs, outputs) = (vec![("x", Kind::shaped(FLOAT, &[2]))], vec![("y", Kind::any(FLOAT))]);
    Graph { nodes, inputs, outputs }.model(17)
}

fn pair(values: [f32; 2]) -> Value {
    Value::Tensor(Tensor::from_f32(vec![2], &values).expect("two elements"))
}

/// A step of this name with this value, as runners keep it.
fn kept(name: &str, values: [f32; 2]) -> (String, Value) {
    (format!("{name}#0"), Value::Map(vec![(Key::Text("output".to_owned()), pair(values))]))
}

fn steps(ran: &Ran) -> taps::Taps {
    let folder = ran.outcome.cases[0].taps.as_ref().expect("taps were asked for");
    let text = std::fs::read(folder.join("taps.json")).expect("the steps can be read");
    serde_json::from_slice(&text).expect("the steps are a document")
}

fn kept_values(ran: &Ran) -> Vec<(String, Value)> {
    let folder = ran.outcome.cases[0].taps.as_ref().expect("taps were asked for");
    values::read(folder, "outputs").expect("the values can be read")
}

pub(crate) fn every_step(subject: &Subject) -> Answer {
    let trial = Trial::of(&model()).case(&[("x", pair([1.0, 2.0]))]);
    let ran = trial.with(|spec| spec.taps = Taps::All).run(subject);
    assert_eq!(*ran.status(0), Status::Done);
    let taps = steps(&ran);
    let shown: Vec<(&str, &str)> =
        taps.steps.iter().map(|step| (step.name.as_str(), step.kind.as_str())).collect();
    assert_eq!(shown, [("twice", "Add"), ("y", "Neg")]);
    assert!(!taps.disturbed);
    // The second takes what the first gave, and the digest is that of every runner.
    let twice = &taps.steps[0].outputs[0];
    assert_eq!(taps.steps[1].inputs, std::slice::from_ref(&twice.digest));
    assert_eq!(twice.digest, "28b95951126466d57d1a565bbfe58db473ed98b367f903c9845129ab270c6998");
    assert_eq!(twice.samples.iter().map(|sample| sample.0).collect::<Vec<_>>(), [2.0, 4.0]);
    assert_eq!(kept_values(&ran), []);
    Answer::Kept
}

pub(crate) fn named_step(subject: &Subject) -> Answer {
    let trial = Trial::of(&model()).case(&[("x", pair([1.0, 2.0]))]);
    let ran = trial.with(|spec| spec.taps = Taps::Named(vec!["twice".to_owned()])).run(subject);
    assert_eq!(steps(&ran).steps.len(), 1);
    assert_eq!(kept_values(&ran), [kept("twice", [2.0, 4.0])]);
    assert_eq!(ran.outputs(0, 0), [("y".to_owned(), pair([-2.0, -4.0]))]);
    Answer::Kept
}

pub(crate) fn given_values(subject: &Subject) -> Answer {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    values::write(folder.path(), "outputs", &[kept("twice", [10.0, 20.0])]).expect("values can be written");
    let trial = Trial::of(&model()).case(&[("x", pair([1.0, 2.0]))]);
    let given = |name| BTreeMap::from([(name, folder.path().to_owned())]);
    let trial = trial.with(|spec| {
        spec.given = given(spec.cases[0].name.clone());
        spec.taps = Taps::Named(vec!["twice".to_owned(), "y".to_owned()]);
    });
    let ran = trial.run(subject);
    if let Status::Unsupported { what, .. } = ran.status(0) {
        return Answer::Lacks(what.clone());
    }
    // Each step shows what it makes itself, from what the one before it gave elsewhere.
    assert_eq!(kept_values(&ran), [kept("twice", [2.0, 4.0]), kept("y", [-10.0, -20.0])]);
    Answer::Kept
}
