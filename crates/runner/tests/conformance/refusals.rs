//! Promises about what does not work: whose fault it is, and what exactly is lacking.

use reproof_contract::run::{Device, Precision, Status};
use reproof_tensor::{Tensor, Value};

use crate::model::{Attribute, BOOL, FLOAT, Graph, INT64, Kind, Node};
use crate::subject::{Answer, Subject, Trial};

fn floats(shape: &[u64]) -> Value {
    let count = shape.iter().product::<u64>() as usize;
    Value::Tensor(Tensor::from_f32(shape.to_vec(), &vec![1.0; count]).expect("as many values as elements"))
}

fn integers(values: &[i64]) -> Value {
    Value::Tensor(Tensor::from_i64(vec![values.len() as u64], values).expect("one dim"))
}

fn single(node: Node, kind: Kind) -> Graph {
    Graph { nodes: vec![node], inputs: vec![("x", kind)], outputs: vec![("y", Kind::any(FLOAT))] }
}

/// `y = relu(x)` for x of shape [2].
fn relu() -> Vec<u8> {
    single(Node::new("Relu", &["x"], "y"), Kind::shaped(FLOAT, &[2])).model(21)
}

/// Asserts that the second case is refused with a message that holds `word`, and that those around it run.
fn refused(
    subject: &Subject,
    model: &[u8],
    good: &[(&str, Value)],
    bad: &[(&str, Value)],
    word: &str,
) -> Answer {
    let ran = Trial::of(model).case(good).case(bad).case(good).run(subject);
    assert!(ran.outcome.load.status.is_done(), "{:?}", ran.outcome.load.status);
    assert!(ran.status(0).is_done() && ran.status(2).is_done(), "{:?}", ran.outcome.cases);
    match ran.status(1) {
        Status::Refused { message } => assert!(message.contains(word), "expected `{word}` in: {message}"),
        Status::Unsupported { what, .. } => return Answer::Lacks(what.clone()),
        other => panic!("expected a refusal, got {other:?}"),
    }
    assert!(ran.outcome.cases[1].outputs.is_empty(), "a refused case has no outputs");
    Answer::Kept
}

pub(crate) fn wrong_shape(subject: &Subject) -> Answer {
    refused(subject, &relu(), &[("x", floats(&[2]))], &[("x", floats(&[3]))], "x")
}

pub(crate) fn wrong_rank(subject: &Subject) -> Answer {
    refused(subject, &relu(), &[("x", floats(&[2]))], &[("x", floats(&[2, 1]))], "x")
}

pub(crate) fn wrong_dtype(subject: &Subject) -> Answer {
    refused(subject, &relu(), &[("x", floats(&[2]))], &[("x", integers(&[1, 2]))], "")
}

pub(crate) fn missing_input(subject: &Subject) -> Answer {
    refused(subject, &relu(), &[("x", floats(&[2]))], &[], "`x`")
}

pub(crate) fn unknown_input(subject: &Subject) -> Answer {
    let both = [("x", floats(&[2])), ("gamma", floats(&[2]))];
    refused(subject, &relu(), &[("x", floats(&[2]))], &both, "`gamma`")
}

/// What the shapes allow and the values do not.
pub(crate) fn impossible_values(subject: &Subject) -> Answer {
    let node = Node::new("Gather", &["x", "at"], "y");
    let inputs = vec![("x", Kind::shaped(FLOAT, &[2])), ("at", Kind::shaped(INT64, &[1]))];
    let model = Graph { nodes: vec![node], inputs, outputs: vec![("y", Kind::any(FLOAT))] }.model(21);
    let at = |index| [("x", floats(&[2])), ("at", integers(&[index]))];
    refused(subject, &model, &at(1), &at(9), "9")
}

/// Asserts that loading is refused, and every case with it.
fn refused_load(subject: &Subject, trial: Trial) -> Answer {
    let ran = trial.case(&[("x", floats(&[2]))]).run(subject);
    assert!(matches!(ran.outcome.load.status, Status::Refused { .. }), "{:?}", ran.outcome.load.status);
    assert_eq!(ran.status(0), &ran.outcome.load.status);
    assert_eq!(ran.advanced, 1, "a case that was never reached counts too");
    Answer::Kept
}

pub(crate) fn garbage(subject: &Subject) -> Answer {
    refused_load(subject, Trial::of(b"no model at all"))
}

pub(crate) fn truncated(subject: &Subject) -> Answer {
    let model = relu();
    refused_load(subject, Trial::of(&model[..model.len() / 2]))
}

pub(crate) fn missing_file(subject: &Subject) -> Answer {
    refused_load(
        subject,
        Trial::of(&relu()).with(|spec| spec.artifact = spec.artifact.with_extension("gone")),
    )
}

pub(crate) fn output_from_nowhere(subject: &Subject) -> Answer {
    let mut graph = single(Node::new("Relu", &["x"], "y"), Kind::shaped(FLOAT, &[2]));
    graph.outputs.push(("z", Kind::any(FLOAT)));
    refused_load(subject, Trial::of(&graph.model(21)))
}

pub(crate) fn input_from_nowhere(subject: &Subject) -> Answer {
    let graph = single(Node::new("Add", &["x", "nothing"], "y"), Kind::shaped(FLOAT, &[2]));
    refused_load(subject, Trial::of(&graph.model(21)))
}

/// Asserts that loading lacks something whose description holds `word`.
fn lacks(subject: &Subject, trial: Trial, word: &str) -> Answer {
    let ran = trial.case(&[("x", floats(&[2]))]).run(subject);
    match &ran.outcome.load.status {
        Status::Unsupported { what, hint } => {
            assert!(what.contains(word), "expected `{word}` in: {what}");
            assert!(!hint.is_empty(), "what is lacking comes with a way out");
        }
        other => panic!("expected something lacking, got {other:?}"),
    }
    assert_eq!(ran.status(0), &ran.outcome.load.status);
    Answer::Kept
}

pub(crate) fn unknown_operator(subject: &Subject) -> Answer {
    let graph = single(Node::new("Teleport", &["x"], "y"), Kind::shaped(FLOAT, &[2]));
    lacks(subject, Trial::of(&graph.model(21)), "operator Teleport")
}

pub(crate) fn custom_operator(subject: &Subject) -> Answer {
    let graph = single(Node::new("Fancy", &["x"], "y").of("com.example"), Kind::shaped(FLOAT, &[2]));
    lacks(subject, Trial::of(&graph.model(21)), "operator com.example:Fancy")
}

/// A custom operator that happens to have the name of a standard one is not the standard one.
pub(crate) fn custom_namesake(subject: &Subject) -> Answer {
    let graph = single(Node::new("Relu", &["x"], "y").of("com.example"), Kind::shaped(FLOAT, &[2]));
    lacks(subject, Trial::of(&graph.model(21)), "operator com.example:Relu")
}

pub(crate) fn unknown_operator_in_a_branch(subject: &Subject) -> Answer {
    let branch = |operator| Graph {
        nodes: vec![Node::new(operator, &["x"], "inner")],
        inputs: Vec::new(),
        outputs: vec![("inner", Kind::any(FLOAT))],
    };
    let node = Node::new("If", &["flag"], "y")
        .with(Attribute::Graph("then_branch", branch("Relu")))
        .with(Attribute::Graph("else_branch", branch("Teleport")));
    let mut graph = single(node, Kind::shaped(FLOAT, &[2]));
    graph.inputs.push(("flag", Kind::shaped(BOOL, &[])));
    lacks(subject, Trial::of(&graph.model(21)), "operator Teleport")
}

pub(crate) fn unknown_option(subject: &Subject) -> Answer {
    let option = |name: &str, value: &str| {
        let (name, value) = (name.to_owned(), value.to_owned());
        Trial::of(&relu()).with(move |spec| drop(spec.options.insert(name, value)))
    };
    lacks(subject, option("optimisation", "reckless"), "reckless");
    lacks(subject, option("fastmath", "on"), "fastmath")
}

pub(crate) fn unknown_device(subject: &Subject) -> Answer {
    lacks(subject, Trial::of(&relu()).with(|spec| spec.device = Device::Cuda(7)), "device")
}

/// An engine that says that it cannot widen does not run in the stored precision instead.
pub(crate) fn float64(subject: &Subject) -> Answer {
    let widens = subject.runner("run-unit").widens();
    let trial = Trial::of(&relu()).with(|spec| spec.precision = Precision::Float64);
    if !widens {
        return lacks(subject, trial, "float64");
    }
    let ran = trial.case(&[("x", floats(&[2]))]).run(subject);
    let wide = Tensor::from_f64(vec![2], &[1.0, 1.0]).expect("two elements");
    ran.gives(&[("y", Value::Tensor(wide))])
}
